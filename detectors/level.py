"""Is this value usual here, now? Six residuals of one series, each against its own history, pooled.

The residuals: the value against a recent level; a faster against a slower level (drift); the value against the usual at
this time of the day, and the same with the day's own level taken out; the value against the usual at this hour of the
week, and the fast against the slow mean of that. The last four join in when their slot has been seen before.

Two questions are asked of them, and the answers averaged. How large is this, for this series? Each residual r is
divided by the long mean of its cubes, |r|^3 / mean(|r|^3); the mean over the six is the surprise T. Its own mean is at
most 1, so by Markov's inequality at most one sample in T reaches T, whatever the distribution; after n samples T is at
most n. And how long has there been nothing like it? The rarity of each residual beyond its largest of late (``tail``),
pooled by a power mean, in which several moderate rarities outweigh a single large one.

A rarity that keeps coming back is none: beyond a number of surprises within the memory of the tails, further ones
count for less, by the square of how often they come. A spike a day in five-minute data is quiet after some weeks.

Sources: exponentially weighted averages as in S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages",
Technometrics 1 (1959); the seasonal residuals as in P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving
Averages", Management Science 6 (1960); the tails as in ``tail``.
"""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import score_of
from detectors.profile import Profile
from detectors.tail import BLOCK, Tails
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

Share = Annotated[float, Field(gt=0, lt=1)]
LEAST = 1e-100  # divides where nothing was ever seen to move
ROUNDING = 1e-9  # a difference below this part of the value is the arithmetic's, not the service's
POWER = 0.7  # of a rarity in the pool; below 1, agreement counts for more
UNIT = 0.77  # nines per power of ten in both answers: the scale on which fusion sets its bars
REST = 7  # blocks in which further surprises are the same one
DAY_S, WEEK_S = 86400.0, 604800.0
DAY_SLOTS, WEEK_SLOTS = 96, 168
CALM = Normal(0.0)
SAYS = (
    "away from its recent level",
    "its recent level drifts",
    "unusual for this time of day",
    "unusual for this time of day, after the day's own level",
    "unusual for this hour of the week",
    "drifts away from what is usual in this hour of the week",
)


