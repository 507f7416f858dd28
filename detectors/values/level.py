"""Is this value usual here, now? Six residuals of one series, each against its own history, pooled.

The residuals: the value against a recent level; a faster against a slower level (drift); the value against the usual at
this time of the day, and the same with the day's own level taken out; the value against the usual at this hour of the
week, and the fast against the slow mean of that. The last four join in when their slot has been seen before; their
size counts once learnt for a day. Nothing gigantic leaves an echo: the level learns a clipped step, a slot and the day
the level. A level that moves: ``shift``; how it begins: ``beginning``.

Two questions are asked of them, and the answers averaged. How large is this, for this series? Each residual r is
divided by the long mean of its cubes, |r|^3 / mean(|r|^3); the mean over the six is the surprise T. Its own mean is
about 1, so by Markov's inequality about one sample in T reaches T at most, whatever the distribution; after n samples T
is at most n. And how long has there been nothing like it? The rarity of each residual beyond its largest of late
(``tail``), pooled by the cube of the mean cube root, in which several moderate rarities outweigh a single large one.

A rarity that keeps coming back is none (``habit``): a spike a day in five-minute data is quiet after some weeks.

What is told is ranked by its strength: the same rarity, but beyond the few largest of late.

Sources: exponentially weighted averages as in S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages",
Technometrics 1 (1959); the seasonal residuals as in P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving
Averages", Management Science 6 (1960); the tails as in ``tail``.
"""

import math
from collections.abc import Sequence
from math import log10
from struct import Struct
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import CALM, score_of
from detectors.values.beginning import AGES, SAMPLES, STILL, Beginning, Three, middle
from detectors.values.habit import Habit
from detectors.values.seasons import BOTH, NEITHER, NOW, QUARTER_S, Seasons
from detectors.values.shift import Shift
from detectors.values.tail import BLOCK, FADE_EVERY, LARGEST, Tails
from domain.anomaly import Anomalous, Evidence, Normal, Verdict, Warming
from domain.identity import SeriesKey

Share = Annotated[float, Field(gt=0, lt=1)]
LEAST = 1e-100  # divides where nothing was ever seen to move
ROUNDING = 2e-9  # a difference below this part of the level is the arithmetic's, not the service's
MOST = 20.0**3  # of the surprise of one residual
UNIT = 0.9  # nines per power of ten in both answers: the scale on which fusion sets its bars
FEW = 4  # of the largest sizes of late: what passes these ranks first
REACH = 0.9  # of the way to the value, where the expected range ends at the latest: what is told lies outside of it
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
DRIFTS = 1, 5  # these are not of the value itself: what is expected of that is told by the one before

