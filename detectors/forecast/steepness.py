"""How steep the lines through a series usually are: what it does all day is no trend.

The error of a slope says how far noise may tilt one line. Where samples follow each other for longer than a window (a
collector of garbage that fills and empties, a random walk) it says too little: each line is clear, and each leads
nowhere. So slopes of the past are the measure. Each window is looked at once it holds none of the samples of the look
before; a steep one counts as three usual ones at most, so that a ramp does not make the next one usual.
"""

import math
from collections.abc import Iterable
from statistics import median

from domain.errors import StateError
from domain.state import Plain

FIRST = 8  # looks, of which the middle one is where it begins: a ramp among them counts for little
SHARE = 0.05  # of the newest look after those
MOST = 3.0  # times the mean square of before, that a look counts for


class Steepness:
    """The mean square of the slopes of one window of one series; the middle one until there were enough."""

    __slots__ = ("_first", "_square")

    def __init__(self) -> None:
        self._first: list[float] = []  # squares, until there are enough
        self._square: float | None = None  # per second

    @property
    def usual(self) -> float:
        """The usual slope per second, either way; infinite while nothing is known: then no slope is unusual."""
        if self._square is not None:
            return math.sqrt(self._square)
        return math.sqrt(median(self._first)) if self._first else math.inf

    def inherit(self, slopes: Iterable[float]) -> None:
        """Begin with what is usual of others, of those that have moved: what stands still knows no slope."""
        known = [slope for slope in slopes if 0 < slope < math.inf]
        if known:
            self._square = median(known) ** 2

    def learn(self, slope: float) -> None:
        """Take in the slope of a window of samples that no look before this one has seen."""
        square = slope * slope
        if self._square is not None:
            self._square += SHARE * (min(square, MOST * self._square) - self._square)
            return
        self._first.append(square)
        if len(self._first) == FIRST:
            self._square = median(self._first)
            self._first = []

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [self._square, [*self._first]]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [None | float() | int() as square, [*first]] if all(isinstance(each, float | int) for each in first):
                self._square = square
                self._first = [float(each) for each in first if isinstance(each, float | int)]
            case _:
                raise StateError("the saved steepness of a series is damaged")
