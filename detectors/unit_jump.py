"""A series whose unit has changed: milliseconds that became seconds, bytes that became megabytes, a ratio in percent.

Its values are a known factor larger or smaller from one sample to the next, and all else is as it was: they vary by the
same share of themselves. Two explanations are weighed against each other, in nines (powers of ten) of odds:

- The unit changed: the distance d of the mean logarithms, after and before, is the logarithm of the factor, but for an
  error that follows from the noise; where samples follow each other d is that from the last before to the first after.
  The relative spread is the same, and the new values stay where they are.
- The service changed: d is anything at all, a large one being rarer: 0.5 exp(-|d|); and the spread is anything.

The noisier a series, the less the first can win by, and the more samples it takes. A change of unit multiplies exactly,
which shows where values are round numbers (`lattice`). Other factors are explanations like any other: as long as it may
be 60 times as well as 100 times, nothing is told. When several series of a service are in doubt since the same moment
(`rescaled`), the factor must be that of all of them: an incident moves them by factors that differ, by half of a
logarithm or so, and widens their spreads alike. A series that says no more than that is left to the other detectors,
and so is one that stands still, is zero, or changes its sign: it has no shape to be recognised by. All of this is for a
value far from the latest ones; a calm sample costs one comparison, by ``bounds``.

A value that may be the first in another unit is judged and told like any other: a warning does not wait. What was known
of the series before it is kept aside, for a few samples. If a change is recognised, that is put back, and they are
learnt once more, in the unit of before. So what is known, its seasons, tails and objectives, stays as it is, and holds
for all further samples, each divided by the factor. While a limit of an objective is passed nothing is taken for a
change of unit: what people agreed to call bad is told as that.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from detectors.calibration import score_of
from detectors.lattice import carried, grain
from detectors.shape import Shape
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NAME = "unit"
RARER = {1024.0: 2.0, 1024.0**2: 2.0, 1024.0**3: 2.0, 60_000.0: 1.0}  # nines: 1,000 is meant more often than 1,024
FACTORS = (8.0, 60.0, 100.0, 1000.0, 3600.0, 1e6, 1e9, *RARER)
KEPT = 24  # samples of before
ENOUGH = 12  # of them to know the shape of a series by
MOVING = 4  # different values among them
SHAPED = 4  # samples after, from where on their spread is looked at
RECOGNISED = 8  # samples after, from where on the unit can be said to have changed
PATIENCE = 16  # samples in doubt at most
PRIOR = 2.0  # nines by which a unit is less likely to change than a service
LENIENT = 2.0  # nines by which it may be the worse explanation, to be looked at: others may speak for it
ALIKE = 0.5  # of a logarithm: by so much the factors differ by which an incident moves several series at once
TWICE = 2  # samples after, from where on it can be said to be back in its first unit
CLAIM = 1.0  # nines by which it must be better than all other explanations
EXACT = 0.002  # error of the mean logarithm that is never undercut: no series is that steady
APART = 3.0  # times the largest, or a part of the smallest of late: a value this far off is looked at
ODD = 2  # of the largest, and of the smallest of late, do not count for that
FURTHEST = 2e12  # times what it was at first, either way: from bytes to tebibytes; so that no cube of a value overflows
SAME = 0.05  # of a logarithm: so near to the first unit a series is back in it
TOLD = 60  # samples for which it is told
TINY = 5e-324
TEN = math.log(10.0)
WILDER = 0.05, 3.0  # share of values that are so many times as far off: hardly any series is Gaussian
ITSELF = 0.001  # share of moments at which a series changes its ways, whatever becomes of its unit
ASIDE = 0.01  # the same, of one that is in doubt together with others
STILL = 1e-9  # of a spread: what does not move at all is taken to move by so much, for a ratio


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return between which values nothing has to be looked at: the latest ones, and what is near to them."""
    ranked = sorted(values)
    odd = ODD if len(ranked) >= ENOUGH else 0
    low, high = (ranked[odd], ranked[-1 - odd]) if ranked else (0.0, math.inf)
    if low < 0:
        return -math.inf, math.inf
    return (low / APART if low > 0 else -TINY), max(TINY, high * APART)


