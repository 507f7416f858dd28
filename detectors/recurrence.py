"""What surprises at the same time of the day, day after day, is known: a nightly job, a cache that is emptied at noon.

The largest surprises of the last days are kept with time and size. One is known when surprises of about its size, or
larger ones, came at that time of the day on ten of the last fourteen days: two working weeks. Until then each is told,
for an incident may come daily, too; and what grows is told again.
"""

from array import array
from collections.abc import Sequence

from domain.errors import StateError
from domain.state import Plain

DAY_S = 86_400.0
KEPT = 16  # surprises: the largest of these days
NEAR_S = 900.0  # of the time of day; and surprises that are so near to each other are one
DAYS, ENOUGH = 14, 10
LARGER = 1.3  # times as many nines are about the same size


class Recurrence:
    """The largest surprises of one series in the last days: time and rarity (nines), in turn."""

    __slots__ = ("_past",)

    def __init__(self) -> None:
        self._past = array("d")

    def known(self, at: float, nines: float) -> bool:
        """Whether so large a surprise came at this time of the day on most of the last days."""
        past = self._past
        days = 0
        for place in range(0, len(past), 2):
            ago = at - past[place]
            day = round(ago / DAY_S)
            if 1 <= day <= DAYS and abs(ago - day * DAY_S) <= NEAR_S and nines <= LARGER * past[place + 1]:
                days |= 1 << day
        return days.bit_count() >= ENOUGH

    def remember(self, at: float, nines: float) -> None:
        """Keep a surprise; one that is close to the last is the same."""
        past = self._past
        if past and at - past[-2] < NEAR_S:
            past[-1] = max(past[-1], nines)
            return
        past.extend((at, nines))
        while past[0] < at - (DAYS + 0.5) * DAY_S:
            del past[:2]
        if len(past) > 2 * KEPT:
            least = 2 * min(range(KEPT + 1), key=lambda place: past[2 * place + 1])
            del past[least : least + 2]

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return list(self._past)

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        if not isinstance(state, Sequence) or isinstance(state, str | bytes) or len(state) % 2:
            raise StateError("the saved surprises of a series are damaged")
        try:
            self._past = array("d", state)  # type: ignore[arg-type] # what is no number raises
        except TypeError:
            raise StateError("the saved surprises of a series are damaged") from None
