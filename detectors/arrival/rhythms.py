"""Series that speak much less often than the quickest of their service, and how long nobody has to look at them.

Whether series miss samples together is asked in every gap of the quickest one, and whether a series is overdue whenever
that one may be. Beside it a thousand that speak once a minute would be read twice a second. So when all have been
looked at it is noted until when too few of the slow ones can miss samples, and none of them can be overdue; each sample
until then is held against that. Nothing is found sooner or later for it, and it is not part of what is saved.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, Self

from detectors.arrival.cadence import SilenceParams, allowed_s, read
from domain.identity import SeriesKey

TOGETHER = 3  # series
MISSED = 1.5  # usual gaps: two samples, with room for jitter
MUCH = 8.0  # times the gap of the quickest, from where on a series is slow
WORTH = 5  # times as many series as quick ones: for fewer, what is held against each sample costs more than it saves
ROUNDING_S = 0.01  # more than the arithmetic rounds a time by


class Watched(Protocol):
    """A series, as far as its silence needs it."""

    @property
    def key(self) -> SeriesKey:
        """Return whose silence it is."""

    @property
    def place(self) -> int:
        """Return which of its service it is."""

    @property
    def record(self) -> bytearray:
        """Return the record that begins with its cadence."""

    @property
    def points(self) -> Iterable[tuple[float, float]]:
        """Return time and value of its latest samples, the oldest first."""


def many(known: int) -> int:
    """Return how many of the series that are known must miss samples together for that to mean something."""
    return max(TOGETHER, (known + 1) // 2)


class Slow:
    """See the module. It holds until a series becomes known, is forgotten, or is waited for again or no longer."""

    __slots__ = ("_gap_s", "_patience", "_places", "_warm_up", "quick", "until")

    def __init__(self, quick: Sequence[Watched], gap_s: float, until: float, params: SilenceParams) -> None:
        """``quick``: all that are known and not slow; ``gap_s``: no slow one is quicker; ``until``: when it ends."""
        self.quick = quick
        self.until = until
        self._gap_s = gap_s
        self._places = frozenset(series.place for series in quick)
        self._patience = min(MISSED, params.missing)  # usual gaps: whoever spoke since then is neither
        self._warm_up = params.warm_up

    @classmethod
    def among(
        cls,
        every: Sequence[Watched],
        quickest_s: float,
        silent: Collection[SeriesKey],
        lost: Collection[SeriesKey],
        params: SilenceParams,
    ) -> Self | None:
        """Tell the slow ones from the others, the quickest of which has this gap; None if it would not be worth it."""
        gap_s, quick, missing_at, overdue_at = MUCH * quickest_s, [], [], math.inf
        for series in every:
            numbers = read(series.record)
            last_at, usual_s, _, count = numbers
            if count < params.warm_up:
                continue
            if usual_s < gap_s:
                quick.append(series)
            elif not (lost and series.key in lost):
                missing_at.append(last_at + MISSED * usual_s)
                if not (silent and series.key in silent):
                    overdue_at = min(overdue_at, last_at + allowed_s(numbers, params))
        known = len(missing_at) + sum(series.key not in lost for series in quick)
        needed = many(known) - len(quick)  # of the slow ones, should all of the quick ones miss samples
        if needed < 1 or WORTH * len(quick) > len(every):
            return None
        together_at = sorted(missing_at)[needed - 1] if needed <= len(missing_at) else math.inf
        return cls(quick, gap_s, min(together_at, overdue_at) - ROUNDING_S, params)

    def still(self, one: Watched) -> bool:
        """Whether what is noted holds after a sample of this series."""
        if one.place in self._places:
            return True
        last_at, usual_s, _, count = read(one.record)
        slow: bool = usual_s >= self._gap_s and last_at + self._patience * usual_s >= self.until
        return slow or count < self._warm_up

    def quickest_s(self, now: float) -> float | None:
        """Return the usual gap of the quickest of all; None when all have to be looked at for that."""
        if now >= self.until or not self.quick:
            return None
        quickest: float = min(read(series.record)[1] for series in self.quick)
        return quickest if quickest <= self._gap_s else None
