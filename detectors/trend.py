"""When an objective will be breached: where the last samples lead, with an interval and a confidence.

The confidence answers "will the limit be passed within twice the time that is said?". Its odds are the share of the
way to the limit that is gone times how many standard errors the slope is away from flat; what became of the earlier
forecasts of the series corrects them. Nothing in that was fitted, see docs/detection-measured.md.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from detectors.foretold import Foretold
from detectors.ramp import bend, fit, time_left
from domain.anomaly import Forecast
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

USUAL_SHARE = 0.005  # of the newest value in the usual level
IN_TIME = 2.0  # times the time said: a forecast has come true when the limit is passed by then
LEAST = 5  # samples that every forecast has to come true; a pause of more is one
MOST_UNSEEN = 0.25  # of the time of a window, without a sample: a line across it would be drawn through two points
LEAST_DOUBT = 1e-6  # relative error of a slope: a series without noise is no certainty
LEAST_ODDS = 0.05  # so that an interval ends at some time
UNSURE, SURE = 0.05, 0.95  # what is said at least and at most
_FORECAST = TypeAdapter(Forecast)


class ForecastParams(BaseModel):
    """When a trend towards a limit is worth a warning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: tuple[int, ...] = Field(
        (15, 30, 60), min_length=1, description="Samples that a line is drawn through; each length is tried."
    )
    horizon: float = Field(4.0, gt=0, description="How far ahead is looked, in lengths of the window.")
    certainty: float = Field(4.0, gt=0, description="How many standard errors the slope must be away from flat.")
    progress: float = Field(
        0.1, ge=0, lt=1, description="Share of the way from the usual level to the limit already gone."
    )
    agreeing: int = Field(3, ge=1, description="Forecasts in a row before one is issued.")
    least_width: float = Field(
        0.2, ge=0, description="Share of the time left that the interval reaches before and after, however sure it is."
    )
    width: float = Field(
        2.5, ge=0, description="Further share of the time left, divided by the odds that the forecast comes true."
    )


class _Course(NamedTuple):
    """Where one window leads: seconds until the limit is passed, and the odds that it comes so."""

    ahead: float
    odds: float


class TrendForecaster:
    """Watches one series that has an objective. State: the last samples, the usual level, and its own record."""

    __slots__ = ("_agreed", "_foretold", "_key", "_params", "_points", "_standing", "_usual", "near", "objective")

    def __init__(self, key: SeriesKey, objective: Objective, params: ForecastParams) -> None:
        self._key = key
        self.objective = objective
        self._params = params
        self._points: deque[tuple[float, float]] = deque(maxlen=max(params.windows))
        self._usual: float | None = None
        self._agreed = 0
        self._standing: Forecast | None = None
        self._foretold = Foretold()
        self.near = False  # whether the newest value has gone a part of the way from the usual level to the limit

    @property
    def points(self) -> Sequence[tuple[float, float]]:
        """Return time and value of the last samples, the oldest first."""
        return tuple(self._points)

    def observe(self, at: float, value: float, *, learn: bool) -> Forecast | None:
        """Take the value in and return the forecast that stands; one that came true stands until the value is back."""
        self._points.append((at, value))
        if self._usual is None:
            self._usual = value
        elif learn:
            self._usual += USUAL_SHARE * (value - self._usual)
        way = self.objective.limit - self._usual
        if way == 0 or (way > 0) != self.objective.above:  # usually beyond the limit: nothing to foresee
            self._agreed, self._standing, self.near = 0, None, False
            self._foretold.waited(at, counts=False)
            return None
        gone = (value - self._usual) / way
        self.near = gone >= self._params.progress
        if gone < 1:
            if self._foretold.awaited:
                self._foretold.waited(at, counts=learn and not self._paused(at))
            self._foresee(at, way)
        else:
            self._foretold.came(at)
        return self._standing

    def _foresee(self, at: float, way: float) -> None:
        if not self.near:
            self._agreed, self._standing = 0, None
            return
        courses = [course for n in self._params.windows if (course := self._course(n, way)) is not None]
        self._agreed = self._agreed + 1 if courses else 0
        if self._agreed < self._params.agreeing:
            self._standing = None
            return
        surest = max(courses, key=lambda course: course.odds)
        self._standing = self._forecast(at, surest)
        self._foretold.told(surest.odds, at + max(IN_TIME * surest.ahead, LEAST * self._gap_s))

    def _course(self, n: int, way: float) -> _Course | None:
        points = list(self._points)[-n:]
        line = fit(points) if len(points) == n else None
        if line is None or line.slope == 0 or abs(line.slope) < self._params.certainty * line.slope_error:
            return None
        room = self.objective.limit - line.value
        if room / way >= 1 or room * line.slope < 0:  # behind the usual level, or beyond the limit, or on the way back
            return None
        span_s = points[-1][0] - points[0][0]
        if max(b - a for (a, _), (b, _) in pairwise(points)) > MOST_UNSEEN * span_s:
            return None
        ahead = time_left(room, line.slope, bend(points, line.slope), span_s)
        if ahead > self._params.horizon * span_s:
            return None
        odds = (1 - room / way) / max(line.slope_error / abs(line.slope), LEAST_DOUBT)
        return _Course(ahead, max(odds, LEAST_ODDS))

    def _forecast(self, at: float, course: _Course) -> Forecast:
        ahead, odds = course
        believed = self._foretold.corrected(odds)
        confidence = max(UNSURE, min(SURE, believed / (1 + believed)))
        width = ahead * (self._params.least_width + self._params.width / odds)
        times = (at + ahead, max(at, at + ahead - width), at + ahead + width)
        return Forecast(self._key, self.objective.limit, self.objective.above, at, *times, confidence)

    @property
    def _gap_s(self) -> float:
        """Return the usual time between two of the last samples."""
        return (self._points[-1][0] - self._points[0][0]) / max(1, len(self._points) - 1)

    def _paused(self, at: float) -> bool:
        """Whether nobody knows what the value was just now: a breach may have come and gone."""
        return len(self._points) > 1 and at - self._points[-2][0] > LEAST * self._gap_s

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        standing = None if self._standing is None else _FORECAST.dump_python(self._standing)
        times, values = [t for t, _ in self._points], [v for _, v in self._points]
        return [self._agreed, self._usual, times, values, standing, self._foretold.snapshot()]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as agreed, None | float() | int() as usual, [*times], [*values], standing, foretold] if len(
                times
            ) == len(values):
                self._agreed, self._usual = agreed, usual
                self._standing = None if standing is None else _FORECAST.validate_python(standing)
                self._points.clear()
                self._points.extend((float(t), float(v)) for t, v in zip(times, values, strict=True))
                self._foretold.restore(foretold)
            case _:
                raise StateError("the saved state of a forecast is damaged")
