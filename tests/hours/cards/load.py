"""How many purchases are made: by the hour, by the day of the week, and by chance."""

import math
from random import Random

from tests.hours.cards.character import Character
from tests.hours.daily import DAY_S, HOUR_S, WanderingLoad


class Load(WanderingLoad):
    """Purchases that are begun."""

    def __init__(self, chance: Random, character: Character) -> None:
        super().__init__(chance, character.memory, character.unrest)
        self._character = character

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
