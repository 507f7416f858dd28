"""Does a series count? One that is declared to be a counter may have become the rate that it had, and may count again.

It happens when a recording rule takes over a name, when an exporter begins to take the rate itself, or when a pipeline
turns totals into changes. A counter that begins anew goes up from there; what goes up and down does not count. Two
readings of the same values, each judged by what the values of before were like:

- **As large as its rate was.** Read as they come, the values lie where the rates lay, and some of them fall. After a
  restart a total is soon beyond that. The way back is as sure: the values are far beyond, and their rates are not.
- **Otherwise** it takes longer, and what was known says nothing of it. A process that is restarted all the time begins
  near zero each time, so its values lie far apart; counters of several sources under one name never fall below what all
  of them were. Neither is taken for a gauge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Self

from detectors.units.unit_jump import ENOUGH, bounds
from domain.errors import StateError
from domain.state import Plain

HELD = 8  # samples that are as large as before, from where on that can be said
FALLS = 3  # among them: one is a restart
LONG = 32  # samples, from where on it can be said of what is not as large as before; no doubt lasts longer
OFTEN = 4  # of as many changes at least one is a fall
NARROW = 2.0  # times the lower quartile: the upper one of what does not begin near zero again and again


class Finding(Enum):
    """What the values in doubt say."""

    ALIKE = "alike"  # it is the other, and what is known of it holds
    UNLIKE = "unlike"  # it is the other, and nothing is known of it
    NONE = "none"  # it is what it was


@dataclass(slots=True)
class CountDoubt:
    """The samples since something that is odd of what a series is. Near to the values of before: `bounds`."""

    low: float
    high: float
    known: Plain  # of the series, before the first of them
    values: list[tuple[float, float]] = field(default_factory=list)  # times, and values as they come

    @classmethod
    def begun(cls, before: Sequence[float], known: Plain) -> Self:
        """Begin a doubt, after these values; what is near to them is known only where there are enough of them."""
        low, high = bounds(before) if len(before) >= ENOUGH else (math.inf, -math.inf)
        return cls(low, high, known)

    @property
    def since(self) -> float:
        """When it began."""
        return self.values[0][0]

    @property
    def rates(self) -> list[tuple[float, float]]:
        """Times and rates, if the values are totals that go up."""
        return [(at, (value - last) / (at - before)) for (before, last), (at, value) in pairwise(self.values)]

    @property
    def goes_on(self) -> bool:
        """Whether the values rise like totals, at the rate of before."""
        return self.values[-1][1] > self.values[0][1] and self._near([rate for _, rate in self.rates])

    def no_longer(self) -> Finding | None:
        """Return whether what was a counter counts no longer, once that is clear.

        The first value was a fall; it may be anything: who begins to take rates has none yet, and says 0.
        """
        falls = 1 + sum(after < before for (_, before), (_, after) in pairwise(self.values))
        values = [value for _, value in self.values[1:]]
        if len(values) >= HELD and falls >= FALLS and self._near(values):
            return Finding.ALIKE
        if len(values) < LONG:
            return None
        half, quarter, ranked = len(values) // 2, len(values) // 4, sorted(values)
        lower = min(values[half:]) < min(values[:half])
        narrow = 0.0 < ranked[-1 - quarter] < NARROW * ranked[quarter]
        return Finding.UNLIKE if falls * OFTEN >= len(values) and lower and narrow else Finding.NONE

    def again(self) -> Finding | None:
        """Return whether what was no counter counts again, once that is clear; the first value was far too high."""
        values = [value for _, value in self.values]
        if any(after < before for before, after in pairwise(values)):
            return Finding.NONE
        if len(values) > HELD and self._near([rate for _, rate in self.rates]):
            return Finding.ALIKE
        if len(values) < LONG:
            return None
        return Finding.UNLIKE if 2 * len(set(values)) > len(values) else Finding.NONE

    def _near(self, values: Sequence[float]) -> bool:
        return all(self.low < value < self.high for value in values)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        near = [self.low, self.high] if self.low < self.high else None
        return [near, self.known, [list(each) for each in self.values]]

    @classmethod
    def of(cls, state: Plain) -> Self:
        """Return what was saved."""
        match state:
            case [None | [_, _] as near, known, [*values]] if values:
                low, high = (math.inf, -math.inf) if near is None else map(float, near)
                return cls(low, high, known, [(float(at), float(value)) for at, value in values])
            case _:
                raise StateError("the saved doubt whether a series counts is damaged")
