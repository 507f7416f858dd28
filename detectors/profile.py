"""What is usual at this time of the day, or at this hour of the week: a mean per slot, learnt online.

A slot is learnt when it is left, with the mean of the values that fell into it, so that a value is never compared with
itself. Means are kept relative to the first value in single precision: 4 bytes a slot, exact for any unit.
"""

from array import array

from domain.errors import StateError
from domain.state import Plain

KNOWN = 255  # visits of a slot are counted up to here


class Profile:
    """Means per slot of a period; UTC."""

    __slots__ = ("_current", "_means", "_now", "_origin", "_period_s", "_share", "_sum", "_visits", "_width_s")

    def __init__(self, period_s: float, slots: int, share: float) -> None:
        self._period_s = period_s
        self._width_s = period_s / slots
        self._share = share  # of the newest visit in the mean of a slot
        self._means = array("f", bytes(4 * slots))
        self._visits = bytearray(slots)
        self._current = -1
        self._sum, self._now = 0.0, 0
        self._origin = 0.0

    def compare(self, at: float, value: float, *, learn: bool) -> float | None:
        """Return how far the value is from what is usual now, None while this slot is unknown; then take it in."""
        slot = int(at % self._period_s / self._width_s)
        if not learn:
            return value - self._origin - self._means[slot] if self._visits[slot] else None
        if slot != self._current:
            self._enter(slot, value)
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
        """Return the whole state as plain data; slots that were never visited are left out."""
        known = [[slot, visits, self._means[slot]] for slot, visits in enumerate(self._visits) if visits]
        return [self._current, self._sum, self._now, self._origin, known]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as current, float() | int() as total, int() as now, float() | int() as origin, [*known]]:
                self._current, self._sum, self._now, self._origin = current, float(total), now, float(origin)
            case _:
                raise StateError("the saved profile of a series is damaged")
        try:
            for slot, visits, mean in known:
                self._visits[slot], self._means[slot] = visits, mean
        except (ValueError, TypeError, IndexError):
            raise StateError("a slot of a saved profile is damaged") from None
