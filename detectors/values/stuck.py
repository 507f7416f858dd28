"""A value that no longer moves although it always did: a dead exporter, a cached answer, a frozen gauge.

A run of equal values is a finding when it is improbable for this series (by how often its value repeats) and far
longer than the longest run that is usual. What was a finding is no measure of that: to be found, the next run must be
longer, but not far longer. Thus a second fault is not hidden by the first, and a calm night is not told every night.

A run is counted, and found, also while nothing may be learnt: an incident elsewhere is no reason not to see it. One
that has seen such a time is no measure of what is usual, however it goes on.
"""

import math
from struct import Struct

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import CALM, score_of
from domain.anomaly import Anomalous, Evidence, Verdict, Warming
from domain.identity import SeriesKey

SHARE = 0.01  # of the newest sample in the rate of repeats
LEAST = 1e-3  # share of repeats that is assumed of a series that never repeats
RAREST = 11.0  # nines; a run never counts as rarer: who has nothing to do stands still, too, so nothing critical
REST = 1.0 - SHARE
# Last value, when it first came, share of repeats; samples, run (below zero: not to be learnt), longest usual run.
RECORD = Struct("@3dIiI")
_read, _write = RECORD.unpack_from, RECORD.pack_into


class StuckParams(BaseModel):
    """When a value that does not move is a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    warm_up: int = Field(100, ge=10, description="Samples before the first judgement.")
    shortest: int = Field(20, ge=3, description="Equal values in a row before anything is said.")
    beyond: float = Field(3.0, gt=1, description="How many times longer than the longest usual run.")
    nines: float = Field(9.0, gt=0, description="Improbability of the run, as powers of ten.")


class StuckDetector:
    """See the module. A series counts as still until it is seen to move."""

    def __init__(self, params: StuckParams, place: int = 0) -> None:
        self._params, self._warm_up = params, params.warm_up
        self._place = place
        self.fresh = RECORD.pack(math.nan, math.nan, 1.0, 0, 1, 1)

    def observe(self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool) -> Verdict:
        """Count the run of equal values."""
        last, since, repeats, count, run, longest = _read(record, self._place)
        if value != last:
            if learn:
                if count:
                    if run > longest:
                        longest = self._usual(run, longest, count, repeats)
                    repeats *= REST
                count += 1
            _write(record, self._place, value, at, repeats, count, 1 if learn else -1, longest)
            return CALM if count > self._warm_up else self._calm(count)
        usual, run = learn and run > 0, abs(run) + 1
        count += learn
        score = self._score(run, longest, count, repeats)
        if learn and score == 0:
            repeats = SHARE + (1.0 - SHARE) * repeats
        _write(record, self._place, last, since, repeats, count, run if usual else -run, longest)
        if score == 0:
            return self._calm(count)
        detail = f"the same value {run} times in a row; usually at most {longest}"
        return Anomalous(score, Evidence("stuck", key, at, value, value, value, value, score, since, detail))

    def _usual(self, run: int, longest: int, count: int, repeats: float) -> int:
        """Return the longest usual run after a longer one; if that was found, another must be longer than it to be."""
        found = self._score(run, longest, count, repeats) > 0
        return math.ceil(run / self._params.beyond) if found else run

    def _calm(self, count: int) -> Verdict:
        return CALM if count > self._params.warm_up else Warming(count / self._params.warm_up)

    def _score(self, run: int, longest: int, count: int, repeats: float) -> float:
        """Return the score of a run, 0 when it is no finding."""
        params = self._params
        if run < params.shortest or run <= params.beyond * longest or count <= params.warm_up:
            return 0.0
        nines = min(RAREST, -run * math.log10(max(LEAST, repeats)))
        return 0.0 if nines < params.nines else score_of(nines)
