"""Online models: score, then learn. May import domain, river, numpy, pydantic. Event time only: no clock, no I/O."""
