"""Level shifts: a level that has moved for good is told once, and then no longer in the way of what is smaller.

One gigantic value is learnt as a clipped step, so a level that has moved by a hundred usual sizes would be followed in
as many samples, each of them gigantic: the tails would be full of them for days, and so would the seasons. Where some
in a row are gigantic on the same side, but not so beside each other, that is another level: it is taken over at once,
and the seasons move with it. What is as wild as it is far is no level, and is learnt as ever.
"""

from struct import Struct

from detectors.values.tail import LARGEST

ROW = 6  # gigantic samples that lie as near to each other as those of before
AGE = 1 << 16  # of an age, what is left when divided by this is kept
_ROW = Struct("@3fHB")  # level and limit before the first; the last of them; age then; how many


class Shift:
    """See the module. From a place in the record of a series; values are distances from the first one."""

    __slots__ = ("_place", "fresh")

    def __init__(self, place: int) -> None:
        self._place = place
        self.fresh = _ROW.pack(0.0, 0.0, 0.0, 0, 0)

    def by(self, record: bytearray, age: int, level: float, limit: float, value: float) -> float:
        """Take note of a value that is gigantic: further than the limit from the level, at this age of the series.

        Return by how much the level has moved if it has, 0 otherwise.
        """
        before, near, last, then, row = _ROW.unpack_from(record, self._place)
        if then != (age - 1) % AGE or row == 0:
            before, near, row = level, limit, 1
        elif abs(value - last) <= near:  # and so on the same side
            row += 1
        else:
            row = 1
        moved: float = value - before if row >= ROW else 0.0
        if max(abs(before), near, abs(value)) < LARGEST:
            _ROW.pack_into(record, self._place, before, near, value, age % AGE, 0 if moved else row)
        return moved
