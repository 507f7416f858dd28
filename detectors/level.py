"""Is this value usual here, now? Six residuals of one series, each against its own history, pooled.

The residuals: the value against a recent level; a faster against a slower level (drift); the value against the usual at
this time of the day, and the same with the day's own level taken out; the value against the usual at this hour of the
week, and the fast against the slow mean of that. The last four join in when their slot has been seen before.

Each residual r is divided by the long mean of its cubes: |r|^3 / mean(|r|^3). The third moment, unlike a variance,
grows with rare large values, so a series that is wild by nature sets its own bar high. The mean over the six is the
surprise T. Because the long-run mean of T is at most 1, Markov's inequality bounds how often it is large without any
assumption about the distribution: at most one sample in T has a surprise of T or more. The score is 1 - 1/T, the same
on every series. After n samples T is at most n: less history cannot support a stronger claim.

Sources: exponentially weighted averages as in S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages",
Technometrics 1 (1959); the seasonal residuals as in P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving
Averages", Management Science 6 (1960).
"""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detectors._river import FadingMean, fading_mean
from detectors.profile import Profile
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

Share = Annotated[float, Field(gt=0, lt=1)]
LEAST = 1e-100  # divides where nothing was ever seen to move
ROUNDING = 1e-9  # a difference below this part of the value is the arithmetic's, not the service's
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
    suspect: float = Field(20.0, ge=1, description="Surprise from which a sample is a finding.")


class LevelDetector:
    """See the module. State: five means, two profiles, and six moments with their counts."""

    __slots__ = (
        "_count", "_counts", "_daily", "_fast", "_key", "_level", "_moments", "_most", "_params", "_since", "_slow",
        "_weekly", "_weekly_fast", "_weekly_slow",
    )  # fmt: skip

    def __init__(self, key: SeriesKey, params: LevelParams) -> None:
        self._key = key
        self._params = params
        self._count = 0
        self._counts = [0] * len(SAYS)
        self._moments = [0.0] * len(SAYS)
        self._most = params.clip**3
        self._daily = Profile(DAY_S, DAY_SLOTS, params.per_day)
        self._weekly = Profile(WEEK_S, WEEK_SLOTS, params.per_week)
        self._level: FadingMean | None = None
        self._fast: FadingMean
        self._slow = fading_mean(params.slow, 0.0)
        self._weekly_fast = fading_mean(params.fast, 0.0)
        self._weekly_slow = fading_mean(params.slow, 0.0)
        self._since = math.nan  # start of the current run of findings

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:
        """Judge the value, then learn it, clipped."""
        if self._level is None:
            if learn:
                self._start(at, value)
            return Warming(0.0)
        residuals = self._residuals(at, value, self._level, learn=learn)
        surprise = self._surprise(residuals, learn=learn)
        if self._count < self._params.warm_up:
            if learn:
                self._count += 1
            return Warming(self._count / self._params.warm_up)
        if surprise < self._params.suspect:
            self._since = math.nan
            return CALM if surprise <= 1 else Normal(1 - 1 / surprise)
        if math.isnan(self._since):
            self._since = at
        return self._found(at, value, residuals, 1 - 1 / surprise)

    def _start(self, at: float, value: float) -> None:
        self._level = fading_mean(self._params.level, value)
        self._fast = fading_mean(self._params.fast, value)
        self._daily.compare(at, value, learn=True)
        self._weekly.compare(at, value, learn=True)
        self._count = 1

    def _residuals(self, at: float, value: float, level: FadingMean, *, learn: bool) -> tuple[float | None, ...]:
        params = self._params
        recent, fast = level.get(), self._fast.get()
        away = value - recent
        drift = (fast + params.fast * (value - fast)) - (recent + params.level * away)
        tiny = ROUNDING * (abs(value) + abs(recent))
        if -tiny <= away <= tiny:
            away = 0.0
        if -tiny <= drift <= tiny:
            drift = 0.0
        if learn:
            level.update(value)
            self._fast.update(value)
        day = self._daily.compare(at, value, learn=learn)
        week = self._weekly.compare(at, value, learn=learn)
        if day is None:
            return away, drift, None, None, week, None
        own = self._slow.get()
        if learn:
            self._slow.update(day)
        above = (day - own) * (1.0 - params.slow)
        if week is None:
            return away, drift, day, above, None, None
        fast, slow = self._weekly_fast.get(), self._weekly_slow.get()
        if learn:
            self._weekly_fast.update(week)
            self._weekly_slow.update(week)
        moved = (fast + params.fast * (week - fast)) - (slow + params.slow * (week - slow))
        return away, drift, day, above, week, moved

    def _surprise(self, residuals: tuple[float | None, ...], *, learn: bool) -> float:
        params, moments, counts = self._params, self._moments, self._counts
        most, memory, warm_up = self._most, params.memory, params.warm_up
        total = 0.0
        for i, residual in enumerate(residuals):
            if residual is None:
                continue
            cube, usual, count = abs(residual * residual * residual), moments[i], counts[i]
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
        surprise = total / len(SAYS)
        return surprise if surprise < self._count else float(self._count)

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
        levels = None if self._level is None else [self._level.get(), self._fast.get()]
        seasonal = [mean.get() for mean in (self._slow, self._weekly_fast, self._weekly_slow)]
        profiles = [self._daily.snapshot(), self._weekly.snapshot()]
        return [self._count, levels, seasonal, profiles, list(self._counts), list(self._moments), since]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as count, levels, [day, fast, slow], [daily, weekly], [*counts], [*moments], since] if (
                len(counts) == len(moments) == len(SAYS)
            ):
                params = self._params
                self._count, self._counts, self._moments = count, list(counts), list(moments)
                self._since = math.nan if since is None else float(since)
                self._slow = fading_mean(params.slow, day)
                self._weekly_fast, self._weekly_slow = fading_mean(params.fast, fast), fading_mean(params.slow, slow)
                self._daily.restore(daily)
                self._weekly.restore(weekly)
                self._level = None
                if levels is not None:
                    self._level = fading_mean(params.level, levels[0])
                    self._fast = fading_mean(params.fast, levels[1])
            case _:
                raise StateError("the saved state of a level detector is damaged")