def levels(known: tuple[float, float], values: Sequence[float]) -> tuple[float, float]:
    """Return the last two levels at which a series stood, the newer one first, after these values; zero: unknown."""
    if len(values) < ENOUGH:
        return known
    ranked, quarter = sorted(values), len(values) // 4
    low, middle, high = ranked[quarter], ranked[len(ranked) // 2], ranked[-1 - quarter]
    if low <= 0 or high > APART * low:
        return known  # on its way from one to the other
    newer, older = known
    return middle, (older if newer / APART < middle < newer * APART else newer)


class Doubt(NamedTuple):
    """What the latest values of a series are like beside those of before, in logarithms, each with its error."""

    since: float
    gap_s: float  # between the latest values
    distance: float  # from the level of before
    off: float  # error of that
    growth: float  # of the spread
    unsure: float  # error of that; infinite as long as there are too few values
    drift: float  # while they are in doubt
    still: float  # error of that
    grain: int | None = None  # of the values of before
    values: tuple[float, ...] = ()  # the latest ones

    @classmethod
    def of(cls, before: Shape, after: Shape, since: float, gap_s: float) -> "Doubt":
        """Return how the one shape differs from the other."""
        share = 1.0 / before.number + 1.0 / after.number
        variance = before.spread**2
        if after.number >= SHAPED:
            total = before.number + after.number
            variance = (before.number * variance + after.number * after.spread**2) / total
        distance, off = after.centre - before.centre, math.sqrt(variance * share * before.wider)
        old, new, unsure = before.spread, after.spread, math.sqrt(share * before.wider)
        if before.step < off:  # neighbours tell more than means
            distance, off = after.first - before.last, before.step
            old, new, unsure = before.step, after.step, math.sqrt(share)
        if after.number < SHAPED:
            return cls(since, gap_s, distance, max(EXACT, off), 0.0, math.inf, 0.0, math.inf)
        growth = math.log(max(new, STILL) / max(old, STILL))
        still = before.spread * math.sqrt(4.0 / after.number * before.wider)
        return cls(since, gap_s, distance, max(EXACT, off), growth, unsure, after.drift, max(EXACT, still))

    def alone(self, factor: float) -> float:
        """Return the odds of its level after a change of unit, beside that after anything that befalls a service."""
        share, wilder = WILDER
        error = self.distance - math.log(factor)
        near = _either(_log_normal(error, self.off), _log_normal(error, wilder * self.off), share)
        return near - math.log(0.5) + abs(self.distance) + carried(self.grain, self.values, factor) * TEN

    def beside(self, factor: float) -> float:
        """Return the same for one of several series that have moved at one moment."""
        alike = _same(self.distance - math.log(factor), self.off, ALIKE, ASIDE)
        return alike + carried(self.grain, self.values, factor) * TEN


def _kept(doubts: Sequence[Doubt]) -> float:
    """Return the odds that the spreads are what they were, on the whole, and that the values stay where they are.

    What an incident does to one series it does to others, too: what each of them shows is not independent.
    """
    growth, unsure = _mean((doubt.growth, doubt.unsure) for doubt in doubts)
    drift, still = _mean((doubt.drift, doubt.still) for doubt in doubts)
    return 0.0 if math.isinf(unsure) else _same(growth, unsure) + min(0.0, _same(drift, still))


def _mean(numbers: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of numbers, each weighed by its error, and the error of that."""
    weighed = [(number, error**-2) for number, error in numbers]
    total = sum(weight for _, weight in weighed)
    if total == 0:
        return 0.0, math.inf
    return sum(number * weight for number, weight in weighed) / total, total**-0.5


def _same(distance: float, error: float, other: float = 1.0, share: float = ITSELF) -> float:
    """Return by how much it is likelier that there is no distance, but for the error, than that there is any other.

    A little of the second is always possible: so little is ever said against it.
    """
    any_other = _log_normal(distance, math.hypot(other, error))
    return _either(_log_normal(distance, error), any_other, share) - any_other


def _either(mostly: float, at_times: float, share: float) -> float:
    """Return the logarithm of the density of a mixture, of which one part has so small a share."""
    one, other = mostly + math.log1p(-share), at_times + math.log(share)
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))


def _log_normal(distance: float, error: float) -> float:
    """Return the logarithm of the density of a normal distribution."""
    return -0.5 * (distance / error) ** 2 - math.log(error * math.sqrt(2.0 * math.pi))


def doubted(before: Sequence[float], after: Sequence[float], since: float = 0.0, gap_s: float = 0.0) -> Doubt | None:
    """Return what the values are like; None if a change of unit cannot be told from them."""
    old, new = Shape.of(before), Shape.of(after)
    if old is None or new is None or old.number < ENOUGH or len(set(before)) < MOVING:
        return None
    if abs(math.log(before[-1]) - old.centre) > math.log(APART) + 2.0 * old.spread:
        return None  # on its way already: a unit changes from one sample to the next
    doubt = Doubt.of(old, new, since, gap_s)
    return doubt if new.number < SHAPED else doubt._replace(grain=grain(before), values=tuple(after))


def likeliest(doubt: Doubt, others: Sequence[Doubt] = ()) -> tuple[float, float]:
    """Return the factor that explains the values best, and by how many nines: beside an incident and other factors.

    ``others`` of the service are in doubt since the same moment.
    """
    kept, found = _kept([doubt, *others]), []
    for each in FACTORS:
        factor = each if doubt.distance > 0 else 1.0 / each
        odds = doubt.alone(factor) + sum(other.beside(factor) for other in others) + kept
        found.append((odds / TEN - PRIOR - RARER.get(each, 0.0), factor))
    best, factor = max(found)
    rest = [sure for sure, other in found if abs(math.log(other / factor)) > SAME]
    surest = max(0.0, *rest)
    return factor, best - surest - math.log10(10.0**-surest + sum(10.0 ** (sure - surest) for sure in rest))


def suspicious(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether values are as if in another unit, rather than anything else: to be looked at further."""
    doubt = doubted(before, after)
    return doubt is not None and likeliest(doubt)[1] >= -LENIENT


class Jump(NamedTuple):
    """A change of unit that was recognised."""

    factor: float  # by which values are larger than before
    back: bool  # to the unit that the series had at first
    nines: float
    before: Shape  # of values in the unit of before
    after: Shape
    known: Plain  # what was known of the series before it; None: all that is known stays
    samples: Sequence[tuple[float, float]]  # times and values since then, in the unit of before

    @property
    def since(self) -> float:
        """When the unit changed."""
        return self.samples[0][0]

    def evidence(self, key: SeriesKey, at: float, note: str) -> Evidence:
        """Return what a person needs to believe it, in the units of then and now."""
        old = self.before
        expected, width = old.centre, 2.0 * old.spread
        times = f"{max(self.factor, 1.0 / self.factor):,.0f} times {'larger' if self.factor > 1 else 'smaller'}"
        unit = "back in its earlier unit" if self.back else "as if its unit had changed"
        detail = f"{times}, spread and all: {unit}{note}"
        low, mid, high = (math.exp(x) for x in (expected - width, expected, expected + width))
        score = score_of(PRIOR + self.nines)
        return Evidence(NAME, key, at, math.exp(self.after.centre), mid, low, high, score, self.since, detail)


class UnitWatch:
    """One series of which the unit may be changing, or has changed. Its memory is bounded."""

    __slots__ = ("_doubted", "_known", "_recent", "factor", "told", "troubled")

    def __init__(self, recent: Iterable[float] = ()) -> None:
        self.factor = 1.0  # values are so many times what they are in the unit of before
        self.told = 0  # samples for which the last change is still a finding
        self.troubled = False  # whether its service was, when the doubt began
        self._recent = deque(recent, maxlen=KEPT)  # values of which nothing is doubted
        self._doubted: list[tuple[float, float]] = []  # times and values, in the unit of before
        self._known: Plain = None  # of the series, before the first of them

    @property
    def done(self) -> bool:
        """Whether there is nothing to watch for any more."""
        return self.factor == 1.0 and not self._doubted and self.told == 0

    def take(self, at: float, value: float, known: Callable[[], Plain], *, troubled: bool = False) -> Doubt | None:
        """Take in a sample, before it is judged; return the doubt if it may be settled now.

        ``known`` gives what is known of the series; it is asked when a doubt begins.
        """
        self.told = max(0, self.told - 1)
        value /= self.factor
        first = not self._doubted
        if first:
            low, high = bounds(self._recent)
            if low < value < high:
                self._recent.append(value)
                return None
        self._doubted.append((at, value))
        doubt, back = self._doubt(), self.back
        if doubt is None or (likeliest(doubt)[1] < -LENIENT and back < 0):
            self._believe(1.0)
            return None
        if first:
            self._known, self.troubled = known(), troubled
        if self._ripe(RECOGNISED) or (back >= CLAIM and len(self._doubted) >= TWICE):
            return doubt
        self.unsettled()
        return None

    @property
    def back(self) -> float:
        """By how many nines the values in doubt speak for a return to the first unit, and not for an incident.

        No other change is as likely: much of what was changed is taken back.
        """
        doubt = self._doubt() if self.factor != 1.0 and self._doubted else None
        return -math.inf if doubt is None else (doubt.alone(1.0 / self.factor) + _kept([doubt])) / TEN

    @property
    def divisor(self) -> float:
        """By what a value is divided to be judged: one that may be back in the first unit is taken to be in that."""
        return 1.0 if self.back >= 0 else self.factor

    def doubt(self, least: int) -> Doubt | None:
        """Return the doubt, once it is about so many samples, and they move."""
        return self._doubt() if self._ripe(least) else None

    def _ripe(self, least: int) -> bool:
        return len(self._doubted) >= least and len({value for _, value in self._doubted}) >= MOVING

    def _doubt(self) -> Doubt | None:
        since, last, values = self._doubted[0][0], self._doubted[-1][0], [value for _, value in self._doubted]
        return doubted(self._recent, values, since, (last - since) / len(values))

    def unsettled(self) -> None:
        """Take note that nothing can be recognised yet; no doubt lasts for ever."""
        if len(self._doubted) >= PATIENCE:
            self._believe(1.0)

    def settle(self, factor: float, sure: float) -> Jump | None:
        """Take the values in doubt to be larger by this factor; return None if no unit goes so far."""
        old = Shape.of([value * self.factor for value in self._recent])
        new = Shape.of([value * self.factor for _, value in self._doubted])
        changed, known = self.factor * factor, self._known
        if old is None or new is None or not 1.0 / FURTHEST < changed < FURTHEST:
            self._believe(1.0)
            return None
        back = abs(math.log(changed)) < SAME
        self.factor, self.told = (1.0, RECOGNISED) if back else (changed, TOLD)
        return Jump(factor, back, sure, old, new, known, self._believe(factor))

    def returned(self, factor: float, sure: float) -> Jump | None:
        """Take the values in doubt to be what the series was like before a change that was not recognised."""
        old, new = Shape.of(self._recent), Shape.of([value for _, value in self._doubted])
        if old is None or new is None:
            return None
        self.told = RECOGNISED
        return Jump(factor, True, sure, old, new, None, self._believe(1.0))

    def _believe(self, factor: float) -> Sequence[tuple[float, float]]:
        """Doubt no more: return the samples that were doubted, divided by the factor."""
        samples = [(at, value / factor) for at, value in self._doubted]
        self._recent.extend(value for _, value in samples)
        self._doubted, self._known = [], None
        return samples

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        doubted = [list(pair) for pair in self._doubted]
        return [self.factor, self.told, list(self._recent), doubted, self._known, self.troubled]

    @classmethod
    def of(cls, state: Plain) -> "UnitWatch":
        """Return what was saved."""
        match state:
            case [float() | int() as factor, int() as told, [*recent], [*doubted], known, troubled] if factor > 0:
                watch = cls(float(value) for value in recent)
                watch.factor, watch.told, watch._known, watch.troubled = float(factor), told, known, bool(troubled)
                watch._doubted = [(float(at), float(value)) for at, value in doubted]
                return watch
            case _:
                raise StateError("the saved unit of a series is damaged")
