"""An objective that is breached now: the one finding that needs no statistics.

Latencies and shares of errors of a service in trouble jump about: of real and simulated breaches that clients felt, a
third never had ten seconds without a single good one. So a passage of the limit goes on until good time has taken back
what bad time gave, of which half of the objective's ``for`` counts at most.
"""

import math

from detectors.calibration import CALM, score_of
from domain.anomaly import Anomalous, Evidence, Verdict
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

NAME = "objective"
NINES = 9.0  # of a breach: an agreed limit outranks a statistical surprise


class ObjectiveDetector:
    """Beyond the limit now, and since at least ``for_s`` at least as often as not."""

    __slots__ = ("_at", "_balance_s", "_best", "_key", "_since", "beyond", "objective")

    def __init__(self, key: SeriesKey, objective: Objective) -> None:
        self._key = key
        self.objective = objective
        self._since = math.nan
        self._at = math.nan  # of the newest value
        self._balance_s = 0.0  # of the passage: time beyond less time inside
        self.beyond = False  # whether the newest value is beyond the limit, for however short a time
        self._best = objective.limit  # the value furthest inside the limit so far: the other end of the expected range

    @property
    def passed(self) -> bool:
        """Whether a passage of the limit goes on, also if the newest value is a good one."""
        return not math.isnan(self._since)

    @property
    def since(self) -> float:
        """Since when the limit is passed; NaN when it is not."""
        return self._since

    def passes(self, value: float) -> bool:
        """Whether a value is beyond the limit."""
        goal = self.objective
        return value > goal.limit if goal.above else value < goal.limit

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:  # noqa: ARG002  # nothing is learnt
        """Compare the value with the limit."""
        goal = self.objective
        self.beyond = self.passes(value)
        gap_s, self._at = at - self._at, at
        if not self.beyond:
            self._best = min(self._best, value) if goal.above else max(self._best, value)
            self._balance_s -= gap_s
            if not self._balance_s >= 0:
                self._since, self._balance_s = math.nan, 0.0
            return CALM
        if math.isnan(self._since):
            self._since = at
        if gap_s > 0:  # not at the very first sample
            self._balance_s = min(self._balance_s + gap_s, goal.for_s / 2)
        return self._breached(at, value) if at - self._since >= goal.for_s else CALM

    def _breached(self, at: float, value: float) -> Anomalous:
        limit = self.objective.limit
        low, high = min(limit, self._best), max(limit, self._best)
        score, side = score_of(NINES), "above" if self.objective.above else "below"
        evidence = Evidence(
            NAME, self._key, at, value, limit, low, high, score, self._since, f"objective breached: {side} {limit:g}"
        )
        return Anomalous(score, evidence)

    def snapshot(self) -> Plain:
        """Return since when the limit is passed, the best value, and of the newest: when, beyond, and the balance."""
        since, at = (None if math.isnan(time) else time for time in (self._since, self._at))
        return [since, self._best, at, self.beyond, self._balance_s]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                None | float() | int() as since, float() | int() as best, None | float() | int() as at,
                bool() as beyond, float() | int() as balance_s,
            ]:  # fmt: skip
                self._since, self._at = (math.nan if time is None else float(time) for time in (since, at))
                self._best, self.beyond, self._balance_s = float(best), beyond, float(balance_s)
            case _:
                raise StateError("the saved state of an objective is damaged")
