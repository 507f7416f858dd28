"""Where the last samples of one series lead, with an interval and a confidence.

The confidence answers "will the limit be passed within twice the time that is said?". There are two ways to be wrong.
It was no ramp: against that the odds are the share of the way to the limit that is gone, over the doubt about the
slope, and what the sample before said as well counts once more. Or the ramp stops: no look at it says so, but the less
is left of the way, the less there is to stop on. What became of the earlier forecasts of the series corrects that.
Every trend towards the limit has a confidence, however low: which of them are told is decided where findings meet
(fusion). See docs/detection-measured.md.
"""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from operator import sub
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from detectors.forecast.foretold import Foretold
from detectors.forecast.peak import Peak
from detectors.forecast.ramp import Line, bend, fit, slope_of, time_left
from detectors.forecast.steepness import Steepness
from domain.anomaly import Forecast
from domain.durations import parse_duration
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain

USUAL_SHARE = 0.005  # of the newest value in the usual level
IN_TIME = 2.0  # times the time said: a forecast has come true when the limit is passed by then
LEAST = 5  # samples that every forecast has to come true; a pause of more is one
MOST_UNSEEN = 0.25  # of the time of a window, without a sample: a line across it would be drawn through two points
DOUBT = 0.05  # about a slope, beside its relative error: however smooth a ramp is, it may bend
SLOW_DOUBT = 0.2  # the same of a slope through means: hours and days have room for more to happen
STOPS = 0.1  # odds that a ramp stops somewhere on its way, each part of the way as likely: it is repaired, or gives way
HALTED = 0.3  # of the slope of its window: where the newest third is surely flatter the value has halted, or was a step
SURELY = 2.0  # errors of that third's slope
LEAST_ODDS = 0.05  # so that an interval ends at some time
UNSURE, SURE = 0.05, 0.95  # what is said at least and at most
RAMP = 4.0  # errors of its slope, from which a trend is a ramp whatever it leads to: noise has none in hours
AWAY = 10.0  # times as soon as a straight line, that what bends is said to get there at most: noise bends, too
STEP = 3.0  # times the second largest move between two points of a window: what is larger than that is a step,
STEP_SHARE = 0.5  # if it is so much of the rise
FAINT = 0.25  # odds below which the next samples need not be looked at
REST = 1  # samples that are not: noise that reaches far towards a limit is faint all day
Duration = Annotated[float, BeforeValidator(parse_duration)]
_FORECAST = TypeAdapter(Forecast)
_Points = Sequence[tuple[float, float]]


