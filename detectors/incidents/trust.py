"""The model's own record, which decides whether it may speak: every prediction is held against what came, then learnt.

Two questions are kept apart, because they have two yardsticks:

- Does it tell patterns that precede incidents from those that do not? Its log loss is held against that of a forecaster
  that knows only the share of patterns that preceded one. Being right gives it the right to weigh in on a confidence.
- Does what it would have called come true, more often than by chance? Calls are counted one for each horizon, incidents
  once each, and the lower end of the interval of their share must lie in the upper half of what chance leaves open.
  Chance is the share of all time that precedes an incident: with incidents all day long nothing is foretold. How sure
  it must be for that differs from service to service, so each of a few bars has a record, and the lowest that has
  earned it counts.

Sources: A. P. Dawid, "Statistical theory: the prequential approach" (1984); E. B. Wilson (1927) for the interval.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import StateError
from domain.state import Plain

FADE_CALLS = 0.95  # about the last 20 calls count
FADE_LOSS = 0.995  # about the last 200 patterns
CERTAINTY = 1.645  # standard errors: one side of the interval is 95 % sure
RECENT = 5  # incidents whose rate chance is not below either
SKILL = 0.1  # share by which its loss must be smaller
LEAST_INCIDENTS = 3  # with a pattern before them
LEAST = 1e-6  # a probability is kept so far from 0 and 1, so that one mistake is finite
BARS = (0.0, 0.5, 0.75)  # of the way from the probability that is asked for to certainty


def loss(probability: float, *, came: bool) -> float:
    """Return the log loss of a prediction."""
    return -math.log(max(LEAST, probability if came else 1.0 - probability))


def at_least(hits: float, calls: float) -> float:
    """Return the lower end of Wilson's interval for a share; 0 without any calls."""
    if calls <= 0:
        return 0.0
    share, square = hits / calls, CERTAINTY**2
    spread = CERTAINTY * math.sqrt(share * (1 - share) / calls + square / (4 * calls**2))
    return (share + square / (2 * calls) - spread) / (1 + square / calls)


class Earned(NamedTuple):
    """From which probability on incidents may be foretold, and which share of such calls was right."""

    bar: float
    share_right: float


class Calls:
    """What became of the calls at one bar. State: two fading counts, and the calls that wait for their incident."""

    __slots__ = ("_horizon_s", "_waiting", "hits", "misses")

    def __init__(self, horizon_s: float) -> None:
        self._horizon_s = horizon_s
        self._waiting: list[float] = []
        self.hits, self.misses = 0.0, 0.0

    @property
    def share_right(self) -> float:
        """The share of calls that came true, counting one that did and one that did not for nothing."""
        return (self.hits + 1) / (self.hits + self.misses + 2)

    def call(self, at: float) -> None:
        """Note that an incident is foretold; one call stands for a whole horizon."""
        if not self._waiting or at >= self._waiting[-1] + self._horizon_s:
            self._waiting.append(at)

    def happened(self, at: float) -> None:
        """Let the call that stood before an incident come true."""
        call = next((call for call in self._waiting if call < at <= call + self._horizon_s), None)
        if call is not None:
            self._settle(call, came=True)

    def answered(self, at: float, *, came: bool) -> None:
        """Count the call that stood at that time, if it still waits, as a person says."""
        call = next((call for call in self._waiting if call <= at <= call + self._horizon_s), None)
        if call is not None:
            self._settle(call, came=came)

    def expire(self, before: float) -> None:
        """Count the calls made before that time as wrong: nothing came."""
        for call in [call for call in self._waiting if call < before]:
            self._settle(call, came=False)

    def _settle(self, call: float, *, came: bool) -> None:
        self._waiting.remove(call)
        self.hits, self.misses = FADE_CALLS * self.hits + came, FADE_CALLS * self.misses + (not came)

    def snapshot(self) -> Sequence[Plain]:
        """Return the whole state as plain data."""
        return [self.hits, self.misses, list(self._waiting)]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [float() | int() as hits, float() | int() as misses, [*waiting]]:
                self.hits, self.misses = float(hits), float(misses)
                self._waiting = _numbers(waiting)
            case _:
                raise StateError("the saved record of calls is damaged")


