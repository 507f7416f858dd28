"""The seasons of a series: what is usual at this time of the day and in this hour of the week, from turn to turn.

The values of a quarter of an hour are added up by whoever judges them. Once it is over, their mean teaches its time of
the day; and the quarters of an hour together teach that hour of the week.

In a record the slots come first. Then, side by side, comes all else that a turn reads, all that it writes, and at the
end what the samples of the new quarter read: where data comes once an hour, every sample is a turn.
"""

from math import inf, isnan, nan
from struct import Struct

from detectors.values.profile import NO_SCALE, SCALE, Profile

QUARTER_S = 900.0
QUARTERS, DAY_SLOTS, WEEK_SLOTS = 4, 96, 168  # of an hour; quarters of a day; hours of a week
NEITHER, DAY, BOTH = 2, 4, 6  # residuals that take part, by the seasons that are known

HOUR = Struct("@2d")  # the first quarter of all; sum of the samples of this hour, up to the current quarter
NOW = Struct(
    "@d2f2I"
)  # end of the current quarter; usual in it by day, by week; residuals; number of the samples above
_read = Struct(f"{SCALE.format}{SCALE.format[1:]}{HOUR.format[1:]}{NOW.format[1:]}").unpack_from
_NEXT = Struct(f"{HOUR.format}{NOW.format[1:]}")
_write = _NEXT.pack_into


class Seasons:
    """Day and week of a series, from a place in its record. ``now`` is the place of NOW, with which they end."""

    __slots__ = ("_daily", "_hour", "_scales", "_weekly", "fresh", "now")

    def __init__(self, per_day: float, per_week: float, place: int = 0) -> None:
        slots = Struct(f"@{DAY_SLOTS}e").size, Struct(f"@{WEEK_SLOTS}e").size
        self._scales = place + sum(slots)
        self._daily = Profile(DAY_SLOTS, per_day, place, self._scales)
        self._weekly = Profile(WEEK_SLOTS, per_week, place + slots[0], self._scales + SCALE.size)
        self._hour = self._scales + 2 * SCALE.size
        self.now = self._hour + HOUR.size
        hour = _NEXT.pack(0.0, 0.0, 0.0, nan, nan, NEITHER, 0)
        self.fresh = self._daily.fresh + self._weekly.fresh + 2 * NO_SCALE + hour

    def begin(self, record: bytearray, at: float) -> None:
        """Take note of when the series begins."""
        quarter = at // QUARTER_S
        _write(record, self._hour, quarter, 0.0, (quarter + 1) * QUARTER_S, nan, nan, NEITHER, 0)

    def turn(self, record: bytearray, at: float, total: float, count: int) -> tuple[float, float, int]:
        """Learn the quarter that ended, of which these are the sum and the number of its samples.

        Return what is usual in the one that begins: by day, by week; residuals.
        """
        base, unit, weekly_base, weekly_unit, began, hour_total, until, day, week, _, hour_count = _read(
            record, self._scales
        )
        quarter, left = int(at // QUARTER_S), int(until // QUARTER_S) - 1
        hour, hour_left = quarter // QUARTERS, left // QUARTERS
        day = self._daily.leave(record, base, unit, left, day, total / count, left - began, quarter)
        hour_total, hour_count = hour_total + total, hour_count + count
        if hour != hour_left:
            age, mean = hour_left - began // QUARTERS, hour_total / hour_count
            week = self._weekly.leave(record, weekly_base, weekly_unit, hour_left, week, mean, age, hour)
            hour_total, hour_count = 0.0, 0
        known = (BOTH if week < inf else DAY) if day < inf else NEITHER  # false for NaN
        _write(record, self._hour, began, hour_total, (quarter + 1) * QUARTER_S, day, week, known, hour_count)
        return day, week, known

    def usual(self, record: bytearray, at: float) -> tuple[float, float, int]:
        """Return what is usual at a time by day, by week; and how many residuals take part."""
        quarter = int(at // QUARTER_S)
        day, week = self._daily.usual(record, quarter), self._weekly.usual(record, quarter // QUARTERS)
        return day, week, NEITHER if isnan(day) else DAY if isnan(week) else BOTH

    def follow(self, record: bytearray, level: float, spread: float) -> None:
        """Let the slots be exact where the series is now."""
        for profile in (self._daily, self._weekly):
            profile.follow(record, level, spread)
