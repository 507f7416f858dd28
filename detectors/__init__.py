"""Online models: score, then learn. May import domain, river, numpy, pydantic. Event time only: no clock, no I/O.

The same samples in the same order give the same scores and the same anomalies with the same ids, on any machine,
before and after a restart.
"""
