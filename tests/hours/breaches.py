"""What clients measure of each journey, good or bad, and when so much of it is bad that it is a breach."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Felt(NamedTuple):
    """A breach: when it was there, since when it was bad, and on which journeys."""

    at: float
    first_bad: float
    journeys: list[str]


class Breaches:
    """Measurements every ``every_s`` seconds; a breach where ``bad`` of the last ``window`` were bad.

    ``rows`` are all measurements, ``at`` is the time of the last, ``good_since`` that of the last bad one.
    """

    def __init__(self, journeys: Iterable[str], every_s: float, window: int, bad: int) -> None:
        self.rows: list[tuple[float, dict[str, Any]]] = []
        self.at = 0.0
        self.good_since = 0.0
        self._every_s, self._too_many = every_s, bad
        self._bad: dict[str, deque[bool]] = {journey: deque(maxlen=window) for journey in journeys}

    def take(self, at: float, row: Mapping[str, Sequence[float]]) -> None:
        """Take in what was measured of each journey; the last number is 1 where that is bad, else 0."""
        self.at = at
        for journey, measured in row.items():
            self._bad[journey].append(bool(measured[-1]))
        if any(measured[-1] for measured in row.values()):
            self.good_since = at
        self.rows.append((at, dict(row)))

    @property
    def breached(self) -> list[str]:
        """Which journeys are breached now."""
        return [journey for journey, bad in self._bad.items() if sum(bad) >= self._too_many]

    def breach(self) -> Felt | None:
        """Return the breach that is there now; it began with the first bad measurement of those that make it."""
        journeys = self.breached
        if not journeys:
            return None
        ago = max(len(bad) - 1 - bad.index(True) for bad in (self._bad[journey] for journey in journeys))
        return Felt(self.at, self.at - self._every_s * ago, journeys)