class LevelParams(BaseModel):
    """How the usual is learnt, and when a surprise is a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Share = Field(0.1, description="Share of the newest value in the recent level.")
    fast: Share = Field(0.3, description="Share of the newest value in the fast level, to see drifts.")
    slow: Share = Field(0.02, description="Share of the newest value in the slow level of seasonal residuals.")
    memory: Share = Field(0.0001, description="Share of the newest sample in what is usual for a residual.")
    per_day: Share = Field(0.2, description="Share of the newest day in the usual of a time of day.")
    per_week: Share = Field(0.3, description="Share of the newest week in the usual of an hour of the week.")
    warm_up: int = Field(100, ge=10, description="Samples before the first judgement, and before a residual counts.")
    clip: float = Field(20.0, gt=1, description="Residuals are learnt up to this many times their usual size.")
    suspect: float = Field(1.3, gt=0, description="Rarity (nines) from which a sample is a finding.")
    recall: int = Field(12_000, ge=100, description="Samples for which the largest residuals are remembered.")
    surprises: float = Field(
        16.0, gt=0, description="Surprises within that memory from which on further ones count for less."
    )


class LevelDetector:
    """See the module. State: five means, two profiles, six tails, and six moments with their counts."""

    __slots__ = (
        "_count", "_counts", "_daily", "_fast", "_key", "_level", "_moments", "_most", "_often", "_params", "_rest",
        "_since", "_slow", "_tails", "_weekly", "_weekly_fast", "_weekly_slow",
    )  # fmt: skip

    def __init__(self, key: SeriesKey, params: LevelParams) -> None:
        self._key = key
        self._params = params
        self._count = 0
        self._counts = [0] * len(SAYS)
        self._moments = [0.0] * len(SAYS)
        self._most = params.clip**3
        self._tails = Tails(len(SAYS), params.recall)
        self._often = 0.0  # surprises within the memory of the tails
        self._rest = 0  # blocks until another surprise is another one
        self._daily = Profile(DAY_S, DAY_SLOTS, params.per_day)
        self._weekly = Profile(WEEK_S, WEEK_SLOTS, params.per_week)
        self._level = self._fast = math.nan  # before the first value
        self._slow = self._weekly_fast = self._weekly_slow = 0.0
        self._since = math.nan  # start of the current run of findings

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:
        """Judge the value, then learn it, clipped."""
        if self._count == 0:
            if learn:
                self._start(at, value)
            return Warming(0.0)
        residuals = self._residuals(at, value, learn=learn)
        nines = self._rarity(residuals, learn=learn)
        if learn:
            self._count += 1
        if self._count <= self._params.warm_up:
            return Warming(min(1.0, self._count / self._params.warm_up))
        if nines > 0:
            nines = self._damped(nines, learn=learn)
        if nines < self._params.suspect:
            self._since = math.nan
            return CALM if nines <= 0 else Normal(score_of(nines))
        if math.isnan(self._since):
            self._since = at
        return self._found(at, value, residuals, score_of(nines))

    def _start(self, at: float, value: float) -> None:
        self._level = self._fast = value
        self._daily.compare(at, value, learn=True)
        self._weekly.compare(at, value, learn=True)
        self._count = 1

    def _residuals(self, at: float, value: float, *, learn: bool) -> tuple[float | None, ...]:
        params = self._params
        recent = self._level
        away = value - recent
        level = recent + params.level * away
        fast = self._fast + params.fast * (value - self._fast)
        drift = fast - level
        tiny = ROUNDING * (abs(value) + abs(recent))
        if -tiny <= away <= tiny:
            away = 0.0
        if -tiny <= drift <= tiny:
            drift = 0.0
        if learn:
            self._level, self._fast = level, fast
        day = self._daily.compare(at, value, learn=learn)
        week = self._weekly.compare(at, value, learn=learn)
        if day is None:
            return away, drift, None, None, week, None
        own = self._slow + params.slow * (day - self._slow)
        if learn:
            self._slow = own
        if week is None:
            return away, drift, day, day - own, None, None
        fast = self._weekly_fast + params.fast * (week - self._weekly_fast)
        slow = self._weekly_slow + params.slow * (week - self._weekly_slow)
        if learn:
            self._weekly_fast, self._weekly_slow = fast, slow
        return away, drift, day, day - own, week, fast - slow

    def _rarity(self, residuals: tuple[float | None, ...], *, learn: bool) -> float:
        """Return the nines of the residuals, and learn them."""
        params, moments, counts, tails = self._params, self._moments, self._counts, self._tails
        most, memory, warm_up = self._most, params.memory, params.warm_up
        floors, peaks = tails.floors, tails.peaks
        total = votes = 0.0
        for i, residual in enumerate(residuals):
            if residual is None:
                continue
            size = abs(residual)
            if size > floors[i]:
                votes += math.pow(tails.rarity(i, size), POWER)
            cube, usual, count = size * size * size, moments[i], counts[i]
            if count >= warm_up and cube > 0:
                if cube <= most * usual:
                    total += cube / usual
                else:
                    total += most
                    cube = most * usual or cube
            if learn:
                counts[i] = count = count + 1
                share = memory if count * memory > 1 else 1 / count
                moments[i] = usual + share * (cube - usual)
                if size > peaks[i]:  # noqa: PLR1730 - a call of max() on every residual of every sample costs more
                    peaks[i] = size
        if learn:
            tails.ticks += 1
            if tails.ticks == BLOCK:
                tails.close()
                self._often -= self._often * BLOCK / params.recall
                self._rest -= 1
        return self._pooled(total, votes) if votes > 0 or total > len(SAYS) else 0.0

    def _pooled(self, total: float, votes: float) -> float:
        """Return the nines of both answers together: the sum of the surprises, and of the rarities to their power."""
        surprise = min(total / len(SAYS), self._count)
        size = math.log10(surprise) if surprise > 1 else 0.0
        return UNIT * (size + math.pow(votes / len(SAYS), 1 / POWER))

    def _damped(self, nines: float, *, learn: bool) -> float:
        """Return what is left of the nines of a series that has surprised too often, and count this one."""
        often, allowed = self._often, self._params.surprises
        if learn and nines >= self._params.suspect and self._rest <= 0:
            self._often, self._rest = often + 1.0, REST
        return nines if often <= allowed else nines * (allowed / often) ** 2

    def _found(self, at: float, value: float, residuals: tuple[float | None, ...], score: float) -> Verdict:
        sizes = [
            0.0 if r is None or n < self._params.warm_up else abs(r) / max(m ** (1 / 3), LEAST)
            for r, m, n in zip(residuals, self._moments, self._counts, strict=True)
        ]
        lead = max(range(len(SAYS)), key=sizes.__getitem__)
        expected = value - (residuals[lead] or 0.0)
        usual = 2.0 * self._moments[lead] ** (1 / 3)
        side = "high" if value > expected else "low"
        evidence = Evidence(
            "level", self._key, at, value, expected, expected - usual, expected + usual, score, self._since,
            f"{side}: {SAYS[lead]}",
        )  # fmt: skip
        return Anomalous(score, evidence)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        since = None if math.isnan(self._since) else self._since
        levels = [self._level, self._fast] if self._count else None
        seasonal = [self._slow, self._weekly_fast, self._weekly_slow]
        profiles = [self._daily.snapshot(), self._weekly.snapshot()]
        often = [self._often, self._rest, self._tails.snapshot()]
        return [self._count, levels, seasonal, profiles, list(self._counts), list(self._moments), since, *often]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                int() as count, levels, [day, fast, slow], [daily, weekly], [*counts], [*moments], since,
                float() | int() as often, int() as rest, tails,
            ] if len(counts) == len(moments) == len(SAYS) and (levels is None) == (count == 0):  # fmt: skip
                self._often, self._rest = float(often), rest
                self._tails.restore(tails)
                self._count, self._counts, self._moments = count, list(counts), list(moments)
                self._since = math.nan if since is None else float(since)
                self._slow, self._weekly_fast, self._weekly_slow = float(day), float(fast), float(slow)
                self._daily.restore(daily)
                self._weekly.restore(weekly)
                self._level, self._fast = map(float, levels) if levels is not None else (math.nan, math.nan)
            case _:
                raise StateError("the saved state of a level detector is damaged")
