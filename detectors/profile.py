"""What is usual at this time of the day, or at this hour of the week: a mean per slot, learnt online.

A slot is learnt when it is left, with the mean of the values that fell into it, so that a value is never compared with
itself. Means are kept relative to the first value of the series, in three bytes: a single-precision number without the
last eight of its 24 significant bits. What that rounds off is 1/100,000 of the distance from the first value, far below
the error of a mean over some days; it saves 264 bytes a series.
"""

import math
from struct import Struct

BYTES = 3  # of a slot
LARGEST = 3e38  # of a mean: no greater number fits
_FLOAT = Struct("<f")
_WORD = Struct("<I")
_UNKNOWN = b"\x00\xc0\x7f"  # NaN


class Profile:
    """Means per slot of a cycle of slots, in UTC, from a place in the record of a series."""

    __slots__ = ("_place", "_share", "_slots", "_width_s", "fresh")

    def __init__(self, width_s: float, slots: int, share: float, place: int = 0) -> None:
        self._width_s = width_s
        self._slots = slots
        self._share = share  # of the newest visit in the mean of a slot
        self._place = place
        self.fresh = _UNKNOWN * slots

    def usual(self, record: bytearray, at: float) -> float:
        """Return the mean of this slot, NaN while it is unknown."""
        place = self._place + BYTES * int(at // self._width_s % self._slots)
        mean: float = _FLOAT.unpack(b"\x00" + record[place : place + BYTES])[0]
        return mean

    def learn(self, record: bytearray, at: float, known: float, mean: float, began_at: float) -> None:
        """Take in the mean of a visit of this slot, of which so much was known.

        The first visits, counted by the time since the beginning, weigh as in a plain mean.
        """
        number = at // self._width_s
        if not math.isnan(known):
            periods = (number - began_at // self._width_s) // self._slots
            mean = known + max(self._share, 1.0 / (1.0 + max(0.0, periods))) * (mean - known)
        (word,) = _WORD.unpack(_FLOAT.pack(max(-LARGEST, min(LARGEST, mean))))
        place = self._place + BYTES * int(number % self._slots)
        record[place : place + BYTES] = (word + 0x80 >> 8).to_bytes(BYTES, "little")
