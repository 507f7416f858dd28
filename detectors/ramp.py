"""A value on its way: the straight line through its last samples, how that bends, and when it reaches a limit.

Sources: ordinary least squares; the error of the slope is widened for residuals that follow each other (lag-one
autocorrelation), as in the effective sample size of G. V. Bayley and J. M. Hammersley (1946). The bend is the
difference between the slopes of the two halves, shrunk by its own error as in W. James and C. Stein (1961), and is
taken to go on: the slope grows, or decays, by the same factor in the same time. So a queue that feeds itself runs
away, and what levels off short of the limit never reaches it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

MOST = 0.9  # of the slope, that it is smaller or larger at either end: beyond this two halves say too little


class Line(NamedTuple):
    """A fitted line: value and error at the last sample, slope and error per second."""

    value: float
    slope: float
    slope_error: float
    noise: float


def fit(points: Sequence[tuple[float, float]]) -> Line | None:
    """Return the least-squares line, or None when time does not move."""
    n, last = len(points), points[-1][0]
    mean_t = sum(t - last for t, _ in points) / n
    mean_v = sum(v for _, v in points) / n
    spread_t = sum((t - last - mean_t) ** 2 for t, _ in points)
    if spread_t <= 0:
        return None
    slope = sum((t - last - mean_t) * (v - mean_v) for t, v in points) / spread_t
    rest = [v - mean_v - slope * (t - last - mean_t) for t, v in points]
    square = sum(r * r for r in rest)
    follow = sum(a * b for a, b in pairwise(rest)) / square if square > 0 else 0.0
    wider = (1 + max(0.0, min(follow, 0.9))) / (1 - max(0.0, min(follow, 0.9)))
    noise = math.sqrt(square / max(1, n - 2) * wider)
    return Line(mean_v - slope * mean_t, slope, noise / math.sqrt(spread_t), noise)


def bend(points: Sequence[tuple[float, float]], slope: float) -> float:
    """Return by what share of the slope the first half is flatter, and the second steeper, as far as that is sure."""
    half = len(points) // 2
    first, second = fit(points[:half]), fit(points[-half:])
    if first is None or second is None:
        return 0.0
    change = second.slope - first.slope
    if change == 0:
        return 0.0
    doubt = math.hypot(first.slope_error, second.slope_error) / change
    return max(-MOST, min(MOST, change / slope / 2 / (1 + doubt * doubt)))


def time_left(room: float, slope: float, bent: float, span_s: float) -> float:
    """Return after how many seconds ``room`` is used up, infinite if the slope decays before.

    ``slope`` is that of the line over ``span_s``: at its quarters it was less, and more, by the share ``bent``.
    """
    growth = math.log((1 + bent) / (1 - bent)) / (span_s / 2)  # of the slope, per second
    now = slope * (1 + bent) * math.sqrt((1 + bent) / (1 - bent))
    if abs(growth) * span_s < 1e-6:  # straight, as far as numbers go
        return room / now
    used = growth * room / now
    return math.log1p(used) / growth if used > -1 else math.inf
