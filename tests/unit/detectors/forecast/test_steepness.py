"""How steep a series usually is, and what that makes of a trend."""

import json
import math

import pytest

from detectors.anomalies.fusion import FusionParams
from detectors.forecast.foretold import Foretold
from detectors.forecast.heading import ForecastParams
from detectors.forecast.steepness import FIRST, Steepness
from detectors.forecast.trend import TrendForecaster
from domain.anomaly import Forecast
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain
from tests.support.timelines import START, noise

KEY = SeriesKey.of("ledger-db", "pool_in_use")
FULL = Objective("pool_in_use", 1.0, above=True)
OPENS = FusionParams().min_forecast


def learnt(*slopes: float) -> Steepness:
    steepness = Steepness()
    for slope in slopes:
        steepness.learn(slope)
    return steepness


def opening(values: list[float], step_s: float = 1.0) -> list[tuple[int, Forecast]]:
    """The samples at which a forecast stands that opens an anomaly."""
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [forecaster.observe(START + i * step_s, value, learn=value <= 1) for i, value in enumerate(values)]
    return [(i, one) for i, one in enumerate(said) if one is not None and one.confidence >= OPENS]


def test_no_slope_is_unusual_before_one_was_seen() -> None:
    assert learnt().usual == math.inf
    assert learnt(2.0).usual == pytest.approx(2.0)
    assert learnt(*[2.0, -2.0] * FIRST).usual == pytest.approx(2.0)


def test_what_fills_and_empties_from_its_first_sample_on_is_no_trend_to_its_limit() -> None:
    saw = [0.2 + 0.4 * (i % 44) / 44 + each for i, each in enumerate(noise(400, 3, centre=0.0, spread=0.01))]
    assert opening(saw) == []


def test_a_ramp_is_not_usual_because_it_was_seen_once() -> None:
    assert learnt(*[0.1, -0.1] * 3, 9.0, 9.0).usual < 0.2
    assert learnt(*[0.1, -0.1] * 10, *[9.0] * 4).usual < 0.15


def test_what_comes_again_and_again_becomes_usual() -> None:
    assert learnt(*[0.1, -0.1] * 10, *[1.0, -1.0] * 100).usual > 0.8


def test_a_snapshot_continues_identically() -> None:
    for seen in (3, 30):
        first, second = learnt(*[float(i % 5) for i in range(seen)]), Steepness()
        second.restore(json.loads(json.dumps(first.snapshot())))
        for slope in (0.5, -3.0, 2.0, 1.0, -1.0, 4.0):
            first.learn(slope)
            second.learn(slope)
        assert second.snapshot() == first.snapshot()
        assert second.usual == first.usual


@pytest.mark.parametrize("damaged", [None, [], ["x", []], [1.0, ["x"]], [1.0, None]])
def test_a_damaged_steepness_is_refused(damaged: Plain) -> None:
    with pytest.raises(StateError):
        Steepness().restore(damaged)


def test_what_fills_and_empties_all_day_is_no_trend_to_its_limit_and_hides_none() -> None:
    wobble = noise(4200, 3, centre=0.0, spread=0.01)
    saw = [0.3 * (i % 40) / 40 + max(0, i - 4000) / 200 + each for i, each in enumerate(wobble)]
    passes = next(i for i, value in enumerate(saw) if value > 1)
    said = [i for i, _ in opening(saw[:passes])]
    assert all(i < 1000 or i > 4000 for i in said)  # until it is known
    assert passes - next((i for i in said if i > 4000), passes) > 20


@pytest.mark.parametrize("spread", [0.1, 0.2])
def test_hours_of_noise_do_not_silence_the_forecast_of_a_ramp(spread: float) -> None:
    warned = 0
    for seed in range(4):
        ramp = [i / 200 + each for i, each in enumerate(noise(200, seed + 50, centre=0.0, spread=spread))]
        passes = next(i for i, value in enumerate(ramp) if value > 1)
        said = opening([*noise(8000, seed, centre=0.0, spread=spread), *ramp[:passes]])
        warned += any(i >= 8000 + 20 for i, _ in said)
        assert sum(i < 8000 for i, _ in said) < 20
    assert warned >= 3


def test_noise_that_is_neither_told_nor_a_ramp_teaches_nothing() -> None:
    record = Foretold()
    for number in range(50):
        record.told(1.0, 10.0 * number + 5, ramp=False)
        record.expire(10.0 * number + 6, counts=True)
    assert record.corrected(1.0) == 1.0
    record.told(4.0, 600.0, ramp=False)  # this one is told
    record.expire(601.0, counts=True)
    assert record.corrected(1.0) < 1.0


@pytest.mark.parametrize("top", [0.6, 0.8])
def test_a_step_has_no_slope(top: float) -> None:
    assert opening([each + top * (i >= 300) for i, each in enumerate(noise(500, 1, centre=0.0, spread=0.001))]) == []


def test_one_node_less_is_not_on_its_way_to_none() -> None:
    forecaster = TrendForecaster(KEY, Objective("nodes_up", 1.5, above=False), ForecastParams())
    said = [forecaster.observe(START + 15 * i, 4.0 - (300 <= i < 312), learn=True) for i in range(400)]
    assert [one for one in said if one is not None and one.confidence >= 0.45] == []


@pytest.mark.parametrize("top", [0.6, 0.8])
def test_a_step_is_told_as_a_slope_for_a_moment_only(top: float) -> None:
    values = [each + (top if i >= 300 else 0.0) for i, each in enumerate(noise(500, 1, centre=0.0, spread=0.005))]
    assert all(300 <= i < 322 for i, _ in opening(values))


def test_a_disk_that_fills_over_weeks_is_foreseen_days_ahead() -> None:
    wobble = noise(9000, 2, centre=0.4, spread=0.002)
    values = [each + max(0, i - 4000) * 0.6 / 4000 for i, each in enumerate(wobble)]  # by five minutes: 14 days
    passes = next(i for i, value in enumerate(values) if value > 1)
    said = opening(values[:passes], step_s=300.0)
    first, forecast = said[0]
    assert (passes - first) * 300.0 > 2 * 86_400
    assert forecast.breach_at - forecast.issued_at == pytest.approx((passes - first) * 300.0, rel=0.3)