# The record of a series: the seasons, then these. A sample reads at once from the end of the seasons (NOW) up to the
# floors of the tails, and writes MODEL; the rest is for the end of a block, and for surprises.
MODEL = Struct("@12d4I")  # 5 levels, sum of the quarter; 6 moments; samples: all, known by day, by week, of the quarter
MARKS = Struct("@2d")  # since when findings; first value
READ = Struct(f"{NOW.format}{MODEL.format[1:]}{MARKS.format[1:]}6f")  # with the floors
PEAKS = Struct("@6f")  # the largest of this block that is beyond the floor
TIME = Struct("@d")
SIZE = Struct("@f")
_read, _write = READ.unpack_from, MODEL.pack_into
NO_PEAKS = (-1.0,) * NUMBER
ROUNDED_UP = 1.0 + 2.0**-23  # a size in single precision, so that no size passes itself
LEVEL, MOMENTS, SEEN, COUNT = 0, 6, 12, 15  # in MODEL


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
    clip: float = Field(15.0, gt=1, description="A value is learnt up to this many times the usual size away.")
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
        self._ages = frozenset(BLOCK * age for age in AGES if BLOCK * age <= full)
        self._grown_up = max(self._ages, default=0)
        self._place = place
        self._seasons = Seasons(params.per_day, params.per_week, place)
        self._now = self._seasons.now
        self._model = self._now + NOW.size
        self._marks = self._model + MODEL.size
        self._floors = self._marks + MARKS.size
        self._tails = Tails(NUMBER, params.recall, self._floors)
        self._peaks = self._floors + len(self._tails.fresh)
        self._habit = Habit(params.surprises, params.recall / BLOCK, self._peaks + PEAKS.size)
        last = self._peaks + PEAKS.size + len(self._habit.fresh)
        self._beginning = Beginning(last)
        self._shift = Shift(last)  # takes its place when the series has grown up: what it left there is no row
        self.fresh = b"".join((
            self._seasons.fresh, MODEL.pack(*[0.0] * 12, *[0] * 4), MARKS.pack(NEVER, 0.0), self._tails.fresh,
            PEAKS.pack(*NO_PEAKS), self._habit.fresh, self._shift.fresh,
        ))  # fmt: skip

    def observe(  # noqa: C901, PLR0912, PLR0915 - six residuals in a row; a call or a loop for each takes 0.7 us more
        self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool
    ) -> Verdict:
        """Judge the value, then learn it, clipped."""
        (
            until, usual_by_day, usual_by_week, allowed, _, level, fast, slow, weekly_fast, weekly_slow, quarter,
            m0, m1, m2, m3, m4, m5, seen, by_day, by_week, count, since, first, f0, f1, f2, f3, f4, f5,
        ) = _read(record, self._now)  # fmt: skip
        if seen < SAMPLES:
            return self._begin(record, at, (level, fast, value), seen, learn)
        to_level, to_fast, to_slow, memory, full, clip, enough = self._rules
        total = votes = 0.0
        if at >= until:
            if learn:
                usual_by_day, usual_by_week, allowed = self._seasons.turn(record, at, quarter, count)
                quarter, count = 0.0, 0
            else:
                usual_by_day, usual_by_week, allowed = self._seasons.usual(record, at)
        rise = learnt = value - first
        known, away, tiny = value, value - level, ROUNDING * abs(level)
        size = -away if away < 0 else away
        if size <= tiny:
            away = size = 0.0
        if size > f0:
            votes += self._vote(record, 0, size, seen, learn)
        size = size * size * size
        if size > clip * m0:
            total = min(MOST, size / (m0 or LEAST))
            if m0 > 0:
                size = clip * m0
                limit = math.cbrt(size)
                known, learnt = level + math.copysign(limit, away), level - first
                if learn and seen > self._grown_up:
                    moved = self._shift.by(record, seen, level - first, limit, rise)
                    if moved != 0:
                        first, known, level, fast = first + moved, value, value, value
                        rise = learnt = value - first
                        MARKS.pack_into(record, self._marks, since, first)
        elif size > 0:
            total = size / m0
        level += to_level * (known - level)
        fast += to_fast * (known - fast)
        drift = fast - level
        other = -drift if drift < 0 else drift
        if other <= tiny:
            drift = other = 0.0
        if other > f1:
            votes += self._vote(record, 1, other, seen, learn)
        other = other * other * other
        if other > clip * m1:
            total, other = total + min(MOST, other / (m1 or LEAST)), clip * m1 or other
        elif other > 0:
            total += other / m1
        share = memory if seen > full else 1.0 / seen
        m0 += share * (size - m0)
        m1 += share * (other - m1)
        if allowed != NEITHER:
            day = rise - usual_by_day
            slow += to_slow * (learnt - usual_by_day - slow)
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
        if allowed == BOTH:
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
        nines = 0.0
        if votes > 0 or total > NUMBER:
            mean = total / NUMBER
            if mean > 1.0:
                nines = log10(mean if mean < seen else seen)  # noqa: FURB136 - min() costs more, per surprise
            if votes > 0:
                nines += agreed(votes, allowed)
            nines *= UNIT
            if nines >= self._suspect:
                residuals = [away, drift]
                if allowed != NEITHER:
                    residuals += [day, own]
                if allowed == BOTH:
                    residuals += [week, shift]
                strength = self._strength(record, residuals, (seen, seen, by_day, by_day, by_week, by_week))
        if learn:
            _write(
                record, self._model, level, fast, slow, weekly_fast, weekly_slow, quarter + learnt,
                m0, m1, m2, m3, m4, m5, seen + 1, by_day, by_week, count + 1,
            )  # fmt: skip
            if seen % BLOCK == 0:
                self._close(record, value, seen, by_day, by_week)
            seen += 1
        if seen <= enough:
            return Warming(min(1.0, seen / enough))
        if nines >= self._suspect:
            return self._verdict(record, key, at, value, since, nines, strength, residuals, learn)
        if since != NEVER:
            return self._verdict(record, key, at, value, since, nines, 0.0, (), learn)
        return CALM if nines == 0 else Normal(score_of(self._habit.damped(record, nines, 0.0)))

    def _begin(self, record: bytearray, at: float, values: Three, seen: int, learn: bool) -> Warming:
        """Take in one of the first samples; they are kept in place of the levels until there are enough."""
        if learn and seen < SAMPLES - 1:
            levels = (values[2], 0.0) if seen == 0 else values[::2]
            MODEL.pack_into(record, self._model, *levels, *[0.0] * 10, seen + 1, 0, 0, 0)
        elif learn:
            first, size = middle(values)
            numbers = 0.0, 0.0, 0.0, values[2] - first, size**3, *[0.0] * 5
            MODEL.pack_into(record, self._model, first, first, *numbers, SAMPLES, 0, 0, 1)
            MARKS.pack_into(record, self._marks, NEVER, first)
            self._seasons.begin(record, at)
        return Warming(0.0)

    def _verdict(
        self, record: bytearray, key: SeriesKey, at: float, value: float, since: float, nines: float,
        strength: float, residuals: Sequence[float], learn: bool,
    ) -> Verdict:  # fmt: skip
        """Return the verdict on a value that is a finding, or on the first that is none after such values."""
        left = self._habit.damped(record, nines, strength)
        if learn and nines >= self._suspect:
            self._habit.count(record)
        if left < self._suspect:
            if since != NEVER:
                TIME.pack_into(record, self._marks, NEVER)
            return Normal(score_of(left)) if left > 0 else CALM
        score, numbers, enough = score_of(left), MODEL.unpack_from(record, self._model), self._warm_up
        known = [count >= enough for count in numbers[SEEN:COUNT] for _ in range(2)]  # others do not take part yet
        usual = [moment ** (1 / 3) for moment in numbers[MOMENTS:SEEN]]
        sizes = [k * abs(r) / max(size, LEAST) for r, size, k in zip(residuals, usual, known, strict=False)]
        lead = max(range(len(sizes)), key=sizes.__getitem__)
        own = lead - 1 if lead in DRIFTS else lead
        if residuals[own] * residuals[lead] <= 0:  # it drifts, but not to where this value is
            return Normal(score)
        if since == NEVER:
            TIME.pack_into(record, self._marks, since := at)
        expected, width = value - residuals[own], min(2.0 * usual[own], REACH * abs(residuals[own]))
        low, high, side = expected - width, expected + width, "high" if value > expected else "low"
        evidence = Evidence("level", key, at, value, expected, low, high, score, since, f"{side}: {SAYS[lead]}")
        return Anomalous(score, evidence, strength)

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

    def _close(self, record: bytearray, value: float, seen: int, by_day: int, by_week: int) -> None:
        """End a block of samples with this one."""
        peaks = PEAKS.unpack_from(record, self._peaks)
        if peaks != NO_PEAKS:
            for which, peak in enumerate(peaks):
                if peak >= 0:
                    self._tails.take(record, which, peak)
            PEAKS.pack_into(record, self._peaks, *NO_PEAKS)
        if seen % (BLOCK * FADE_EVERY) == 0:
            self._tails.fade(record, (seen, seen, by_day, by_day, by_week, by_week))
            numbers, (_, first) = MODEL.unpack_from(record, self._model), MARKS.unpack_from(record, self._marks)
            self._seasons.follow(record, numbers[LEVEL] - first, numbers[MOMENTS] ** (1 / 3))
        self._habit.fade(record)
        if seen in self._ages:
            self._outgrow(record, value, seen)

    def _outgrow(self, record: bytearray, value: float, seen: int) -> None:
        """Forget all but the level of the older half of the series if it has outgrown that."""
        numbers, marks = MODEL.unpack_from(record, self._model), MARKS.unpack_from(record, self._marks)
        level, fast, *_, quarter, moment, drift = numbers[: MOMENTS + 2]
        newer = self._beginning.outgrown(record, moment)
        if newer == 0:
            self._beginning.remember(record, moment)
            return
        drift *= newer / moment
        if abs(value - fast) <= STILL * abs(value - level):  # both levels only follow what was before
            level, fast, newer, drift = value, value, 0.0, 0.0
        until = NOW.unpack_from(record, self._now)[0]
        record[self._place : self._place + len(self.fresh)] = self.fresh
        known = level, fast, 0.0, 0.0, 0.0, quarter, newer, drift, *[0.0] * 4, seen // 2 + 1, 0, 0, numbers[COUNT]
        MODEL.pack_into(record, self._model, *known)
        MARKS.pack_into(record, self._marks, *marks)
        self._seasons.begin(record, until - QUARTER_S)
        self._beginning.remember(record, newer)


def agreed(votes: float, taking_part: int) -> float:
    """Return the rarity of all residuals together from the sum of its cube roots; fewer of them say less."""
    return (votes / taking_part) ** 3 * math.pow(taking_part / NUMBER, 1.5)
