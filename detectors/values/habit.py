"""Habituation: the more often a series surprises, the less a further surprise counts.

Beyond a number of surprises within the memory of the tails further ones count for less, by the square of how often they
come; but never for less than they pass the few largest of late, for that much has not come back. What lasts is one.
"""

from struct import Struct

REST = 7  # blocks in which further surprises are the same one
_OFTEN = Struct("@fH")  # surprises within the memory; blocks until another is another one
_read, _write = _OFTEN.unpack_from, _OFTEN.pack_into


class Habit:
    """See the module. From a place in the record of a series."""

    __slots__ = ("_allowed", "_left", "_place", "fresh")

    def __init__(self, allowed: float, blocks: float, place: int) -> None:
        self._allowed = allowed
        self._left = 1.0 - 1.0 / blocks  # of the surprises after each block; blocks are the memory
        self._place = place
        self.fresh = _OFTEN.pack(0.0, 0)

    def fade(self, record: bytearray) -> None:
        """Forget a little; to be called at the end of each block."""
        often, rest = _read(record, self._place)
        if often > 0:
            _write(record, self._place, often * self._left, max(0, rest - 1))

    def damped(self, record: bytearray, nines: float, strength: float) -> float:
        """Return what is left of so many nines, of a value that passes the few largest of late by its strength."""
        often, _ = _read(record, self._place)
        if often <= self._allowed:
            return nines
        return max(nines * float(self._allowed / often) ** 2, min(nines, strength))

    def count(self, record: bytearray) -> None:
        """Count a surprise, unless it is still the same one."""
        often, rest = _read(record, self._place)
        if rest == 0:
            _write(record, self._place, often + 1.0, REST)
