"""From samples to values that models can take: the only place for NaN, infinity, counters, repeats and late data.

- A value that is not finite, or too large to square, is refused and leaves no trace.
- Time must move: a sample at the time of its predecessor is a repeat, one before it is late; both are refused, the
  first to come wins.
- A counter becomes its rate per second over the two samples. The first sample gives no rate, and neither does one
  that is smaller than its predecessor (a restart): counting begins anew from it.
"""

import math
from enum import StrEnum

from domain.errors import StateError
from domain.state import Plain
from domain.telemetry import SampleKind

LARGEST = 1e90  # beyond this a cube, and a sum of some, would not be finite


class Refusal(StrEnum):
    """Why a sample was not taken."""

    NOT_FINITE = "not_finite"
    DUPLICATE = "duplicate"
    LATE = "late"
    NO_RATE = "no_rate"


class Feature:
    """The last sample of one series, and what the next one means."""

    __slots__ = ("last_at", "last_value")

    def __init__(self) -> None:
        self.last_at = -math.inf
        self.last_value = 0.0

    def take(self, at: float, value: float, kind: SampleKind) -> float | Refusal:
        """Return the value to judge, or why there is none."""
        if not (-LARGEST < value < LARGEST and -math.inf < at < math.inf):  # false for NaN too
            return Refusal.NOT_FINITE
        if at <= self.last_at:
            return Refusal.DUPLICATE if at == self.last_at else Refusal.LATE
        if kind is SampleKind.GAUGE:
            self.last_at = at
            return value
        rise, elapsed = value - self.last_value, at - self.last_at
        self.last_at, self.last_value = at, value
        return rise / elapsed if rise >= 0 and elapsed < math.inf else Refusal.NO_RATE

    def snapshot(self) -> Plain:
        """Return time and value of the last sample."""
        return [self.last_at if self.last_at > -math.inf else None, self.last_value]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [None | float() | int() as at, float() | int() as value]:
                self.last_at, self.last_value = (-math.inf if at is None else float(at)), float(value)
            case _:
                raise StateError("the saved feature of a series is damaged")
