"""How near its limit a series has been of late, so that what comes every day is no trend.

What rises every morning reaches as far as yesterday: only what goes beyond that says more. Days are kept in two halves,
the one that is filled and the one before it: so a peak counts for one to two days, and is two numbers.
"""

import math

from domain.errors import StateError
from domain.state import Plain

DAY_S = 86_400.0


class Peak:
    """The highest value of the last day or two, and since when there are values."""

    __slots__ = ("_before", "_now", "_since", "began_at")

    def __init__(self) -> None:
        self.began_at = math.inf
        self._since = -math.inf  # when the half that is filled began
        self._now, self._before = -math.inf, -math.inf

    @property
    def value(self) -> float:
        """The highest value; minus infinity when there is none."""
        return max(self._now, self._before)

    def take(self, at: float, value: float) -> None:
        """Take a value in."""
        if at - self._since > DAY_S:
            self._before = self._now if at - self._since <= 2 * DAY_S else -math.inf
            self._since, self._now = at, -math.inf
        self._now = max(self._now, value)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [None if math.isinf(each) else each for each in (self.began_at, self._since, self._now, self._before)]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                None | float() | int() as began, None | float() | int() as since,
                None | float() | int() as now, None | float() | int() as before,
            ]:  # fmt: skip
                self.began_at = math.inf if began is None else float(began)
                self._since, self._now, self._before = (
                    -math.inf if each is None else float(each) for each in (since, now, before)
                )
            case _:
                raise StateError("the saved peak of a series is damaged")
