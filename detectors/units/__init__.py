"""In what the values of a series are counted: as declared, and as they show it themselves.

measure       the declared unit and kind
counting      whether a declared counter counts
unit_jump     the unit changed without a word
  unit_doubt  the unit or the service: two explanations, weighed
  shape, lattice  what is weighed: how values vary, and the grain in which they are written
"""
