"""How many requests the app sends: by hour and weekday, on payday, on a football night, and by chance."""

import math
from random import Random
from typing import Final

from tests.hours.daily import DAY_S, HOUR_S, MINUTE_S, WanderingLoad
from tests.hours.mobile.character import Character

KICK_OFF_H: Final = 20.75
HALF_S: Final = 47 * MINUTE_S
BREAK_S: Final = 16 * MINUTE_S


class Load(WanderingLoad):
    """Requests that are sent."""

    def __init__(self, chance: Random, character: Character) -> None:
        super().__init__(chance, character.memory, character.unrest)
        self._character = character

    def usual(self, now: float) -> float:
        """Return the requests a second that are usual then."""
        own, today = self._character, int(now // DAY_S)
        evening_and_day = max(self._of_day(day, (now - day * DAY_S) / HOUR_S) for day in (today - 1, today))
        return own.peak_rate * (own.night + (1 - own.night) * evening_and_day) * self._football(now)

    def _of_day(self, day: int, hour: float) -> float:
        """Return the share of the peak that is due to one day, at its hour; its evening goes on after midnight."""
        own = self._character
        weekend = (own.first_day + day) % 7 >= 5
        late = 1.7 if weekend else 0.0
        peaks = ((7.8, 1.3, 0.4 if weekend else 0.85), (12.5, 2.2, 0.75), (20.3, 2.4, 1.0))
        shape = max(height * math.exp(-(((hour - at - late) / width) ** 2)) for at, width, height in peaks)
        return shape * (own.weekend if weekend else 1.0) * self._payday(day, hour)

    def _payday(self, day: int, hour: float) -> float:
        """Return how many times as many look whether their wages have come; fewer as the day goes on."""
        own = self._character
        if day != own.payday:
            return 1.0
        return 1 + (own.payday_factor - 1) * math.exp(-(((hour - 8) / 5) ** 2))

    def _football(self, now: float) -> float:
        """Return how much less is done while the ball rolls, and more when it does not."""
        since_s = now - self._character.football * DAY_S - KICK_OFF_H * HOUR_S
        if not 0 <= since_s < 2 * HALF_S + 2 * BREAK_S:
            return 1.0
        rolls = since_s < HALF_S or HALF_S + BREAK_S <= since_s < 2 * HALF_S + BREAK_S
        return 0.75 if rolls else 1.35
