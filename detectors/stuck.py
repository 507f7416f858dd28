"""A value that no longer moves although it always did: a dead exporter, a cached answer, a frozen gauge.

A run of equal values is a finding when it is improbable for this series (by how often its value repeats) and far
longer than the longest run that it has shown before.
"""

import math

from pydantic import BaseModel, ConfigDict, Field

from detectors._river import FadingMean, fading_mean
from detectors.calibration import score_of
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

SHARE = 0.01  # of the newest sample in the rate of repeats
LEAST = 1e-3  # share of repeats that is assumed of a series that never repeats
RAREST = 12.0  # nines; a run never counts as rarer
CALM = Normal(0.0)


class StuckParams(BaseModel):
    """When a value that does not move is a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    warm_up: int = Field(100, ge=10, description="Samples before the first judgement.")
    shortest: int = Field(20, ge=3, description="Equal values in a row before anything is said.")
    beyond: float = Field(3.0, gt=1, description="How many times longer than the longest run seen before.")
    nines: float = Field(9.0, gt=0, description="Improbability of the run, as powers of ten.")


class StuckDetector:
    """See the module. State: the last value, the run, the longest run, the rate of repeats."""

    __slots__ = ("_count", "_key", "_last", "_longest", "_params", "_repeats", "_run", "_since")

    def __init__(self, key: SeriesKey, params: StuckParams) -> None:
        self._key = key
        self._params = params
        self._count = 0
        self._last = math.nan
        self._run = 1  # equal values up to now
        self._longest = 1
        self._repeats: FadingMean = fading_mean(SHARE, 1.0)  # a series is still until it is seen to move
        self._since = math.nan

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:
        """Count the run of equal values."""
        if value != self._last:
            return self._moved(at, value, learn=learn)
        if not learn:
            return self._judge(at, value, self._run + 1)
        self._count += 1
        self._run += 1
        verdict = self._judge(at, value, self._run)
        if not isinstance(verdict, Anomalous):
            self._repeats.update(1.0)
        return verdict

    def _moved(self, at: float, value: float, *, learn: bool) -> Verdict:
        if learn:
            if self._count:
                self._repeats.update(0.0)
                self._longest = max(self._longest, self._run)
            self._count += 1
            self._run, self._last, self._since = 1, value, at
        return CALM if self._count > self._params.warm_up else self._calm()

    def _calm(self) -> Verdict:
        return CALM if self._count > self._params.warm_up else Warming(self._count / self._params.warm_up)

    def _judge(self, at: float, value: float, run: int) -> Verdict:
        params = self._params
        if run < params.shortest or run <= params.beyond * self._longest or self._count <= params.warm_up:
            return self._calm()
        repeats = max(LEAST, self._repeats.get())
        nines = min(RAREST, -run * math.log10(repeats))
        if nines < params.nines:
            return CALM
        score = score_of(nines)
        detail = f"the same value {run} times in a row; at most {self._longest} before"
        return Anomalous(
            score, Evidence("stuck", self._key, at, value, value, value, value, score, self._since, detail)
        )

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        last, since = (None if math.isnan(x) else x for x in (self._last, self._since))
        return [self._count, last, self._run, self._longest, self._repeats.get(), since]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as count, last, int() as run, int() as longest, float() as repeats, since]:
                self._count, self._run, self._longest = count, run, longest
                self._last, self._since = (math.nan if x is None else float(x) for x in (last, since))
                self._repeats = fading_mean(SHARE, repeats)
            case _:
                raise StateError("the saved state of a stuck detector is damaged")
