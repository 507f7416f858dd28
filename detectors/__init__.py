"""Online models: score, then learn. May import domain, river, numpy, pydantic. Event time only: no clock, no I/O.

The same samples in the same order give the same scores and the same anomalies with the same ids, on any machine,
before and after a restart.

The way of a sample; each package says at its own top which modules it has, in that order, too:

detection     a partition: takes samples, event time and declared events; gives scores and anomalies
arrival       how samples come in: as which values, how often, and when they no longer come
series        the series of the partition, each with one record of bytes
  base, registry, calibration  what a detector is; which ones there are; what their scores mean
values        is this value unusual, stuck, beyond a limit?
forecast      is it on its way to a limit?
units         in what is it counted?
services      what looks at several series of a service, and when they may learn
changes       series that became others
anomalies     from findings to at most one open anomaly of a service
incidents     what people declare, and which patterns of findings came before
params        what can be set of all of them
on_river      the detectors for users of River; nothing here uses it
"""
