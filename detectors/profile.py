"""What is usual at this time of the day, or at this hour of the week: a mean per slot, learnt online.

A slot is learnt when it is left, with the mean of the values that fell into it, so that a value is never compared with
itself. Means are kept relative to the first value of the series, in three bytes: a single-precision number without the
last eight of its 24 significant bits. What that rounds off is 1/100,000 of the distance from the first value, far below
the error of a mean over some days; it saves 264 bytes a series.
"""

from math import isnan
from struct import Struct

BYTES = 3  # of a slot
LARGEST = 3e38  # of a mean: no greater number fits
_FLOAT = Struct("<f")
_WORD = Struct("<I")
_SLOT = Struct(f"{BYTES}s")  # reads and writes a slot in two thirds of the time that a slice of the record takes
_UNKNOWN = b"\x00\xc0\x7f"  # NaN
_pack, _unpack, _word = _FLOAT.pack, _FLOAT.unpack, _WORD.unpack
_read, _write = _SLOT.unpack_from, _SLOT.pack_into


class Profile:
    """Means per slot of a cycle of slots, in UTC, from a place in the record of a series.

    A slot is told by the number of its visit: how many widths of a slot have passed since the epoch.
    """

    __slots__ = ("_enough", "_place", "_share", "_slots", "_width_s", "fresh")

    def __init__(self, width_s: float, slots: int, share: float, place: int = 0) -> None:
        self._width_s = width_s
        self._slots = slots
        self._share = share  # of the newest visit in the mean of a slot
        self._enough = 1.0 / share  # periods, from where on that share holds; a plain mean before
        self._place = place
        self.fresh = _UNKNOWN * slots

    def usual(self, record: bytearray, number: int) -> float:
        """Return the mean of this slot, NaN while it is unknown."""
        (slot,) = _read(record, self._place + BYTES * (number % self._slots))
        mean: float = _unpack(b"\x00" + slot)[0]
        return mean

    def learn(self, record: bytearray, number: int, known: float, mean: float, began_at: float) -> None:
        """Take in the mean of a visit of this slot, of which so much was known.

        The first visits, counted by the time since the beginning, weigh as in a plain mean.
        """
        if not isnan(known):
            share, periods = self._share, (number - began_at // self._width_s) // self._slots
            mean = known + (share if periods >= self._enough else max(share, 1.0 / (1.0 + periods))) * (mean - known)
        if not -LARGEST <= mean <= LARGEST:
            mean = LARGEST if mean > 0 else -LARGEST
        (word,) = _word(_pack(mean))
        _write(record, self._place + BYTES * (number % self._slots), (word + 0x80 >> 8).to_bytes(BYTES, "little"))
