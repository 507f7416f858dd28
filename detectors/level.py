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
from collections.abc import Sequence
from struct import Struct
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import score_of
from detectors.profile import Profile
from detectors.tail import BLOCK, FADE_EVERY, LARGEST, Tails
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.identity import SeriesKey

Share = Annotated[float, Field(gt=0, lt=1)]
LEAST = 1e-100  # divides where nothing was ever seen to move
ROUNDING = 1e-9  # a difference below this part of the value is the arithmetic's, not the service's
POWER = 0.7  # of a rarity in the pool; below 1, agreement counts for more
UNIT = 0.77  # nines per power of ten in both answers: the scale on which fusion sets its bars
REST = 7  # blocks in which further surprises are the same one
QUARTER_S, HOUR_S = 900.0, 3600.0
DAY_SLOTS, WEEK_SLOTS = 96, 168
NEVER = -math.inf
CALM = Normal(0.0)
SAYS = (
    "away from its recent level",
    "its recent level drifts",
    "unusual for this time of day",
    "unusual for this time of day, after the day's own level",
    "unusual for this hour of the week",
    "drifts away from what is usual in this hour of the week",
)
NUMBER = len(SAYS)

# The record of a series. A sample reads MODEL, LOOKUP and the floors of the tails at once, and writes MODEL; the rest
# is for the turn of a quarter of an hour, the end of a block, and surprises.
MODEL = Struct("@12d4I")  # 5 levels, sum of the quarter; 6 moments; samples: all, known by day, by week, of the quarter
LOOKUP = Struct("@3d2fI")  # since when findings; first value; end of the quarter; usual by day, by week; residuals
READ = Struct(f"{MODEL.format}{LOOKUP.format[1:]}6f")  # with the floors
PEAKS = Struct("@6f")  # the largest of this block that is beyond the floor
HOUR = Struct("@2dI")  # first time; sum and count of the hour up to the current quarter
OFTEN = Struct("@dI")  # surprises within the memory of the tails; blocks until another surprise is another one
TIME = Struct("@d")
SIZE = Struct("@f")
NO_PEAKS = (-1.0,) * NUMBER
ROUNDED_UP = 1.0 + 2.0**-23  # a size in single precision, so that no size passes itself
_Numbers: TypeAlias = tuple[Any, ...]  # what READ gives
QUARTER, MOMENTS, SEEN, COUNT, SINCE, END, DAY, WEEK, FLOORS = 5, 6, 12, 15, 16, 18, 19, 20, 22


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
    """See the module."""

    def __init__(self, params: LevelParams, place: int = 0) -> None:
        self._params = params
        self._shares = (params.level, params.fast, params.slow, params.memory)
        self._most, self._suspect, self._warm_up = params.clip**3, params.suspect, params.warm_up
        self._place = place
        self._lookup = place + MODEL.size
        self._tails = Tails(NUMBER, params.recall, self._lookup + LOOKUP.size)
        self._peaks = self._lookup + LOOKUP.size + len(self._tails.fresh)
        self._hour = self._peaks + PEAKS.size
        self._often = self._hour + HOUR.size
        slots = self._often + OFTEN.size
        self._daily = Profile(QUARTER_S, DAY_SLOTS, params.per_day, slots)
        self._weekly = Profile(HOUR_S, WEEK_SLOTS, params.per_week, slots + len(self._daily.fresh))
        self.fresh = b"".join((
            MODEL.pack(*[0.0] * 12, *[0] * 4), LOOKUP.pack(NEVER, 0.0, 0.0, math.nan, math.nan, 2), self._tails.fresh,
            PEAKS.pack(*NO_PEAKS), HOUR.pack(0.0, 0.0, 0), OFTEN.pack(0.0, 0), self._daily.fresh, self._weekly.fresh,
        ))  # fmt: skip

    def observe(self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool) -> Verdict:
        """Judge the value, then learn it, clipped."""
        numbers = READ.unpack_from(record, self._place)
        seen, since = numbers[SEEN], numbers[SINCE]
        if seen == 0:
            if learn:
                self._start(record, at, value)
            return Warming(0.0)
        if at >= numbers[END]:
            numbers = self._turn(record, at, numbers, learn=learn)
        nines, residuals = self._judge(record, value, numbers, learn=learn)
        if seen + learn <= self._warm_up:
            return Warming(min(1.0, (seen + learn) / self._warm_up))
        if nines > 0:
            nines = self._damped(record, nines, learn=learn)
        if nines < self._suspect:
            if since != NEVER:
                TIME.pack_into(record, self._lookup, NEVER)
            return CALM if nines <= 0 else Normal(score_of(nines))
        if since == NEVER:
            TIME.pack_into(record, self._lookup, since := at)
        return self._found(record, key, at, value, since, score_of(nines), residuals)

    def _start(self, record: bytearray, at: float, value: float) -> None:
        until = at - at % QUARTER_S + QUARTER_S
        MODEL.pack_into(record, self._place, value, value, *[0.0] * 10, 1, 0, 0, 1)
        LOOKUP.pack_into(record, self._lookup, NEVER, value, until, math.nan, math.nan, 2)
        HOUR.pack_into(record, self._hour, at, 0.0, 0)

    def _turn(self, record: bytearray, at: float, numbers: _Numbers, *, learn: bool) -> _Numbers:
        """Leave a quarter of an hour: learn what it was like, and look up what is usual in the one that begins."""
        since, first, until, day, week, _ = numbers[SINCE:FLOORS]
        left, total, count = until - QUARTER_S, numbers[QUARTER], numbers[COUNT]
        new_hour = at // HOUR_S != left // HOUR_S
        if learn:
            began_at, hour_total, hour_count = HOUR.unpack_from(record, self._hour)
            self._daily.learn(record, left, day, total / count, began_at)
            hour_total, hour_count, total, count = hour_total + total, hour_count + count, 0.0, 0
            if new_hour:
                self._weekly.learn(record, left, week, hour_total / hour_count, began_at)
                hour_total, hour_count = 0.0, 0
            HOUR.pack_into(record, self._hour, began_at, hour_total, hour_count)
        day = self._daily.usual(record, at)
        if new_hour:
            week = self._weekly.usual(record, at)
        allowed = 2 if math.isnan(day) else 4 if math.isnan(week) else NUMBER
        found = (since, first, at - at % QUARTER_S + QUARTER_S, day, week, allowed)
        if learn:
            LOOKUP.pack_into(record, self._lookup, *found)
        return (*numbers[:QUARTER], total, *numbers[MOMENTS:COUNT], count, *found, *numbers[FLOORS:])

    def _judge(  # noqa: C901, PLR0912, PLR0915 - six residuals in a row; a call or a loop for each takes 0.7 us more
        self, record: bytearray, value: float, numbers: _Numbers, *, learn: bool
    ) -> tuple[float, tuple[float, ...]]:
        """Return the nines of the value and its residuals; learn all of it."""
        (
            level, fast, slow, weekly_fast, weekly_slow, quarter, m0, m1, m2, m3, m4, m5, seen, by_day, by_week, count,
            _, first, _, usual_by_day, usual_by_week, allowed, f0, f1, f2, f3, f4, f5,
        ) = numbers  # fmt: skip
        (to_level, to_fast, to_slow, memory), most, enough = self._shares, self._most, self._warm_up
        total = votes = 0.0
        away = value - level
        tiny = ROUNDING * (abs(value) + abs(level))
        level += to_level * away
        fast += to_fast * (value - fast)
        drift = fast - level
        if -tiny <= away <= tiny:
            away = 0.0
        if -tiny <= drift <= tiny:
            drift = 0.0
        residuals: tuple[float, ...] = (away, drift)
        share = memory if seen * memory > 1 else 1.0 / seen
        size = -away if away < 0 else away
        if size > f0:
            votes += self._vote(record, 0, size, seen, learn=learn)
        cube, usual = size * size * size, m0
        if seen > enough:
            if cube > most * usual:
                total, cube = total + most, most * usual or cube
            elif cube > 0:
                total += cube / usual
        m0 = usual + share * (cube - usual)
        size = -drift if drift < 0 else drift
        if size > f1:
            votes += self._vote(record, 1, size, seen, learn=learn)
        cube, usual = size * size * size, m1
        if seen > enough:
            if cube > most * usual:
                total, cube = total + most, most * usual or cube
            elif cube > 0:
                total += cube / usual
        m1 = usual + share * (cube - usual)
        value -= first
        if allowed > 2:
            day = value - usual_by_day
            slow += to_slow * (day - slow)
            own = day - slow
            residuals = (away, drift, day, own)
            by_day += 1
            share = memory if by_day * memory > 1 else 1.0 / by_day
            size = -day if day < 0 else day
            if size > f2:
                votes += self._vote(record, 2, size, by_day, learn=learn)
            cube, usual = size * size * size, m2
            if by_day > enough:
                if cube > most * usual:
                    total, cube = total + most, most * usual or cube
                elif cube > 0:
                    total += cube / usual
            m2 = usual + share * (cube - usual)
            size = -own if own < 0 else own
            if size > f3:
                votes += self._vote(record, 3, size, by_day, learn=learn)
            cube, usual = size * size * size, m3
            if by_day > enough:
                if cube > most * usual:
                    total, cube = total + most, most * usual or cube
                elif cube > 0:
                    total += cube / usual
            m3 = usual + share * (cube - usual)
        if allowed == NUMBER:
            week = value - usual_by_week
            weekly_fast += to_fast * (week - weekly_fast)
            weekly_slow += to_slow * (week - weekly_slow)
            shift = weekly_fast - weekly_slow
            residuals = (*residuals, week, shift)
            by_week += 1
            share = memory if by_week * memory > 1 else 1.0 / by_week
            size = -week if week < 0 else week
            if size > f4:
                votes += self._vote(record, 4, size, by_week, learn=learn)
            cube, usual = size * size * size, m4
            if by_week > enough:
                if cube > most * usual:
                    total, cube = total + most, most * usual or cube
                elif cube > 0:
                    total += cube / usual
            m4 = usual + share * (cube - usual)
            size = -shift if shift < 0 else shift
            if size > f5:
                votes += self._vote(record, 5, size, by_week, learn=learn)
            cube, usual = size * size * size, m5
            if by_week > enough:
                if cube > most * usual:
                    total, cube = total + most, most * usual or cube
                elif cube > 0:
                    total += cube / usual
            m5 = usual + share * (cube - usual)
        if learn:
            MODEL.pack_into(
                record, self._place, level, fast, slow, weekly_fast, weekly_slow, quarter + value,
                m0, m1, m2, m3, m4, m5, seen + 1, by_day, by_week, count + 1,
            )  # fmt: skip
            if seen % BLOCK == 0:
                self._close(record, seen, by_day, by_week)
        return (self._pooled(total, votes, seen) if votes > 0 or total > NUMBER else 0.0), residuals

    def _vote(self, record: bytearray, which: int, size: float, count: int, *, learn: bool) -> float:
        """Return what a residual beyond its floor adds to the votes; keep it if it is the largest of its block."""
        if learn:
            place = self._peaks + SIZE.size * which
            (peak,) = SIZE.unpack_from(record, place)
            if size > peak:
                SIZE.pack_into(record, place, min(LARGEST, size * ROUNDED_UP))
        return math.pow(self._tails.rarity(record, which, size, count - 1), POWER)

    @staticmethod
    def _pooled(total: float, votes: float, seen: int) -> float:
        """Return the nines of both answers together: the sum of the surprises, and of the rarities to their power."""
        surprise = min(total / NUMBER, seen)
        size = math.log10(surprise) if surprise > 1 else 0.0
        return UNIT * (size + math.pow(votes / NUMBER, 1 / POWER))

    def _close(self, record: bytearray, seen: int, by_day: int, by_week: int) -> None:
        """End a block of samples."""
        peaks = PEAKS.unpack_from(record, self._peaks)
        if peaks != NO_PEAKS:
            for which, peak in enumerate(peaks):
                if peak >= 0:
                    self._tails.take(record, which, peak)
            PEAKS.pack_into(record, self._peaks, *NO_PEAKS)
        if seen % (BLOCK * FADE_EVERY) == 0:
            self._tails.fade(record, (seen, seen, by_day, by_day, by_week, by_week))
        often, rest = OFTEN.unpack_from(record, self._often)
        if often > 0:
            OFTEN.pack_into(record, self._often, often - often * BLOCK / self._params.recall, max(0, rest - 1))

    def _damped(self, record: bytearray, nines: float, *, learn: bool) -> float:
        """Return what is left of the nines of a series that has surprised too often, and count this one."""
        often, rest = OFTEN.unpack_from(record, self._often)
        allowed = self._params.surprises
        if learn and nines >= self._suspect and rest == 0:
            OFTEN.pack_into(record, self._often, often + 1.0, REST)
        return float(nines if often <= allowed else nines * (allowed / often) ** 2)

    def _found(
        self, record: bytearray, key: SeriesKey, at: float, value: float, since: float, score: float,
        residuals: Sequence[float],
    ) -> Verdict:  # fmt: skip
        numbers, enough = READ.unpack_from(record, self._place), self._warm_up
        counts = [count for count in numbers[SEEN:COUNT] for _ in range(2)]
        usual = [moment ** (1 / 3) for moment in numbers[MOMENTS:SEEN]]
        sizes = [
            abs(residual) / max(size, LEAST) if count >= enough else 0.0
            for residual, size, count in zip(residuals, usual, counts, strict=False)  # some may not take part yet
        ]
        lead = max(range(len(sizes)), key=sizes.__getitem__)
        expected, width = value - residuals[lead], 2.0 * usual[lead]
        detail = f"{'high' if value > expected else 'low'}: {SAYS[lead]}"
        return Anomalous(
            score, Evidence("level", key, at, value, expected, expected - width, expected + width, score, since, detail)
        )
