"""What people declare: when nothing is learnt, and what is learnt from it.

spans         declared incidents and maintenances
precursor     which patterns of findings came before incidents
  trust       whether its record lets it speak
  _river      the model
"""
