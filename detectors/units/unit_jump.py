"""A series whose unit has changed: milliseconds that became seconds, bytes that became megabytes, a ratio in percent.

Its values are a known factor larger or smaller from one sample to the next, and all else is as it was: they vary by the
same share of themselves. What speaks for that, and what for an incident, is weighed in `unit_doubt`, of several series
of a service together in `rescaled`; here a series is watched meanwhile. One that stands still is left to the other
detectors: a setting that is raised looks the same. All of this is for a value far from the latest ones; a calm sample
costs one comparison, by ``bounds``.

A value that may be the first in another unit is judged and told like any other: a warning does not wait. What was known
of the series before it is kept aside, for a few samples. If a change is recognised, that is put back, and they are
learnt once more, in the unit of before. So what is known, its seasons, tails and objectives, stays as it is, and holds
for all further samples, each divided by the factor. Beyond the limit of an objective that takes more evidence, and is
told for as long as the values are there as they come: what people agreed to call bad never falls silent.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple, Protocol

from detectors.calibration import score_of
from detectors.units.shape import Shape
from detectors.units.unit_doubt import FACTORS, FEWEST, PRIOR, SAME, TEN, Doubt, doubted, kept, likeliest
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NAME = "unit"
ENOUGH = FEWEST
KEPT = 24  # samples of before
RECOGNISED = 8  # samples after, from where on the unit can be said to have changed
MOVING = 2  # different values among them: a setting that is raised stands still
PATIENCE = 16  # samples in doubt at most
LENIENT = 2.0  # nines by which it may be the worse explanation, to be looked at: others may speak for it
TWICE = 2  # samples after, from where on it can be said to be back in its first unit
CLAIM = 1.0  # nines by which it must be better than all other explanations
APART = 3.0  # times the largest, or a part of the smallest of late: a value this far off is looked at
MOVES = 1.1, 2.0  # times the quarter before, and two before: a series that does so again is on its way
ODD = 2  # of the largest, and of the smallest of late, do not count for that
FURTHEST = 2e12  # times what it was at first, either way: from bytes to tebibytes; so that no cube of a value overflows
TOLD = 60  # samples for which it is told
UNSURE = 3.0  # errors of a distance by which a factor may be off
TINY = 5e-324


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return between which values nothing has to be looked at: the latest ones, and what is near to them."""
    ranked = sorted(values)
    odd = ODD if len(ranked) >= ENOUGH else 0
    low, high = (ranked[odd], ranked[-1 - odd]) if ranked else (0.0, math.inf)
    if low < 0:
        return -math.inf, math.inf
    return (low / APART if low > 0 else -TINY), max(TINY, high * APART)


def levels(known: tuple[float, float], values: Sequence[float]) -> tuple[float, float]:
    """Return the last two levels at which a series stood, the newer one first, after these values; zero: unknown.

    A series that is on its way from one level to another stands at none.
    """
    if len(values) < ENOUGH or _on_its_way(values):
        return known
    middle = sorted(values)[len(values) // 2]
    newer, older = known
    return middle, (older if newer / APART < middle < newer * APART else newer)


def _on_its_way(values: Sequence[float]) -> bool:
    """Whether they go on rising, or falling: after a single step they stand again."""
    quarter, (least, in_all) = len(values) // 4, MOVES
    second, third, last = (median(values[-number * quarter :][:quarter]) for number in (3, 2, 1))
    low, high = sorted((second, last))
    return low * least < third < high / least and low * in_all < high


def suspicious(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether values are as if in another unit, rather than anything else: to be looked at further."""
    doubt = doubted(before, after)
    return doubt is not None and likeliest(doubt)[1] >= -LENIENT


class Aside(Protocol):
    """What was known of a series before a change, and the samples since then as they are to be judged."""

    @property
    def known(self) -> Plain:
        """Return it as plain data; None: all that is known stays."""

    @property
    def samples(self) -> Sequence[tuple[float, float]]:
        """Return their times and values."""


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

    @property
    def exact(self) -> bool:
        """Whether no other factor is as good: the noise of a series may leave open whether it is 1,000 or 1,024."""
        doubt, factor = Doubt.of(self.before, self.after, 0.0, 0.0), max(self.factor, 1.0 / self.factor)
        others = [each for each in FACTORS if abs(math.log(each / factor)) < SAME and not math.isclose(each, factor)]
        return not any(abs(abs(doubt.distance) - math.log(each)) < UNSURE * doubt.off for each in others)

    def evidence(self, key: SeriesKey, at: float, note: str) -> Evidence:
        """Return what a person needs to believe it, in the units of then and now."""
        old = self.before
        expected, width = old.centre, 2.0 * old.spread
        about = "" if self.exact else "about "
        times = f"{about}{max(self.factor, 1.0 / self.factor):,.0f} times {'larger' if self.factor > 1 else 'smaller'}"
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
        return -math.inf if doubt is None else (doubt.alone(1.0 / self.factor) + kept([doubt])) / TEN

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

    @property
    def middle(self) -> float:
        """The middle of the values in doubt, in the unit of before."""
        return median(value for _, value in self._doubted)

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
