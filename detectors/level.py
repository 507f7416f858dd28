"""Is this value usual here, now? Six residuals of one series, each against its own history, pooled.

The residuals: the value against a recent level; a faster against a slower level (drift); the value against the usual at
this time of the day, and the same with the day's own level taken out; the value against the usual at this hour of the
week, and the fast against the slow mean of that. The last four join in when their slot has been seen before; their
size counts once learnt for a day. A visit moves a slot by twice the usual size of its residual at most: no echoes.

Two questions are asked of them, and the answers averaged. How large is this, for this series? Each residual r is
divided by the long mean of its cubes, |r|^3 / mean(|r|^3); the mean over the six is the surprise T. Its own mean is
about 1, so by Markov's inequality about one sample in T reaches T at most, whatever the distribution; after n samples T
is at most n. And how long has there been nothing like it? The rarity of each residual beyond its largest of late
(``tail``), pooled by the cube of the mean cube root, in which several moderate rarities outweigh a single large one.

A rarity that keeps coming back is none: beyond a number of surprises within the memory of the tails, further ones
count for less, by the square of how often they come. A spike a day in five-minute data is quiet after some weeks.

What is told is ranked by its strength: the same rarity, but beyond the few largest of late.

Sources: exponentially weighted averages as in S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages",
Technometrics 1 (1959); the seasonal residuals as in P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving
Averages", Management Science 6 (1960); the tails as in ``tail``.
"""

import math
from collections.abc import Sequence
from math import isnan
from struct import Struct
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import CALM, score_of
from detectors.profile import Profile
from detectors.tail import BLOCK, FADE_EVERY, LARGEST, Tails
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.identity import SeriesKey

Share = Annotated[float, Field(gt=0, lt=1)]
LEAST = 1e-100  # divides where nothing was ever seen to move
ROUNDING = 1e-9  # a difference below this part of the value is the arithmetic's, not the service's
MOST = 20.0**3  # of the surprise of one residual
UNIT = 0.9  # nines per power of ten in both answers: the scale on which fusion sets its bars
FEW = 4  # of the largest sizes of late: what passes these ranks first
WITHIN = 2.0  # of the usual size of a residual by day or week: a visit teaches its slot no more
REST = 7  # blocks in which further surprises are the same one
QUARTER_S = 900.0
QUARTERS, DAY_SLOTS, WEEK_SLOTS = 4, 96, 168  # of an hour; quarters of a day; hours of a week
NEVER = -math.inf
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
TURN = Struct("@d2fI")  # the end of LOOKUP that changes with each quarter
READ = Struct(f"{MODEL.format}{LOOKUP.format[1:]}6f")  # with the floors
PEAKS = Struct("@6f")  # the largest of this block that is beyond the floor
HOUR = Struct("@2dI")  # first quarter; sum and count of the hour up to the current quarter
SUMS = Struct("@dI")  # the end of HOUR
OFTEN = Struct("@dI")  # surprises within the memory of the tails; blocks until another surprise is another one
TIME = Struct("@d")
SIZE = Struct("@f")
_read, _write = READ.unpack_from, MODEL.pack_into
NO_PEAKS = (-1.0,) * NUMBER
ROUNDED_UP = 1.0 + 2.0**-23  # a size in single precision, so that no size passes itself
LEVEL, MOMENTS, SEEN, COUNT, FIRST = 0, 6, 12, 15, 17