class ForecastParams(BaseModel):
    """When a trend towards a limit is worth a warning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: tuple[int, ...] = Field(
        (15, 30, 60), min_length=1, description="Samples that a line is drawn through; each length is tried."
    )
    spacing: int = Field(
        64,
        ge=2,
        description="Lines are also drawn through means of so many samples each: what takes days is foreseen, too.",
    )
    horizon: float = Field(4.0, gt=0, description="How far ahead is looked, in lengths of the window.")
    furthest: Duration = Field(
        259_200.0, gt=0, description="What only the means foresee is said when it is no further away."
    )
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
    """Where one window leads: its line, what is left of the way, the odds of a ramp, and how clear the slope is."""

    points: _Points
    line: Line
    left: float
    odds: float
    clear: float  # slope in its errors


class Heading:
    """Watches one series at one spacing. State: the last points, the usual level and slopes, and its own record."""

    __slots__ = (
        "_before", "_doubt", "_foretold", "_heard", "_key", "_most", "_objective", "_often", "_params", "_peak",
        "_rest", "_slow", "_steepness", "_times", "_usual", "_values", "gone", "standing",
    )  # fmt: skip

    def __init__(self, key: SeriesKey, objective: Objective, params: ForecastParams, *, slow: bool = False) -> None:
        """``slow``: each point is a mean of many samples. What takes so long runs away from nobody, and often stops."""
        self._key = key
        self._slow = slow
        self._doubt = SLOW_DOUBT if slow else DOUBT
        self._objective = objective
        self._params = params
        self._most, self._often = max(params.windows), math.gcd(*params.windows)
        self._times, self._values = array("d"), array("d")  # a tenth of what pairs of numbers take
        self._usual: float | None = None
        self._heard = 0  # points
        self._steepness = tuple(Steepness() for _ in params.windows)
        self._before = 0.0  # odds by the look before, on its own
        self._rest = 0  # samples that need not be looked at
        self._foretold = Foretold()
        self._peak = Peak() if slow else None  # of the points that have left
        self.gone = 0.0  # share of the way from the usual level to the limit; NaN when it is usually beyond
        self.standing: Forecast | None = None  # one that came true stands until the value is back

    @property
    def points(self) -> Sequence[tuple[float, float]]:
        """Return time and value of the last points, the oldest first."""
        return tuple(zip(self._times, self._values, strict=True))

    @property
    def values(self) -> Sequence[float]:
        """Return the last values, the oldest first."""
        return self._values

    def inherit(self, siblings: Sequence["Heading"]) -> None:
        """Begin with the usual slopes of others, and with what became of their forecasts; never with their level."""
        for window, steepness in enumerate(self._steepness):
            steepness.inherit(each.usual_slopes[window] for each in siblings)
        self._foretold.inherit(each.shift for each in siblings)

    @property
    def usual_slopes(self) -> Sequence[float]:
        """Return the usual slope of each window, per second; infinite while nothing is known."""
        return [each.usual for each in self._steepness]

    @property
    def shift(self) -> float:
        """Return by how much the record of its forecasts moves the log-odds of the next one."""
        return self._foretold.shift

    def lately(self, samples: int) -> list[float]:
        """Return the share of the way that each of the last points has gone, as seen from the usual level of now."""
        if self._usual is None or not self.gone < math.inf:
            return []
        usual = self._usual
        return [(value - usual) / (self._objective.limit - usual) for value in self._values[-samples:]]

    def observe(self, at: float, value: float, *, learn: bool) -> None:
        """Take a point in and look where it leads."""
        self._take(at, value)
        if self._usual is None:
            self._usual = value
        elif learn:
            self._usual += USUAL_SHARE * (value - self._usual)
        self._look(at, value, self._usual, learn=learn)
        if learn and self._heard % self._often == 0:  # what is looked at is held against what was usual before
            self._learn_slopes()

    def _look(self, at: float, value: float, usual: float, *, learn: bool) -> None:
        way = self._objective.limit - usual
        if way == 0 or (way > 0) != self._objective.above:  # usually beyond the limit: nothing to foresee
            self.gone = math.nan
            self._before, self.standing = 0.0, None
            self._foretold.expire(at, counts=False)
            return
        self.gone = (value - usual) / way
        if self.gone < 1:
            if self._foretold.awaited:
                self._foretold.expire(at, counts=learn and not self._paused(at))
            self._foresee(at, way)
        else:
            self._foretold.came(at)

    def passed(self, at: float) -> None:
        """Take in that the limit is passed, by a sample that is not a point of its own."""
        if self._foretold.awaited:
            self._foretold.came(at)

    def _take(self, at: float, value: float) -> None:
        if self._peak is not None:
            self._peak.began_at = min(self._peak.began_at, at)
        self._times.append(at)
        self._values.append(value)
        if len(self._times) > self._most:
            if self._peak is not None:
                self._peak.take(self._times[0], self._upwards(self._values[0]))
            del self._times[0], self._values[0]
        self._heard += 1

    def _learn_slopes(self) -> None:
        for n, steepness in zip(self._params.windows, self._steepness, strict=True):
            if self._heard % n == 0 and len(self._times) >= n:
                steepness.learn(slope_of(self._times[-n:], self._values[-n:]))

    def _foresee(self, at: float, way: float) -> None:
        if self.gone < self._params.progress:
            self._rest, self._before, self.standing = 0, 0.0, None
            return
        if self._rest > 0:
            self._rest -= 1
            self.standing = None
            return
        points = list(zip(self._times, self._values, strict=True))
        sized = zip(self._params.windows, self._steepness, strict=True)
        usual = [(points[-n:], steepness.usual) for n, steepness in sized if n <= len(points)]
        courses = [course for part, slope in usual if (course := self._course(part, way, slope)) is not None]
        surest = self._reaches(sorted(courses, key=lambda course: -course.odds))
        if surest is None:
            self._rest, self._before, self.standing = REST, 0.0, None
            return
        ahead, course = surest
        odds = course.odds + min(course.odds, self._before)
        self._before = course.odds
        self._rest = REST if course.odds < FAINT else 0
        through = 1 / (1 / odds + STOPS * course.left)
        self.standing = self._forecast(at, ahead, odds, self._foretold.corrected(through))
        until = at + max(IN_TIME * ahead, LEAST * self._gap_s)
        self._foretold.told(through, until, ramp=max(each.clear for each in courses) >= RAMP)

    def _course(self, points: _Points, way: float, usual_slope: float) -> _Course | None:
        line = fit(points, least=1.0, towards=way)
        if line is None:
            return None
        left, steep = (self._objective.limit - line.value) / way, abs(line.slope)
        error = max(line.slope_error, usual_slope)
        if not 0 <= left < 1 or steep < error:  # not on its way from the usual level to the limit
            return None
        span_s = points[-1][0] - points[0][0]
        if max(b - a for (a, _), (b, _) in pairwise(points)) > MOST_UNSEEN * span_s or _halted(points, line.slope):
            return None
        if _stepped(points, line.slope) or not self._is_new_high(points[-1][1], len(points)):
            return None
        odds = (1 - left) / (error / steep + self._doubt)
        return _Course(points, line, left, max(odds, LEAST_ODDS), steep / error if error > 0 else RAMP)

    def _reaches(self, courses: Sequence[_Course]) -> tuple[float, _Course] | None:
        """Return the first course that leads to the limit within the horizon, and how many seconds it takes."""
        for course in courses:
            points, line = course.points, course.line
            span_s = points[-1][0] - points[0][0]
            room = self._objective.limit - line.value
            bent = bend(points, line.slope)
            ahead = time_left(room, line.slope, min(0.0, bent) if self._slow else bent, span_s)
            ahead = max(ahead, room / line.slope / AWAY)
            unseen = self._peak is not None and points[-1][0] - self._peak.began_at < IN_TIME * ahead
            if ahead <= self._params.horizon * span_s and not unseen:
                return ahead, course
        return None

    def _is_new_high(self, value: float, window: int) -> bool:
        """Whether the series has not been there of late, before the window: hours of a rise come every day."""
        if self._peak is None:
            return True
        return self._upwards(value) > max(self._peak.value, *map(self._upwards, self._values[:-window]), -math.inf)

    def _upwards(self, value: float) -> float:
        """Turn a value so that the limit is above it."""
        return value if self._objective.above else -value

    def _forecast(self, at: float, ahead: float, odds: float, believed: float) -> Forecast:
        """``odds``: of a ramp, which say how well its time is known; ``believed``: that it goes through."""
        confidence = max(UNSURE, min(SURE, believed / (1 + believed)))
        width = ahead * (self._params.least_width + self._params.width / odds)
        times = (at + ahead, max(at, at + ahead - width), at + ahead + width)
        return Forecast(self._key, self._objective.limit, self._objective.above, at, *times, confidence)

    @property
    def _gap_s(self) -> float:
        """Return the usual time between two of the last points."""
        return (self._times[-1] - self._times[0]) / max(1, len(self._times) - 1)

    def _paused(self, at: float) -> bool:
        """Whether nobody knows what the value was just now: a breach may have come and gone."""
        return len(self._times) > 1 and at - self._times[-2] > LEAST * self._gap_s

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        standing = None if self.standing is None else _FORECAST.dump_python(self.standing)
        slopes = [each.snapshot() for each in self._steepness]
        numbers = [self._before, self._usual, self._heard, self._rest]
        peak = None if self._peak is None else self._peak.snapshot()
        return [numbers, [*self._times], [*self._values], slopes, standing, self._foretold.snapshot(), peak]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                [float() | int() as before, None | float() | int() as usual, int() as heard, int() as rest],
                [*times], [*values], [*slopes], standing, foretold, peak,
            ] if len(times) == len(values) and len(slopes) == len(self._steepness):  # fmt: skip
                self._before, self._usual, self._heard, self._rest = float(before), usual, heard, rest
                try:
                    self.standing = None if standing is None else _FORECAST.validate_python(standing)
                    self._times, self._values = array("d", times), array("d", values)
                except (ValidationError, TypeError):
                    raise StateError("the saved state of a forecast is damaged") from None
                for steepness, saved in zip(self._steepness, slopes, strict=True):
                    steepness.restore(saved)
                self._foretold.restore(foretold)
                if self._peak is not None:
                    self._peak.restore(peak)
            case _:
                raise StateError("the saved state of a forecast is damaged")


def _stepped(points: _Points, slope: float) -> bool:
    """Whether one step, larger than anything else in the window, makes half of the rise, or takes half of it back.

    What fell back in one step has ended, though the line through all of it still rises.
    """
    values = [value for _, value in points]
    moves: list[float] = list(map(sub, values[1:], values))
    largest = max(*moves, -min(moves))
    if largest <= STEP_SHARE * abs(slope) * (points[-1][0] - points[0][0]):
        return False
    return sum(STEP * abs(move) >= largest for move in moves) == 1


def _halted(points: _Points, slope: float) -> bool:
    """Whether the newest third of a window is surely much flatter than its line: it halted, turned, or was a step."""
    newest = fit(points[-max(LEAST, len(points) // 3) :])
    if newest is None:
        return False
    return (newest.slope + math.copysign(SURELY * newest.slope_error, slope)) / slope < HALTED
