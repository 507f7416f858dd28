"""What is usual at this time of the day, or at this hour of the week: a mean per slot, learnt online.

A slot is learnt when it is left, with the mean of the values that fell into it, so that a value is never compared with
itself. Means are kept relative to the first value in single precision: 4 bytes a slot, exact for any unit.
"""

import struct
from array import array
from base64 import b64decode, b64encode

from domain.errors import StateError
from domain.state import Plain

KNOWN = 255  # visits of a slot are counted up to here


class Profile:
    """Means per slot of a period; UTC."""

    __slots__ = (
        "_current", "_means", "_now", "_origin", "_period_s", "_share", "_since", "_sum", "_until", "_visits",
        "_width_s",
    )  # fmt: skip

    def __init__(self, period_s: float, slots: int, share: float) -> None:
        self._period_s = period_s
        self._width_s = period_s / slots
        self._share = share  # of the newest visit in the mean of a slot
        self._means = array("f", bytes(4 * slots))
        self._visits = bytearray(slots)
        self._current = -1
        self._since = self._until = 0.0  # the current slot; derived, and empty when it is not known
        self._sum, self._now = 0.0, 0
        self._origin = 0.0

    def compare(self, at: float, value: float, *, learn: bool) -> float | None:
        """Return how far the value is from what is usual now, None while this slot is unknown; then take it in."""
        if self._since <= at < self._until:
            slot = self._current
        else:
            slot = int(at % self._period_s / self._width_s)
            if learn and slot != self._current:
                self._enter(slot, value)
            if learn:
                self._since = at - at % self._width_s
                self._until = self._since + self._width_s
        if not learn:
            return value - self._origin - self._means[slot] if self._visits[slot] else None
        value -= self._origin
        self._sum += value
        self._now += 1
        return value - self._means[slot] if self._visits[slot] else None

    def _enter(self, slot: int, value: float) -> None:
        if self._current < 0:
            self._origin = value
        else:
            self._close(self._current, self._sum / self._now)
        self._current, self._sum, self._now = slot, 0.0, 0

    def _close(self, slot: int, mean: float) -> None:
        visits = self._visits[slot]
        share = max(self._share, 1.0 / (visits + 1))
        self._means[slot] += share * (mean - self._means[slot])
        self._visits[slot] = min(KNOWN, visits + 1)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data; the slots as base64, little-endian."""
        if not any(self._visits):
            return [self._current, self._sum, self._now, self._origin, "", ""]
        visits = b64encode(self._visits).decode()
        means = b64encode(struct.pack(f"<{len(self._means)}f", *self._means)).decode()
        return [self._current, self._sum, self._now, self._origin, visits, means]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as current, float() | int() as total, int() as now, float() | int() as origin, *slots]:
                self._current, self._sum, self._now, self._origin = current, float(total), now, float(origin)
                self._since = self._until = 0.0
            case _:
                raise StateError("the saved profile of a series is damaged")
        match slots:
            case ["", ""]:
                self._means, self._visits = array("f", bytes(4 * len(self._means))), bytearray(len(self._means))
            case [str() as visits, str() as means]:
                self._unpack(visits, means)
            case _:
                raise StateError("the slots of a saved profile are damaged")
        if not -1 <= current < len(self._means):
            raise StateError("a saved profile is in a slot that does not exist")

    def _unpack(self, visits: str, means: str) -> None:
        slots = len(self._means)
        try:
            self._means = array("f", struct.unpack(f"<{slots}f", b64decode(means, validate=True)))
            self._visits = bytearray(b64decode(visits, validate=True))
        except (ValueError, struct.error):
            raise StateError("the slots of a saved profile are damaged") from None
        if len(self._visits) != slots:
            raise StateError("a saved profile has another number of slots")
