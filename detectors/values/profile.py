"""What is usual at this time of the day, or at this hour of the week: a mean per slot, learnt online.

A slot is learnt when it is left, with the mean of the values that fell into it, so that a value is never compared with
itself.

A series has more slots than all else that is known of it. They are kept in half precision, two bytes each, as distances
from a base in a unit, both of the series: the base is the median of its slots, and the unit is such that all of them
fit. They are chosen anew when a mean does not fit, and when the series has gone far from its base. What that rounds
off is 1/4,000 of the distance from the base, far below the error of a mean over some days.
"""

from math import ceil, inf, isnan, nan
from struct import Struct

MOST = 65_504.0  # of a slot, in units: half precision knows no greater number
LARGEST = 1.5e38  # of a base; half of what single precision holds, in which what is usual now is kept
COARSEST = LARGEST / MOST  # unit: no mean is further from the base
ROOM = 4.0  # times the furthest distance there was: a mean so far off still fits
LEAP = 4096.0  # times that distance: a mean further off is learnt as that far, or it would round off all others
FINEST = 1e-200  # unit of slots that are all alike
FAR = 64.0  # spreads from the base, from where on its rounding may show in what is usual
COARSE = 1e5  # spreads: so does that of a larger unit
SCALE = Struct("@2d")  # base, unit
NO_SCALE = SCALE.pack(0.0, FINEST)  # of slots that are all unknown
_SLOT = Struct("@e")
SIZE = _SLOT.size
_scale, _read, _write = SCALE.unpack_from, _SLOT.unpack_from, _SLOT.pack_into


class Profile:
    """Means per slot of a cycle of slots, in UTC, from a place in the record of a series; their scale is in another.

    A slot is told by the number of its visit: how many widths of a slot have passed since the epoch.
    """

    __slots__ = ("_all", "_place", "_scale", "_settled", "_share", "_slots", "fresh")

    def __init__(self, slots: int, share: float, place: int, scale: int) -> None:
        self._slots = slots
        self._share = share  # of the newest visit in the mean of a slot
        self._settled = slots * ceil(1.0 / share)  # age from where on that share holds; a plain mean before
        self._place, self._scale = place, scale
        self._all = Struct(f"@{slots}e")
        self.fresh = self._all.pack(*[nan] * slots)

    def usual(self, record: bytearray, number: int) -> float:
        """Return the mean of this slot, NaN while it is unknown."""
        base, unit = _scale(record, self._scale)
        mean: float = base + unit * _read(record, self._place + SIZE * (number % self._slots))[0]
        return mean

    def leave(
        self, record: bytearray, base: float, unit: float, left: int, known: float, mean: float, age: float, number: int
    ) -> float:
        """Learn the mean of the visit that is over, of a slot of which so much was known; return that of the next slot.

        Base and unit are those in the record. The first visits weigh as in a plain mean: they are counted by the age
        of the series, in slots.
        """
        slots, place = self._slots, self._place
        if known < inf:  # false for NaN
            share = self._share if age >= self._settled else max(self._share, 1.0 / (1.0 + age // slots))
            mean = known + share * (mean - known)
        away = (mean - base) / unit
        if not -MOST <= away <= MOST:
            base, unit, most = self._scaled(record, max(-LARGEST, min(LARGEST, mean)))
            away = max(-most, min(most, mean - base)) / unit
        _write(record, place + SIZE * (left % slots), away)
        next_one: float = base + unit * _read(record, place + SIZE * (number % slots))[0]
        return next_one

    def follow(self, record: bytearray, level: float, spread: float) -> None:
        """Choose base and unit anew if they are no longer those of a series with such a level and spread."""
        base, unit = _scale(record, self._scale)
        spread = max(spread, FINEST)  # of a constant: its base and unit are right
        if abs(level - base) > FAR * spread or unit > COARSE * spread:
            self._scaled(record)

    def _scaled(self, record: bytearray, wanted: float = nan) -> tuple[float, float, float]:
        """Choose base and unit anew, with room for a mean that is wanted; return them, and how far a slot may be."""
        base, unit = _scale(record, self._scale)
        means = [base + unit * slot for slot in self._all.unpack_from(record, self._place)]
        known = sorted(mean for mean in means if not isnan(mean)) or [0.0 if isnan(wanted) else wanted]
        base = max(-LARGEST, min(LARGEST, known[len(known) // 2]))
        reach = max(known[-1] - base, base - known[0])
        if not isnan(wanted):
            reach = max(reach, min(abs(wanted - base), LEAP * reach if reach > 0 else inf))
        unit = max(FINEST, min(COARSEST, ROOM / MOST * reach))
        most = min(reach, MOST * unit)
        SCALE.pack_into(record, self._scale, base, unit)
        slots = [mean if isnan(mean) else max(-most, min(most, mean - base)) / unit for mean in means]
        self._all.pack_into(record, self._place, *slots)
        return base, unit, most
