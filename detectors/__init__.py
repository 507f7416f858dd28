"""Online models: score, then learn. May import domain, river, numpy, pydantic. Event time only: no clock, no I/O.

The same samples in the same order give the same scores and the same anomalies with the same ids, on any machine,
before and after a restart.

The way of a sample, with each module where it stands in it (``params`` has what can be set of all of them):

detection     a partition: takes samples, event time and declared events; gives scores and anomalies
  room          evicts series when there are too many
  patience      which service may be silent as a whole next
bank          the series of a partition, each with one record of bytes, and whether a score is news
  features      from samples to values: what is refused, and the rate of a counter
  cadence       how often the series speaks
  trace         its latest samples, for pictures
  siblings      what a new instance takes over from those before it
  whole         what is counted is expected at whole numbers
  base, registry, placed  what a detector is; which ones there are; where each keeps its part of a record

What judges one series; calibration says what the scores mean:
level         is this value usual, here and now?
  seasons, profile  the usual by the time of the day and the hour of the week
  tail          how rare is it beyond the largest of late?
  habit         what keeps coming is less and less of a surprise
  beginning, shift  cold starts; levels that move for good
  recurrence    what comes daily at its time is known
stuck         a value that no longer moves
objective     beyond a limit now
trend         on its way to one: by samples, and by means of them
  heading, ramp, steepness, peak  one of the two; lines and bends; usual slopes; the highest of late
  foretold      what became of earlier forecasts corrects the next

In what a series is counted:
measure       its declared unit and kind
  redeclared, recounted, counting, redeclared_told  another one is declared; a counter counts no longer; how it is told
unit_jump     its unit changed without a word
  unit_doubt, shape, lattice, rescaled  the evidence, of one series and of several

service       all that looks at several series of a service, and when they may learn (fused: what is found of them)
  agreement     unusual together
  silence, instances  samples that no longer come; instances that ended
  rhythms       slow series beside quick ones: until when nobody has to look at them for that
  schema        series that became others
  integrity     samples that cannot be used
  spans         declared incidents and maintenances

fusion        from findings to at most one open anomaly of a service
  findings, opened  what is found and foreseen, in order; what would be news of what is told
  selected      the same without the detectors that are switched off

precursor     which patterns of findings came before incidents; _river has the model
  trust, outlook  whether its record lets it speak; what it says

on_river      the detectors for users of River; nothing here uses it
"""
