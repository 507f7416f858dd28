"""Has a unit changed, or has the service? Two explanations of the same values, weighed against each other.

In nines (powers of ten) of odds:

- The unit changed: the distance d of the mean logarithms, after and before, is the logarithm of the factor, but for an
  error that follows from the noise; where samples follow each other d is that from the last before to the first after.
  The relative spread is the same, and the new values stay where they are.
- The service changed: d is anything at all, a large one being rarer: 0.5 exp(-|d|); and the spread is anything.

The noisier a series, the less the first can win by, and the more samples it takes. A change of unit multiplies exactly,
which shows where values are round numbers (`lattice`). Other factors are explanations like any other: as long as it may
be 60 times as well as 100 times, neither wins. Of several series of a service that are in doubt since the same moment
the factor must be that of all of them: an incident moves them by factors that differ, by half of a logarithm or so, and
widens their spreads alike. A series that is zero or changes its sign has no shape to be recognised by.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detectors.units.lattice import carried, grain
from detectors.units.shape import Shape

RARER = {1024.0: 2.0, 1024.0**2: 2.0, 1024.0**3: 2.0, 60_000.0: 1.0}  # nines: 1,000 is meant more often than 1,024
FACTORS = (8.0, 60.0, 100.0, 1000.0, 3600.0, 1e6, 1e9, *RARER)
FEWEST = 12  # values of before, to know the shape of a series by
SHAPED = 4  # samples after, from where on their spread is looked at
PRIOR = 2.0  # nines by which a unit is less likely to change than a service
ALIKE = 0.5  # of a logarithm: by so much the factors differ by which an incident moves several series at once
EXACT = 0.002  # error of the mean logarithm that is never undercut: no series is that steady
STILL = 1e-4  # of a spread: less is rounding, and says nothing about another one
AWAY = math.log(3.0)  # from the middle, beyond twice the spread: a series that is so far off is on its way already
SAME = 0.05  # of a logarithm: factors that are so near are one
TEN = math.log(10.0)
WILDER = 0.05, 3.0  # share of values that are so many times as far off: hardly any series is Gaussian
ITSELF = 0.001  # share of moments at which a series changes its ways, whatever becomes of its unit
ASIDE = 0.01  # the same, of one that is in doubt together with others


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
        distance, off = after.centre - before.centre, before.spread * math.sqrt(share * before.wider)
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


def kept(doubts: Sequence[Doubt]) -> float:
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
    if old is None or new is None or old.number < FEWEST:
        return None
    if abs(math.log(before[-1]) - old.centre) > AWAY + 2.0 * old.spread:
        return None  # on its way already: a unit changes from one sample to the next
    doubt = Doubt.of(old, new, since, gap_s)
    if new.number < SHAPED:
        return doubt
    return doubt._replace(grain=grain(before), values=tuple(after))


def likeliest(doubt: Doubt, others: Sequence[Doubt] = ()) -> tuple[float, float]:
    """Return the factor that explains the values best, and by how many nines: beside an incident and other factors.

    ``others`` of the service are in doubt since the same moment.
    """
    alike, found = kept([doubt, *others]), []
    for each in FACTORS:
        factor = each if doubt.distance > 0 else 1.0 / each
        odds = doubt.alone(factor) + sum(other.beside(factor) for other in others) + alike
        found.append((odds / TEN - PRIOR - RARER.get(each, 0.0), factor))
    best, factor = max(found)
    rest = [sure for sure, other in found if abs(math.log(other / factor)) > SAME]
    surest = max(0.0, *rest)
    return factor, best - surest - math.log10(10.0**-surest + sum(10.0 ** (sure - surest) for sure in rest))
