"""When an objective will be breached: a straight line through the last samples, with an interval and a confidence.

Source: ordinary least squares with the interval of Fieller's theorem simplified to the error of the predicted value;
the error is widened for residuals that follow each other (lag-one autocorrelation), as in the effective sample size
of G. V. Bayley and J. M. Hammersley (1946).
"""

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from domain.anomaly import Forecast
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

USUAL_SHARE = 0.005  # of the newest value in the usual level
_FORECAST = TypeAdapter(Forecast)


class ForecastParams(BaseModel):
    """When a trend towards a limit is worth a warning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: tuple[int, ...] = Field(
        (15, 30, 60), min_length=1, description="Samples that a line is drawn through; each length is tried."
    )
    horizon: float = Field(4.0, gt=0, description="How far ahead is looked, in lengths of the window.")
    certainty: float = Field(5.0, gt=0, description="How many standard errors the slope must be away from flat.")
    progress: float = Field(
        0.1, ge=0, lt=1, description="Share of the way from the usual level to the limit already gone."
    )
    agreeing: int = Field(3, ge=1, description="Forecasts in a row before one is issued.")
    interval: float = Field(1.28, gt=0, description="Half-width of the interval in standard errors (1.28: 80 %).")
    bend: float = Field(
        0.4,
        ge=0,
        lt=1,
        description="Share of the time left by which the interval is wider, because trends are not straight.",
    )


class Line(NamedTuple):
    """A fitted line: value and error at the last sample, slope and error per second."""

    value: float
    slope: float
    slope_error: float
    noise: float


def fit(points: Sequence[tuple[float, float]]) -> Line | None:
    """Return the least-squares line, or None when time does not move."""
    n, last = len(points), points[-1][0]
    mean_t = sum(t - last for t, _ in points) / n
    mean_v = sum(v for _, v in points) / n
    spread_t = sum((t - last - mean_t) ** 2 for t, _ in points)
    if spread_t <= 0:
        return None
    slope = sum((t - last - mean_t) * (v - mean_v) for t, v in points) / spread_t
    rest = [v - mean_v - slope * (t - last - mean_t) for t, v in points]
    square = sum(r * r for r in rest)
    follow = sum(a * b for a, b in pairwise(rest)) / square if square > 0 else 0.0
    wider = (1 + max(0.0, min(follow, 0.9))) / (1 - max(0.0, min(follow, 0.9)))
    noise = math.sqrt(square / max(1, n - 2) * wider)
    return Line(mean_v - slope * mean_t, slope, noise / math.sqrt(spread_t), noise)


class TrendForecaster:
    """Watches one series that has an objective. State: the last samples and the usual level."""

    __slots__ = ("_agreed", "_key", "_params", "_points", "_standing", "_usual", "near", "objective")

    def __init__(self, key: SeriesKey, objective: Objective, params: ForecastParams) -> None:
        self._key = key
        self.objective = objective
        self._params = params
        self._points: deque[tuple[float, float]] = deque(maxlen=max(params.windows))
        self._usual: float | None = None
        self._agreed = 0
        self._standing: Forecast | None = None
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
            return None
        self.near = (value - self._usual) / way >= self._params.progress
        if (value - self._usual) / way < 1:
            self._foresee(at, (value - self._usual) / way)
        return self._standing

    def _foresee(self, at: float, gone: float) -> None:
        forecast = None
        if gone >= self._params.progress:
            found = [f for n in self._params.windows if len(self._points) >= n and (f := self._line(at, n)) is not None]
            forecast = max(found, key=lambda f: f.confidence, default=None)
        self._agreed = self._agreed + 1 if forecast is not None else 0
        self._standing = forecast if self._agreed >= self._params.agreeing else None

    def _line(self, at: float, n: int) -> Forecast | None:
        params, points = self._params, list(self._points)[-n:]
        line = fit(points)
        if line is None or line.slope == 0 or abs(line.slope) < params.certainty * line.slope_error:
            return None
        ahead = (self.objective.limit - line.value) / line.slope
        furthest = params.horizon * (points[-1][0] - points[0][0])
        if not 0 <= ahead <= furthest:
            return None
        faster = abs(line.slope) + params.interval * line.slope_error
        slower = abs(line.slope) - params.interval * line.slope_error
        room = abs(self.objective.limit - line.value)
        slack = params.interval * line.noise
        earliest = max(0.0, max(0.0, room - slack) / faster - params.bend * ahead)
        latest = (room + slack) / slower + params.bend * ahead
        straight = max(0.0, 1 - ahead / furthest * 0.5 - 2 * line.slope_error / abs(line.slope))
        confidence = max(0.05, min(0.95, math.sqrt(straight)))  # the root: calibrated, see docs/detection.md
        return Forecast(
            self._key,
            self.objective.limit,
            self.objective.above,
            at,
            at + ahead,
            at + earliest,
            at + latest,
            confidence,
        )

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        standing = None if self._standing is None else _FORECAST.dump_python(self._standing)
        return [self._agreed, self._usual, [t for t, _ in self._points], [v for _, v in self._points], standing]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as agreed, None | float() | int() as usual, [*times], [*values], standing] if len(times) == len(
                values
            ):
                self._agreed, self._usual = agreed, usual
                self._standing = None if standing is None else _FORECAST.validate_python(standing)
                self._points.clear()
                self._points.extend((float(t), float(v)) for t, v in zip(times, values, strict=True))
            case _:
                raise StateError("the saved state of a forecast is damaged")
