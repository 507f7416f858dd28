"""An objective that is breached now: the one finding that needs no statistics."""

import math

from detectors.calibration import score_of
from domain.anomaly import Anomalous, Evidence, Normal, Verdict
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

NAME = "objective"
NINES = 9.0  # of a breach: an agreed limit outranks a statistical surprise
CALM = Normal(0.0)


class ObjectiveDetector:
    """Beyond the limit for ``for_s`` without a break; the first value inside ends it."""

    __slots__ = ("_best", "_key", "_since", "objective")

    def __init__(self, key: SeriesKey, objective: Objective) -> None:
        self._key = key
        self.objective = objective
        self._since = math.nan
        self._best = objective.limit  # the value furthest inside the limit so far: the other end of the expected range

    @property
    def beyond(self) -> bool:
        """Whether the newest value is beyond the limit, for however short a time."""
        return not math.isnan(self._since)

    @property
    def since(self) -> float:
        """Since when the value is beyond the limit; NaN when it is not."""
        return self._since

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:  # noqa: ARG002  # nothing is learnt
        """Compare the value with the limit."""
        limit = self.objective.limit
        if not (value > limit if self.objective.above else value < limit):
            self._since = math.nan
            self._best = min(self._best, value) if self.objective.above else max(self._best, value)
            return CALM
        if math.isnan(self._since):
            self._since = at
        if at - self._since < self.objective.for_s:
            return CALM
        low, high = min(limit, self._best), max(limit, self._best)
        score, side = score_of(NINES), "above" if self.objective.above else "below"
        evidence = Evidence(
            NAME, self._key, at, value, limit, low, high, score, self._since, f"objective breached: {side} {limit:g}"
        )
        return Anomalous(score, evidence)

    def snapshot(self) -> Plain:
        """Return since when the limit is exceeded, and the best value."""
        return [None if math.isnan(self._since) else self._since, self._best]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [None | float() | int() as since, float() | int() as best]:
                self._since, self._best = (math.nan if since is None else float(since)), float(best)
            case _:
                raise StateError("the saved state of an objective is damaged")
