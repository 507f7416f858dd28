"""What systems share that are simulated for days: the hours of a day, how fast things go, and a load that wanders."""

import math
from abc import ABC, abstractmethod
from random import Random
from typing import Final

from tests.hours.director import Pace, Range

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0


def within(now: float, from_hour: float, lasts_s: float) -> bool:
    """Tell whether a job that begins at that hour every day is running."""
    return (now - from_hour * HOUR_S) % DAY_S < lasts_s


def pace_of(days: float, tick_s: float, calm_s: Range) -> Pace:
    """Return how fast things go, for so many days."""
    return Pace(
        warm_up_s=0.5 * HOUR_S,
        lasts_s=days * DAY_S,
        no_fault_after_s=(days - 0.4) * DAY_S,
        nothing_after_s=(days - 0.2) * DAY_S,
        first_s=(20 * HOUR_S, 28 * HOUR_S),
        calm_s=calm_s,
        long_calm_s=(8 * HOUR_S, 14 * HOUR_S),
        tick_s=tick_s,
        operator_s=(600, 1500),
        repair_s=(300, 1200),
        unnoticed_s=2 * HOUR_S,
        well_s=900.0,
        patience_s=4 * HOUR_S,
    )


class WanderingLoad(ABC):
    """What is usual at that time, times a slow noise. ``burst``: a benign change."""

    def __init__(self, chance: Random, memory: float, unrest: float) -> None:
        self.burst = 1.0
        self._chance, self._memory, self._spread = chance, memory, unrest
        self._unrest = 0.0

    def drawn(self, now: float, dt: float) -> float:
        """Return how much begins in the next ``dt`` seconds."""
        self._unrest = self._memory * self._unrest + self._chance.gauss(0, self._spread)
        expected = self.usual(now) * math.exp(self._unrest) * self.burst * dt
        return max(0.0, self._chance.gauss(expected, math.sqrt(expected)))

    @abstractmethod
    def usual(self, now: float) -> float:
        """Return how much a second is usual then."""
