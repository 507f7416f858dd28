"""What a new series begins with: the ways of its siblings, which are other instances of the same thing.

A process that is replaced is a new series, of which nothing is known. But the same metric of the same service, under
the same names of labels, was there before. How steep it goes all day, and what became of its forecasts, are the ways of
the metric, and a new instance has them from its first sample on. How high it is, and was of late, is its own: after a
leak that was ended by restarts the next one must not be hidden by it. From then on each learns for itself, so that what
befalls all instances at once counts once for each.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.identity import SeriesKey, ServiceId

if TYPE_CHECKING:
    from detectors.series.bank import Series

LATEST = 16  # siblings that are asked: a label with a new value for each request must not make each one slower
_Kind = tuple[ServiceId, str, tuple[str, ...]]


class Siblings:
    """The latest series of each kind, in the order in which they began; what has no labels has no siblings."""

    def __init__(self, known: Iterable["Series"] = ()) -> None:
        """``known``: those of which something is asked."""
        self._latest: dict[_Kind, tuple[Series, ...]] = {}
        for series in known:
            self._join(series)

    def taught(self, series: "Series") -> "Series":
        """Return a new series, which has taken over what is usual of its siblings."""
        if series.objectives and series.key.attributes:
            goals = [goal for each in self._latest.get(_kind(series.key), ()) for goal in each.objectives]
            for _, trend in series.objectives:
                trend.inherit([known for _, known in goals if known.objective == trend.objective])
            self._join(series)
        return series

    def _join(self, series: "Series") -> None:
        kind = _kind(series.key)
        self._latest[kind] = (*self._latest.get(kind, ()), series)[-LATEST:]


def _kind(key: SeriesKey) -> _Kind:
    return key.service, key.metric, tuple(name for name, _ in key.attributes)
