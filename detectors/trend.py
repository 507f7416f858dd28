"""When an objective will be breached: where the last samples lead, with an interval and a confidence.

The confidence answers "will the limit be passed within twice the time that is said?". Its odds are the share of the
way to the limit that is gone, over the doubt about the slope. What the sample before said as well counts once more, and
what became of the earlier forecasts of the series corrects them. Every trend towards the limit has a confidence,
however low: which of them are told is decided where findings meet (fusion). See docs/detection-measured.md.
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
DOUBT = 0.05  # about a slope, beside its relative error: however smooth a ramp is, it may stop
NEAR = 0.1  # share of the way from the usual level to the limit from which what is merely unusual matters
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
    progress: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="Share of the way from the usual level to the limit that is gone when a trend is looked for.",
    )
    least_width: float = Field(
        0.2, ge=0, description="Share of the time left that the interval reaches before and after, however sure it is."
    )
    width: float = Field(
        4.0, ge=0, description="Further share of the time left, divided by the odds that the forecast comes true."
    )


class _Course(NamedTuple):
    """Where one window leads: seconds until the limit is passed, and the odds that it comes so."""

    ahead: float
    odds: float


class TrendForecaster:
    """Watches one series that has an objective. State: the last samples, the usual level, and its own record."""

    __slots__ = ("_before", "_foretold", "_key", "_params", "_points", "_standing", "_usual", "near", "objective")

    def __init__(self, key: SeriesKey, objective: Objective, params: ForecastParams) -> None:
        self._key = key
        self.objective = objective
        self._params = params
        self._points: deque[tuple[float, float]] = deque(maxlen=max(params.windows))
        self._usual: float | None = None
        self._before = 0.0  # odds by the sample before, on its own
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
            self._before, self._standing, self.near = 0.0, None, False
            self._foretold.waited(at, counts=False)
            return None
        gone = (value - self._usual) / way
        self.near = gone >= NEAR
        if gone < 1:
            if self._foretold.awaited:
                self._foretold.waited(at, counts=learn and not self._paused(at))
            self._foresee(at, way, gone)
        else:
            self._foretold.came(at)
        return self._standing

    def _foresee(self, at: float, way: float, gone: float) -> None:
        tried = self._params.windows if gone >= self._params.progress else ()
        points = list(self._points) if tried else []
        courses = [course for n in tried if n <= len(points) and (course := self._course(points[-n:], way)) is not None]
        if not courses:
            self._before, self._standing = 0.0, None
            return
        surest = max(courses, key=lambda course: course.odds)
        odds = surest.odds + min(surest.odds, self._before)
        self._before = surest.odds
        self._standing = self._forecast(at, _Course(surest.ahead, odds))
        self._foretold.told(odds, at + max(IN_TIME * surest.ahead, LEAST * self._gap_s))

    def _course(self, points: Sequence[tuple[float, float]], way: float) -> _Course | None:
        line = fit(points, least=1.0)
        if line is None or line.slope == 0:
            return None
        room = self.objective.limit - line.value
        if not 0 <= room / way < 1 or line.slope / way <= 0:  # not on its way from the usual level to the limit
            return None
        span_s = points[-1][0] - points[0][0]
        if max(b - a for (a, _), (b, _) in pairwise(points)) > MOST_UNSEEN * span_s:
            return None
        ahead = time_left(room, line.slope, bend(points, line.slope), span_s)
        if ahead > self._params.horizon * span_s:
            return None
        odds = (1 - room / way) / (line.slope_error / abs(line.slope) + DOUBT)
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
        return [self._before, self._usual, times, values, standing, self._foretold.snapshot()]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                float() | int() as before,
                None | float() | int() as usual,
                [*times],
                [*values],
                standing,
                foretold,
            ] if len(times) == len(values):
                self._before, self._usual = float(before), usual
                self._standing = None if standing is None else _FORECAST.validate_python(standing)
                self._points.clear()
                self._points.extend((float(t), float(v)) for t, v in zip(times, values, strict=True))
                self._foretold.restore(foretold)
            case _:
                raise StateError("the saved state of a forecast is damaged")