class LevelParams(BaseModel):
    """How the usual is learnt, and when a surprise is a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Share = Field(0.05, description="Share of the newest value in the recent level.")
    fast: Share = Field(0.3, description="Share of the newest value in the fast level, to see drifts.")
    slow: Share = Field(0.02, description="Share of the newest value in the slow level of seasonal residuals.")
    memory: Share = Field(0.0001, description="Share of the newest sample in what is usual for a residual.")
    per_day: Share = Field(0.2, description="Share of the newest day in the usual of a time of day.")
    per_week: Share = Field(0.3, description="Share of the newest week in the usual of an hour of the week.")
    warm_up: int = Field(100, ge=10, description="Samples before the first judgement, and before a residual counts.")
    clip: float = Field(15.0, gt=1, description="Residuals are learnt up to this many times their usual size.")
    suspect: float = Field(1.3, gt=0, description="Rarity (nines) from which a sample is a finding.")
    recall: int = Field(12_000, ge=100, description="Samples for which the largest residuals are remembered.")
    surprises: float = Field(
        16.0, gt=0, description="Surprises within that memory from which on further ones count for less."
    )


class LevelDetector:
    """See the module."""

    def __init__(self, params: LevelParams, place: int = 0) -> None:
        self._params = params
        full = int(1.0 / params.memory)  # samples, from where on that share holds; a plain mean before
        self._rules = (params.level, params.fast, params.slow, params.memory, full, params.clip**3, params.warm_up)
        self._suspect, self._warm_up = params.suspect, params.warm_up
        self._place = place
        self._lookup = place + MODEL.size
        self._turns = self._lookup + LOOKUP.size - TURN.size
        self._tails = Tails(NUMBER, params.recall, self._lookup + LOOKUP.size)
        self._peaks = self._lookup + LOOKUP.size + len(self._tails.fresh)
        self._hour = self._peaks + PEAKS.size
        self._often = self._hour + HOUR.size
        slots = self._often + OFTEN.size
        self._daily = Profile(DAY_SLOTS, params.per_day, slots)
        self._weekly = Profile(WEEK_SLOTS, params.per_week, slots + len(self._daily.fresh))
        self.fresh = b"".join((
            MODEL.pack(*[0.0] * 12, *[0] * 4), LOOKUP.pack(NEVER, 0.0, 0.0, math.nan, math.nan, 2), self._tails.fresh,
            PEAKS.pack(*NO_PEAKS), HOUR.pack(0.0, 0.0, 0), OFTEN.pack(0.0, 0), self._daily.fresh, self._weekly.fresh,
        ))  # fmt: skip

    def observe(  # noqa: C901, PLR0912, PLR0915 - six residuals in a row; a call or a loop for each takes 0.7 us more
        self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool
    ) -> Verdict:
        """Judge the value, then learn it, clipped."""
        (
            level, fast, slow, weekly_fast, weekly_slow, quarter, m0, m1, m2, m3, m4, m5, seen, by_day, by_week, count,
            since, first, until, usual_by_day, usual_by_week, allowed, f0, f1, f2, f3, f4, f5,
        ) = _read(record, self._place)  # fmt: skip
        if seen == 0 or (seen == 1 and first == 0 != value):  # a process that starts says 0 once
            return self._begin(record, at, value, learn)
        to_level, to_fast, to_slow, memory, full, clip, enough = self._rules
        total = votes = day = own = week = shift = 0.0
        if at >= until:
            most = WITHIN * math.cbrt(m2) or math.inf, WITHIN * math.cbrt(m4) or math.inf
            quarter, count, usual_by_day, usual_by_week, allowed = self._turn(
                record, at, until, quarter, count, usual_by_day, usual_by_week, most, learn
            )
        away = value - level
        tiny = ROUNDING * (abs(value) + abs(level))
        level += to_level * away
        fast += to_fast * (value - fast)
        drift = fast - level
        size = -away if away < 0 else away
        other = -drift if drift < 0 else drift
        if size <= tiny:
            away = size = 0.0
        if other <= tiny:
            drift = other = 0.0
        if size > f0:
            votes += self._vote(record, 0, size, seen, learn)
        if other > f1:
            votes += self._vote(record, 1, other, seen, learn)
        size, other = size * size * size, other * other * other
        if seen > enough:
            if size > clip * m0:
                total, size = total + min(MOST, size / (m0 or LEAST)), clip * m0 or size
            elif size > 0:
                total += size / m0
            if other > clip * m1:
                total, other = total + min(MOST, other / (m1 or LEAST)), clip * m1 or other
            elif other > 0:
                total += other / m1
        share = memory if seen > full else 1.0 / seen
        m0 += share * (size - m0)
        m1 += share * (other - m1)
        rise = value - first
        if allowed > 2:
            day = rise - usual_by_day
            slow += to_slow * (day - slow)
            own = day - slow
            by_day += 1
            size = -day if day < 0 else day
            other = -own if own < 0 else own
            if size > f2:
                votes += self._vote(record, 2, size, by_day, learn)
            if other > f3:
                votes += self._vote(record, 3, other, by_day, learn)
            size, other = size * size * size, other * other * other
            if by_day > enough and 2 * by_day > seen:
                if size > clip * m2:
                    total, size = total + min(MOST, size / (m2 or LEAST)), clip * m2 or size
                elif size > 0:
                    total += size / m2
                if other > clip * m3:
                    total, other = total + min(MOST, other / (m3 or LEAST)), clip * m3 or other
                elif other > 0:
                    total += other / m3
            share = memory if by_day > full else 1.0 / by_day
            m2 += share * (size - m2)
            m3 += share * (other - m3)
        if allowed == NUMBER:
            week = rise - usual_by_week
            weekly_fast += to_fast * (week - weekly_fast)
            weekly_slow += to_slow * (week - weekly_slow)
            shift = weekly_fast - weekly_slow
            by_week += 1
            size = -week if week < 0 else week
            other = -shift if shift < 0 else shift
            if size > f4:
                votes += self._vote(record, 4, size, by_week, learn)
            if other > f5:
                votes += self._vote(record, 5, other, by_week, learn)
            size, other = size * size * size, other * other * other
            if by_week > enough and 8 * by_week > seen:
                if size > clip * m4:
                    total, size = total + min(MOST, size / (m4 or LEAST)), clip * m4 or size
                elif size > 0:
                    total += size / m4
                if other > clip * m5:
                    total, other = total + min(MOST, other / (m5 or LEAST)), clip * m5 or other
                elif other > 0:
                    total += other / m5
            share = memory if by_week > full else 1.0 / by_week
            m4 += share * (size - m4)
            m5 += share * (other - m5)
        nines = strength = 0.0
        residuals: tuple[float, ...] = ()
        if votes > 0 or total > NUMBER:
            nines = UNIT * (math.log10(max(1.0, min(total / NUMBER, seen))) + agreed(votes, allowed))
            residuals = (away, drift, day, own, week, shift)[:allowed]
            if nines >= self._suspect:
                strength = self._strength(record, residuals, (seen, seen, by_day, by_day, by_week, by_week))
        if learn:
            _write(
                record, self._place, level, fast, slow, weekly_fast, weekly_slow, quarter + rise,
                m0, m1, m2, m3, m4, m5, seen + 1, by_day, by_week, count + 1,
            )  # fmt: skip
            if seen % BLOCK == 0:
                self._close(record, seen, by_day, by_week)
            seen += 1
        if seen <= enough:
            return Warming(min(1.0, seen / enough))
        if nines == 0 and since == NEVER:
            return CALM
        return self._said(record, key, at, value, since, nines, strength, residuals, learn)

    def _begin(self, record: bytearray, at: float, value: float, learn: bool) -> Warming:
        """Take in the first sample, or the second in its place: a zero before it is of a process that starts."""
        if learn:
            quarter = at // QUARTER_S
            MODEL.pack_into(record, self._place, value, value, *[0.0] * 10, 1, 0, 0, 1)
            LOOKUP.pack_into(record, self._lookup, NEVER, value, (quarter + 1) * QUARTER_S, math.nan, math.nan, 2)
            HOUR.pack_into(record, self._hour, quarter, 0.0, 0)
        return Warming(0.0)

    def _turn(
        self, record: bytearray, at: float, until: float, total: float, count: int, day: float, week: float,
        most: tuple[float, float], learn: bool,
    ) -> tuple[float, int, float, float, int]:  # fmt: skip
        """Leave a quarter of an hour: learn what it was like, and look up what is usual in the one that begins.

        Return the sum and the number of the samples that are not learnt yet, what is usual by day and by week, and how
        many residuals take part.
        """
        quarter, left = int(at // QUARTER_S), int(until // QUARTER_S) - 1
        hour, hour_left = quarter // QUARTERS, left // QUARTERS
        if not learn:
            day = self._daily.usual(record, quarter)
            week = self._weekly.usual(record, hour)
            return total, count, day, week, 2 if isnan(day) else 4 if isnan(week) else NUMBER
        began, hour_total, hour_count = HOUR.unpack_from(record, self._hour)
        day = self._daily.leave(record, left, day, total / count, left - began, quarter, most[0])
        if hour == hour_left:
            SUMS.pack_into(record, self._hour + TIME.size, hour_total + total, hour_count + count)
        else:
            mean = (hour_total + total) / (hour_count + count)
            week = self._weekly.leave(record, hour_left, week, mean, hour_left - began // QUARTERS, hour, most[1])
            if hour_count > 0:
                SUMS.pack_into(record, self._hour + TIME.size, 0.0, 0)
        allowed = 2 if isnan(day) else 4 if isnan(week) else NUMBER
        TURN.pack_into(record, self._turns, (quarter + 1) * QUARTER_S, day, week, allowed)
        return 0.0, 0, day, week, allowed

    def _said(
        self, record: bytearray, key: SeriesKey, at: float, value: float, since: float, nines: float,
        strength: float, residuals: Sequence[float], learn: bool,
    ) -> Verdict:  # fmt: skip
        """Return the verdict on a value that is unusual, or the first calm one after such values."""
        if nines > 0:
            nines = self._damped(record, nines, learn=learn)
        if nines < self._suspect:
            if since != NEVER:
                TIME.pack_into(record, self._lookup, NEVER)
            return Normal(score_of(nines)) if nines > 0 else CALM
        if since == NEVER:
            TIME.pack_into(record, self._lookup, since := at)
        return self._found(record, key, at, value, since, score_of(nines), strength, residuals)

    def _vote(self, record: bytearray, which: int, size: float, count: int, learn: bool) -> float:
        """Return what a residual beyond its floor adds to the votes; keep it if it is the largest of its block."""
        if learn:
            place = self._peaks + SIZE.size * which
            (peak,) = SIZE.unpack_from(record, place)
            if size > peak:
                SIZE.pack_into(record, place, min(LARGEST, size * ROUNDED_UP))
        return math.cbrt(self._tails.rarity(record, which, size, count - 1))

    def _strength(self, record: bytearray, residuals: Sequence[float], counts: Sequence[int]) -> float:
        """Return how far the residuals pass the few largest of late, in nines."""
        known = enumerate(zip(residuals, counts, strict=False))  # some may not take part
        votes = sum(math.cbrt(self._tails.rarity(record, which, abs(r), n - 1, FEW)) for which, (r, n) in known)
        return UNIT * agreed(votes, len(residuals))

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
            numbers = READ.unpack_from(record, self._place)
            for profile in (self._daily, self._weekly):
                profile.follow(record, numbers[LEVEL] - numbers[FIRST], numbers[MOMENTS] ** (1 / 3))
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
        strength: float, residuals: Sequence[float],
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
        low, high = expected - width, expected + width
        return Anomalous(score, Evidence("level", key, at, value, expected, low, high, score, since, detail), strength)


def agreed(votes: float, taking_part: int) -> float:
    """Return the rarity of all residuals together from the sum of its cube roots; fewer of them say less."""
    return (votes / taking_part) ** 3 * math.pow(taking_part / NUMBER, 1.5)
