"""When an objective will be breached: by the last samples of a series, and by what it has done for longer.

A line through sixty samples sees a queue that grows, and is blind to a disk that fills over days: too little of it is
in them. So the same is asked of means of 64 samples, with a usual level, slopes and a record of their own: memory for
another sixty points, and a sixty-fourth of the time.
"""

from collections.abc import Sequence

from detectors.forecast.heading import ForecastParams, Heading
from domain.anomaly import Forecast
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

NEAR = 0.1  # share of the way from the usual level to the limit from which what is merely unusual matters
LATELY = 3  # samples, of which two must be near: a single odd one is not on its way, nor is one that falls back
EVEN = 0.5  # what is as likely as not by the last samples is nearer than all that the means can say


class TrendForecaster:
    """Watches one series that has an objective. State: where it heads, by samples and by means, and the next mean."""

    __slots__ = ("_count", "_learn", "_params", "_slow", "_soon", "_sum", "objective")

    def __init__(self, key: SeriesKey, objective: Objective, params: ForecastParams) -> None:
        self.objective = objective
        self._params = params
        self._soon = Heading(key, objective, params)
        self._slow = Heading(key, objective, params, slow=True)
        self._count, self._sum = 0, 0.0  # of the samples on their way into the next mean
        self._learn = True  # whether all of them may be learnt from

    def inherit(self, siblings: Sequence["TrendForecaster"]) -> None:
        """Begin with the ways of others that have the same objective; see `siblings`."""
        self._soon.inherit([each._soon for each in siblings])  # noqa: SLF001 - of its own kind
        self._slow.inherit([each._slow for each in siblings])  # noqa: SLF001 - of its own kind

    @property
    def near(self) -> bool:
        """Whether the newest value has gone a part of the way from the usual level to the limit."""
        return self._soon.gone >= NEAR

    @property
    def coming(self) -> bool:
        """Whether the newest value is on its way: beyond the limit, or the furthest of the last, of which two are near.

        An odd second that the next ones take back is on its way to nothing.
        """
        if not self.near or self._is_one_step:
            return False
        *before, newest = self._soon.lately(LATELY)
        return newest >= 1 or (max(before, default=0.0) >= NEAR and newest >= max(before))

    @property
    def points(self) -> Sequence[tuple[float, float]]:
        """Return time and value of the last samples, the oldest first."""
        return self._soon.points

    def observe(self, at: float, value: float, *, learn: bool) -> Forecast | None:
        """Take the value in and return the forecast that stands; one that came true stands until the value is back."""
        self._soon.observe(at, value, learn=learn)
        if value > self.objective.limit if self.objective.above else value < self.objective.limit:
            self._slow.passed(at)
        self._count += 1
        self._sum += value
        self._learn = self._learn and learn
        if self._count >= self._params.spacing:
            self._slow.observe(at, self._sum / self._count, learn=self._learn)
            self._count, self._sum, self._learn = 0, 0.0, True
        soon, slow = self._soon.standing, self._slow.standing
        if soon is not None and self._is_one_step:
            soon = None
        if slow is None or (soon is not None and soon.confidence >= min(EVEN, slow.confidence)):
            return soon
        return slow if slow.breach_at - at <= self._params.furthest else soon

    @property
    def _is_one_step(self) -> bool:
        """Whether it counts something, and is one off the best of late, and more than one from beyond the limit.

        A node of four that is restarted is half of the way to a limit of two, and on its way to nothing.
        """
        values, limit, above = self._soon.values, self.objective.limit, self.objective.above
        newest = values[-1]
        if not newest.is_integer() or (limit - newest if above else newest - limit) < 1:  # nearly always
            return False
        off = newest - min(values) if above else max(values) - newest
        return off <= 1 and all(value.is_integer() for value in values)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [self._soon.snapshot(), self._slow.snapshot(), self._count, self._sum, self._learn]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [soon, slow, int() as count, float() | int() as total, bool() as learn]:
                self._soon.restore(soon)
                self._slow.restore(slow)
                self._count, self._sum, self._learn = count, float(total), learn
            case _:
                raise StateError("the saved state of a forecast is damaged")
