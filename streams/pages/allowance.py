"""How many answers are taken of one contact: each is kept for days, and a link may be passed on."""

from typing import Final

from domain.clock import Clock
from domain.feedback import Feedback
from domain.identity import ClientId

MOST: Final = 20
WITHIN_S: Final = 900.0


class Allowance:
    """Counts the answers of each contact. Only those that we know have links, so there are no more than those."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[tuple[ClientId | None, str], tuple[float, int]] = {}  # since when how many

    def take(self, answer: Feedback) -> bool:
        """Return whether one more answer of this contact may be written, and count it."""
        who, now = (answer.client, answer.address), self._clock.monotonic()
        since, number = self._taken.get(who, (now, 0))
        if now >= since + WITHIN_S:
            since, number = now, 0
        if number >= MOST:
            return False
        self._taken[who] = since, number + 1
        return True

    def give_back(self, answer: Feedback) -> None:
        """Count one answer less: it could not be written."""
        since, number = self._taken[answer.client, answer.address]
        self._taken[answer.client, answer.address] = since, max(number - 1, 0)
