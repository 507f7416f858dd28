"""How far a series has been of late, and what that makes of a rise that takes hours."""

import json
import math

import pytest

from detectors.anomalies.fusion import FusionParams
from detectors.forecast.heading import ForecastParams
from detectors.forecast.peak import DAY_S, Peak
from detectors.forecast.trend import TrendForecaster
from domain.anomaly import Forecast
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain
from tests.support.timelines import START, noise

KEY = SeriesKey.of("hsm", "sessions_used")
FULL = Objective("sessions_used", 1.0, above=True)
STEP_S = 60.0
DAY = int(DAY_S / STEP_S)


def seen(*taken: tuple[float, float]) -> Peak:
    peak = Peak()
    for at, value in taken:
        peak.take(at, value)
    return peak


def told(values: list[float]) -> list[tuple[int, Forecast]]:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [forecaster.observe(START + i * STEP_S, value, learn=value <= 1) for i, value in enumerate(values)]
    bar = FusionParams().min_forecast
    return [(i, one) for i, one in enumerate(said) if one is not None and one.confidence >= bar]


def days(count: int, base: float, high: float) -> list[float]:
    """Low at night, and high in the afternoon."""
    swing = (base + (high - base) * (1 - math.cos(2 * math.pi * i / DAY)) / 2 for i in range(count * DAY))
    return [value + each for value, each in zip(swing, noise(count * DAY, 5, centre=0.0, spread=0.005), strict=True)]


def test_a_peak_counts_for_a_day_and_is_gone_after_two() -> None:
    peak = seen((0.0, 5.0), (DAY_S, 1.0))
    assert peak.value == 5.0
    peak.take(DAY_S + 1, 2.0)
    assert peak.value == 5.0
    peak.take(2 * DAY_S + 2, 1.0)
    assert peak.value == 2.0
    peak.take(9 * DAY_S, 0.5)
    assert peak.value == 0.5


def test_nothing_is_higher_than_no_peak() -> None:
    assert Peak().value == -math.inf


def test_what_rises_every_day_is_not_foreseen_to_reach_its_limit() -> None:
    assert told(days(5, base=0.2, high=0.8)) == []


def test_nothing_is_foreseen_by_hours_that_is_further_ahead_than_half_of_what_was_seen() -> None:
    quiet, rise = 16 * 60, 30 * 60
    wobble = noise(quiet + rise, 4, centre=0.0, spread=0.005)
    said = told([max(0.0, (i - quiet) / rise) + each for i, each in enumerate(wobble)])
    far = [(i * STEP_S, one.breach_at - one.issued_at) for i, one in said if one.breach_at - one.issued_at > 4 * 3600]
    assert far
    assert all(ahead_s <= 0.51 * seen_s for seen_s, ahead_s in far)


def test_what_rises_beyond_every_day_before_is_foreseen() -> None:
    calm = days(5, base=0.2, high=0.4)
    ramp = [0.6 * max(0, i - 3 * DAY) / (1.5 * DAY) for i in range(len(calm))]
    values = [one + other for one, other in zip(calm, ramp, strict=True)]
    passes = next(i for i, value in enumerate(values) if value > 1)
    said = [i for i, _ in told(values[:passes])]
    assert said
    assert min(said) > 3 * DAY
    assert (passes - min(said)) * STEP_S > 3 * 3600


def test_a_snapshot_continues_identically() -> None:
    for taken in ([], [(0.0, 1.0)], [(0.0, 1.0), (DAY_S + 1, 0.5)]):
        first, second = seen(*taken), Peak()
        second.restore(json.loads(json.dumps(first.snapshot())))
        for peak in (first, second):
            peak.take(1.5 * DAY_S, 0.7)
        assert second.snapshot() == first.snapshot()
        assert second.value == first.value


@pytest.mark.parametrize("damaged", [None, [], [1.0, 2.0, 3.0], ["x", None, None, None]])
def test_a_damaged_peak_is_refused(damaged: Plain) -> None:
    with pytest.raises(StateError):
        Peak().restore(damaged)
