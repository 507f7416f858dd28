"""What became of the earlier forecasts of a series, and what that says of the next one.

On some systems nearly every ramp goes on to the limit, on others most of them stop: no formula can know, but a series
can learn it. Statements are held against what came: of each ramp the first one of every band of probability, so that
a ramp that was forecast a hundred times counts for at most four. Each moves the log-odds of the forecasts to come by
a step towards what came: a logistic regression, learnt online, with what was stated as its offset and one weight.

Source: A. P. Dawid, "Statistical theory: the prequential approach" (1984): what is said first is scored after.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from domain.errors import StateError
from domain.state import Plain

BANDS = (0.45, 0.6, 0.8, 0.9)  # where the next band of probability begins
LIKELY = 1.5  # odds of what is told by default (fusion.min_forecast, 60 %)
RATE = 0.2  # of the error of a statement, by which the log-odds move: half of a bias is gone after about fifteen
MOST = 20.0  # times the odds, either way: what is nearly there is told, however often it has turned back before


class Statement(NamedTuple):
    """A forecast that is held against what comes: until when it can come true, and the odds that were stated."""

    until: float
    odds: float


class Foretold:
    """The record of one series: how its log-odds are to be moved, and the statements awaited, by band."""

    __slots__ = ("awaited", "shift")

    def __init__(self) -> None:
        self.shift = 0.0  # of the log-odds
        self.awaited: dict[int, Statement] = {}  # empty in calm: then there is nothing to settle

    def inherit(self, shifts: Iterable[float]) -> None:
        """Begin with what others have learnt, of those that have learnt anything."""
        known = [shift for shift in shifts if shift != 0]
        if known:
            self.shift = median(known)

    def corrected(self, odds: float) -> float:
        """Return the odds of a forecast, given what became of the earlier ones."""
        return odds * math.exp(self.shift)

    def told(self, odds: float, until: float, *, ramp: bool = True) -> None:
        """Await the outcome of a statement, uncorrected, unless one of its band is awaited already.

        What is below every band is held against nothing, nor is what is neither clearly a ``ramp`` nor likely enough to
        be told: noise says it all day, and would outvote the ramps. So noise teaches no more than to be kept quiet.
        """
        band = bisect_right(BANDS, odds / (1 + odds))
        if band > 0 and (ramp or self.corrected(odds) >= LIKELY):
            self.awaited.setdefault(band, Statement(until, odds))

    def came(self, at: float) -> None:
        """Settle what is awaited: the limit is passed."""
        for statement in self.awaited.values():
            self._settle(statement, came=at <= statement.until)
        self.awaited.clear()

    def expire(self, at: float, *, counts: bool) -> None:
        """Settle as not come true what is overdue. ``counts``: False while people deal with an incident.

        A breach that did not come because somebody acted must not be held against the forecast: it says nothing then.
        """
        if not counts:
            self.awaited.clear()
        for band, statement in tuple(self.awaited.items()):
            if at > statement.until:
                self._settle(self.awaited.pop(band), came=False)

    def _settle(self, statement: Statement, *, came: bool) -> None:
        odds, furthest = self.corrected(statement.odds), math.log(MOST)
        self.shift = max(-furthest, min(furthest, self.shift + RATE * (came - odds / (1 + odds))))

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [self.shift, [[band, *statement] for band, statement in self.awaited.items()]]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [float() | int() as shift, [*rows]]:
                self.shift = float(shift)
            case _:
                raise StateError("the saved record of forecasts is damaged")
        self.awaited.clear()
        for row in rows:
            match row:
                case [int() as band, float() | int() as until, float() | int() as odds]:
                    self.awaited[band] = Statement(float(until), float(odds))
                case _:
                    raise StateError("the saved record of forecasts is damaged")
