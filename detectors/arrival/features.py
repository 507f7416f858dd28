"""From samples to values that models can take: the only place for NaN, infinity, counters, repeats and late data.

- A value that is not finite, or too large to square, is refused and leaves no trace.
- Time must move: a sample at the time of its predecessor is a repeat, one before it is late; both are refused, the
  first to come wins.
- A counter becomes its rate per second over the two samples. The first sample gives no rate, and neither does one
  that is smaller than its predecessor (a restart) or rises by too much: counting begins anew from it.
"""

import math
from enum import StrEnum

from domain.telemetry import SampleKind

LARGEST = 1e90  # beyond this a cube, and a sum of some, would not be finite


class Refusal(StrEnum):
    """Why a sample was not taken."""

    NOT_FINITE = "not_finite"
    DUPLICATE = "duplicate"
    LATE = "late"
    NO_RATE = "no_rate"
    TOO_MANY = "too_many_series"
    UNIT = "unit"  # nothing converts it to what its series is


def judged(at: float, value: float, kind: SampleKind, last_at: float, last_value: float) -> float | Refusal:
    """Return the value to judge, or why there is none; of a counter it is a rate per second.

    ``last_at`` and ``last_value`` are those of the sample before, as it came; ``last_at`` is -inf before the first.
    """
    if not (-LARGEST < value < LARGEST and -math.inf < at < math.inf):  # false for NaN too
        return Refusal.NOT_FINITE
    if at <= last_at:
        return Refusal.DUPLICATE if at == last_at else Refusal.LATE
    if kind is SampleKind.GAUGE:
        return value
    rise, elapsed = value - last_value, at - last_at
    rate = rise / elapsed if elapsed < math.inf else -1.0
    return rate if 0 <= rate < LARGEST else Refusal.NO_RATE