class Trust:
    """How well the predictions for one service have done. State: a few sums, and the calls at each bar."""

    __slots__ = ("_began_at", "_covered_s", "_horizon_s", "_incidents", "_model", "_rate", "_seen", "calls", "preceded")

    def __init__(self, horizon_s: float, sure: float) -> None:
        self._horizon_s = horizon_s
        self._began_at: float | None = None
        self._covered_s = 0.0  # of time that preceded an incident
        self._incidents: list[float] = []  # the latest few
        self._model, self._rate = 0.0, 0.0  # losses, fading
        self._seen = [0.0, 0.0]  # patterns that preceded none, and that preceded one, fading
        self.calls = {sure + bar * (1.0 - sure): Calls(horizon_s) for bar in BARS}
        self.preceded = 0  # incidents that had a pattern before them

    def begin(self, at: float) -> None:
        """Note when watching began."""
        if self._began_at is None:
            self._began_at = at

    def chance(self, at: float) -> float:
        """Return the share of time that precedes an incident: of all time, or of late, whichever is larger."""
        if self._began_at is None or not self._incidents:
            return 0.0
        watched_s = max(at - self._began_at, self._horizon_s)
        since = self._incidents[0] if len(self._incidents) == RECENT else self._began_at
        late_s = max(at - since, self._horizon_s)
        return min(1.0, max(self._covered_s / watched_s, len(self._incidents) * self._horizon_s / late_s))

    @property
    def may_weigh(self) -> bool:
        """Whether it has shown that it tells one pattern from another."""
        return self.preceded >= LEAST_INCIDENTS and self._model < (1 - SKILL) * self._rate

    def earned(self, at: float) -> Earned | None:
        """Return the lowest bar at which what it would have called has come true, more than by chance, if any."""
        least = 0.5 + 0.5 * self.chance(at)
        for bar, calls in self.calls.items():
            if at_least(calls.hits, calls.hits + calls.misses) >= least:
                return Earned(bar, calls.share_right)
        return None

    def score(self, probability: float, *, came: bool) -> None:
        """Hold a prediction that was made before against what came."""
        rate = (self._seen[1] + 0.5) / (sum(self._seen) + 1.0)
        self._model = FADE_LOSS * self._model + loss(probability, came=came)
        self._rate = FADE_LOSS * self._rate + loss(rate, came=came)
        self._seen = [FADE_LOSS * count for count in self._seen]
        self._seen[came] += 1.0

    def call(self, at: float, probability: float) -> None:
        """Note that an incident would be foretold, at every bar that the probability reaches."""
        for bar, calls in self.calls.items():
            if probability >= bar:
                calls.call(at)

    def happened(self, at: float) -> None:
        """Note an incident: the calls that stood come true."""
        self.begin(at)
        before = max((known for known in self._incidents if known <= at), default=self._began_at)
        self._covered_s += max(0.0, min(self._horizon_s, at - before)) if before is not None else 0.0
        self._incidents = [*self._incidents, at][-RECENT:]
        for calls in self.calls.values():
            calls.happened(at)

    def answered(self, at: float, *, came: bool) -> None:
        """Count the calls that stood at that time, and still wait, as a person says."""
        for calls in self.calls.values():
            calls.answered(at, came=came)

    def expire(self, before: float) -> None:
        """Count the calls made before that time as wrong: nothing came."""
        for calls in self.calls.values():
            calls.expire(before)

    def snapshot(self) -> Sequence[Plain]:
        """Return the whole state as plain data."""
        sums = [self._covered_s, self._model, self._rate, *self._seen]
        calls = [[bar, calls.snapshot()] for bar, calls in self.calls.items()]
        return [self._began_at, sums, list(self._incidents), self.preceded, calls]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; calls at bars that are not asked for any more are forgotten."""
        match state:
            case [None | float() | int() as began, [_, _, _, _, _] as sums, [*incidents], int() as preceded, [*rows]]:
                self._began_at = None if began is None else float(began)
                self._covered_s, self._model, self._rate, *self._seen = _numbers(sums)
                self._incidents = _numbers(incidents)
                self.preceded = preceded
            case _:
                raise StateError("the saved record of learnt patterns is damaged")
        for row in rows:
            match row:
                case [float() | int() as bar, saved]:
                    if bar in self.calls:
                        self.calls[bar].restore(saved)
                case _:
                    raise StateError("the saved record of calls is damaged")


def _numbers(saved: Sequence[Plain]) -> list[float]:
    numbers = [float(each) for each in saved if isinstance(each, float | int)]
    if len(numbers) < len(saved):
        raise StateError("the saved record of learnt patterns is damaged")
    return numbers
