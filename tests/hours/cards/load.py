"""How many purchases are made: by the hour, by the day of the week, and by chance."""

import math
from random import Random

from tests.hours.cards.character import DAY_S, HOUR_S, Character


class Load:
    """``burst``: a benign change."""

    def __init__(self, chance: Random, character: Character) -> None:
        self.burst = 1.0
        self._chance, self._character = chance, character
        self._unrest = 0.0

    def purchases(self, now: float, dt: float) -> float:
        """Return how many are begun in the next ``dt`` seconds."""
        own = self._character
        self._unrest = own.memory * self._unrest + self._chance.gauss(0, own.unrest)
        expected = self.usual(now) * math.exp(self._unrest) * self.burst * dt
        return max(0.0, self._chance.gauss(expected, math.sqrt(expected)))

    def usual(self, now: float) -> float:
        """Return the purchases a second that are usual then."""
        own = self._character
        hour = now % DAY_S / HOUR_S
        day = (own.first_day + int(now // DAY_S)) % 7
        weekend = day >= 5
        late = 1.5 if weekend else 0.0
        lunch = own.lunch * math.exp(-(((hour - 12.7 - late) / 2.6) ** 2))
        evening = math.exp(-(((hour - 18.3) / 2.3) ** 2))
        return own.peak_rate * (own.night + (1 - own.night) * max(lunch, evening)) * (own.weekend if weekend else 1.0)


def hour_of(now: float) -> float:
    """Return the hour of the day."""
    return now % DAY_S / HOUR_S


def within(now: float, from_hour: float, lasts_s: float) -> bool:
    """Tell whether a job that begins at that hour every day is running."""
    return (now - from_hour * HOUR_S) % DAY_S < lasts_s
