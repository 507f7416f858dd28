"""Series that became others, seen with all those of their service.

redeclared    another unit or kind is declared
recounted     a counter counts no longer, or counts again
  redeclared_told  how both are told
rescaled      units that changed without a word at the same moment
schema        series that stopped when others began
  instances   those that ended, and were not replaced
"""
