"""How samples come in: as which values, how often, and what it means when they no longer come.

features      from samples to values: what is refused, and the rate of a counter
integrity     samples that cannot be used, many more than is usual
cadence       how often a series speaks, and how long it may be quiet
silence       samples that no longer come, of a series or of a whole service
  rhythms     slow series beside quick ones: until when nobody has to look at them for that
"""
