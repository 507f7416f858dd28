"""A value on its way: the straight line through its last samples, how that bends, and when it reaches a limit.

Sources: ordinary least squares; the error of the slope is widened for residuals that follow each other (lag-one
autocorrelation), as in the effective sample size of G. V. Bayley and J. M. Hammersley (1946). The bend is the
difference between the slopes of the two halves, shrunk by its own error as in W. James and C. Stein (1961), and is
taken to go on: the slope grows, or decays, by the same factor in the same time. So a queue that feeds itself runs
away, and what has clearly begun to level off short of the limit never reaches it.
"""

import math
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

MOST = 0.9  # of the slope, that it is smaller or larger at either end: beyond this two halves say too little
ROUNDING = 1e-9  # of a sum of squares: what is nearer than this is worked out in full


class Line(NamedTuple):
    """A fitted line: value and error at the last sample, slope and error per second."""

    value: float
    slope: float
    slope_error: float


def slope_of(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of the least-squares line, per second; 0 when time does not move."""
    n, last = len(times), values[-1]
    middle = sum(times) / n
    since = [t - middle for t in times]
    spread = sum(map(mul, since, since))
    return sum(map(mul, since, [v - last for v in values])) / spread if spread > 0 else 0.0


def fit(points: Sequence[tuple[float, float]], least: float = 0.0, towards: float = 0.0) -> Line | None:
    """Return the least-squares line; None when time does not move, or the slope has not ``least`` of its errors.

    None, too, when it leads away from where ``towards`` says by its sign, or nowhere. Noise is told from a slope before
    its autocorrelation is worked out: that can only make the error larger.
    """
    n, last = len(points), points[-1][0]
    times, values = [t - last for t, _ in points], [v for _, v in points]
    mean_t, mean_v = sum(times) / n, sum(values) / n
    times, values = [t - mean_t for t in times], [v - mean_v for v in values]
    spread_t = sum(map(mul, times, times))
    if spread_t <= 0:
        return None
    slope = sum(map(mul, times, values)) / spread_t
    if towards and slope * towards <= 0:
        return None
    if least > 0:
        whole, explained = sum(map(mul, values, values)), slope * slope * spread_t
        if explained * (max(1, n - 2) + least * least) < least * least * whole * (1 - ROUNDING):
            return None
    rest = [v - slope * t for t, v in zip(times, values, strict=True)]
    square = sum(map(mul, rest, rest))
    follow = sum(map(mul, rest, rest[1:])) / square if square > 0 else 0.0
    wider = (1 + max(0.0, min(follow, 0.9))) / (1 - max(0.0, min(follow, 0.9)))
    error = math.sqrt(square / max(1, n - 2) * wider) / math.sqrt(spread_t)
    return Line(mean_v - slope * mean_t, slope, error) if abs(slope) >= least * error else None


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
