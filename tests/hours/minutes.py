"""The minutes of clients, good and bad, and when so many of them are bad that it is a breach."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import Final

MINUTE_S: Final = 60.0
WINDOW, BAD = 5, 4  # minutes of which so many bad ones make a breach


class Minutes:
    """The last minutes of each journey; ``at`` is the end of the newest, ``good_since`` that of the last bad one."""

    def __init__(self, journeys: Iterable[str]) -> None:
        self.at = 0.0
        self.good_since = 0.0
        self._bad: dict[str, deque[bool]] = {kind: deque(maxlen=WINDOW) for kind in journeys}

    def take(self, at: float, bad: Mapping[str, bool]) -> None:
        """Take in whether the minute that ends now was bad for each journey."""
        self.at = at
        for kind, one in bad.items():
            self._bad[kind].append(one)
        if any(bad.values()):
            self.good_since = at

    @property
    def breached(self) -> list[str]:
        """Which journeys are breached now."""
        return [kind for kind, bad in self._bad.items() if sum(bad) >= BAD]

    def first_bad(self, kinds: Collection[str]) -> float:
        """Return the first bad minute of those that make the breach of these journeys."""
        return min(
            self.at - MINUTE_S * (len(bad) - 1 - next(i for i, one in enumerate(bad) if one))
            for kind, bad in self._bad.items()
            if kind in kinds
        )
