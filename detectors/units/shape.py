"""What a few values of a series are like, in logarithms: how large, how noisy, whether they follow each other."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

FOLLOWS = 0.9  # of an autocorrelation: more is not believed of so few samples
WILD = 8  # one of so many may be wild: the furthest do not count for the spread
NORMAL = 1.586  # standard deviation over mean distance, of Gaussian noise without its furthest eighth


class Shape(NamedTuple):
    """What the logarithms of some values are like."""

    number: int
    centre: float
    spread: float
    wider: float  # times the variance of a mean, because values follow each other
    drift: float  # from the mean of the first half to that of the second
    first: float
    last: float
    step: float  # from one to the next

    @classmethod
    def of(cls, values: Sequence[float]) -> "Shape | None":
        """Return the shape; None where a value is not above zero."""
        if not values or min(values) <= 0:
            return None
        logs = [math.log(value) for value in values]
        number, part = len(logs), len(logs) // 4
        middle = sorted(logs)[part : number - part]
        centre = sum(middle) / len(middle)
        rest = [log - centre for log in logs]
        square = sum(each * each for each in rest)
        follow = sum(a * b for a, b in pairwise(rest)) / square if square > 0 else 0.0
        follow = max(0.0, min(FOLLOWS, follow))
        half = number // 2
        drift = sum(logs[number - half :]) / half - sum(logs[:half]) / half if half else 0.0
        steps = [b - a for a, b in pairwise(logs)] or [0.0]
        wider = (1 + follow) / (1 - follow)
        return cls(number, centre, _spread(rest), wider, drift, logs[0], logs[-1], _spread(steps))


def _spread(distances: Iterable[float]) -> float:
    """Return the standard deviation around zero, but for the wildest."""
    sizes = sorted(map(abs, distances))
    near = sizes[: len(sizes) - len(sizes) // WILD]
    return NORMAL * sum(near) / len(near)
