"""When an objective will be breached."""

import json
from collections.abc import Callable
from statistics import median

import pytest

from detectors.objective import ObjectiveDetector
from detectors.trend import ForecastParams, TrendForecaster
from domain.anomaly import Anomalous, Forecast, Normal
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from tests.support.timelines import START, noise, with_shape

KEY = SeriesKey.of("ledger-db", "disk_free")
FULL = Objective("disk_free", 10.0, above=False)


def forecasts(values: list[float], objective: Objective = FULL) -> list[Forecast | None]:
    forecaster = TrendForecaster(KEY, objective, ForecastParams())
    return [forecaster.observe(START + i, value, learn=True) for i, value in enumerate(values)]


def test_a_disk_that_fills_is_forecast_before_it_is_full_and_the_truth_lies_in_the_interval() -> None:
    values = with_shape(noise(400, centre=100.0, spread=0.5), 200, lambda i: -0.6 * i)
    breach = START + next(i for i, v in enumerate(values) if v < 10.0)
    said = [f for f in forecasts(values)[:340] if f is not None]
    assert breach - said[0].issued_at > 60
    assert abs(said[-1].breach_at - breach) < 10
    assert sum(f.earliest_at <= breach <= f.latest_at for f in said) / len(said) > 0.8
    assert all(f.earliest_at <= f.breach_at <= f.latest_at for f in said)
    assert all(not f.above and f.limit == 10.0 and 0 < f.confidence < 1 for f in said)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_trend(seed: int) -> None:
    assert not any(forecasts(noise(2000, seed=seed, centre=100.0, spread=10.0)))


def test_a_trend_away_from_the_limit_is_not_told() -> None:
    assert not any(forecasts(with_shape(noise(400, centre=100.0, spread=0.5), 200, lambda i: 0.6 * i)))


def test_a_series_that_is_usually_beyond_its_limit_has_no_forecast() -> None:
    assert not any(forecasts(with_shape(noise(400, centre=5.0, spread=0.1), 200, lambda i: -0.1 * i)))


def test_a_forecast_that_came_true_stands_until_the_value_is_back() -> None:
    values = [100.0 - 0.5 * max(0, i - 100) for i in range(290)]
    assert forecasts([*values, 5.0, 5.0])[-1] is not None
    assert forecasts([*values, 5.0, 100.0])[-1] is None


def test_a_snapshot_continues_identically() -> None:
    values = ramps(lambda i: -min(1.5 * i, 60.0), 4)
    expected = forecasts(values)
    for cut in (150, 500):  # within a ramp, and after two that turned back
        first, second = (TrendForecaster(KEY, FULL, ForecastParams()) for _ in range(2))
        for i, value in enumerate(values[:cut]):
            first.observe(START + i, value, learn=True)
        second.restore(json.loads(json.dumps(first.snapshot())))
        rest = enumerate(values[cut:], start=cut)
        assert [second.observe(START + i, v, learn=True) for i, v in rest] == expected[cut:]


@pytest.mark.parametrize("damaged", [None, [], [1, 2.0, [1.0], [], None], "x"])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        TrendForecaster(KEY, FULL, ForecastParams()).restore(damaged)  # type: ignore[arg-type]


def test_an_objective_is_breached_only_after_its_time_without_a_break() -> None:
    detector = ObjectiveDetector(KEY, Objective("latency", 100.0, above=True, for_s=3.0))
    values = [50.0, 120.0, 120.0, 90.0, 120.0, 120.0, 120.0, 120.0, 90.0]
    said = [detector.observe(START + i, v, learn=True) for i, v in enumerate(values)]
    assert [isinstance(v, Anomalous) for v in said] == [False] * 7 + [True, False]
    breach = said[7]
    assert isinstance(breach, Anomalous)
    assert (breach.evidence.since, breach.evidence.low, breach.evidence.high) == (START + 4, 50.0, 100.0)


def test_a_limit_from_below_is_breached_below_it() -> None:
    detector = ObjectiveDetector(KEY, FULL)
    assert isinstance(detector.observe(START, 10.0, learn=True), Normal)
    assert isinstance(detector.observe(START + 1, 9.9, learn=True), Anomalous)


@pytest.mark.parametrize("damaged", [None, [], ["x", 1.0]])
def test_a_damaged_objective_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        ObjectiveDetector(KEY, FULL).restore(damaged)  # type: ignore[arg-type]


def test_a_value_is_near_its_limit_when_a_part_of_the_way_is_gone() -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    near = []
    for i, value in enumerate([100.0, 100.0, 95.0, 85.0, 5.0, 120.0]):
        forecaster.observe(START + i, value, learn=False)
        near.append(forecaster.near)
    assert near == [False, False, False, True, True, False]


def test_the_confidence_falls_with_the_distance() -> None:
    values = [100.0 - 0.5 * max(0, i - 100) for i in range(280)]
    said = [f.confidence for f in forecasts(values) if f is not None]
    assert said[0] < said[-1] == 0.95
    assert all(0.05 <= confidence <= 0.95 for confidence in said)


def ramps(shape: Callable[[int], float], count: int, seed: int = 7) -> list[float]:
    """The same excursion of 60 samples again and again, each after 120 calm ones."""
    once = [0.0] * 120 + [shape(i) for i in range(60)]
    return [a + b for a, b in zip(noise(180 * count, seed=seed, centre=100.0, spread=0.5), once * count, strict=True)]


def first_in(said: list[Forecast | None], begin: int) -> Forecast:
    return next(f for f in said[begin : begin + 180] if f is not None)


def test_forecasts_of_a_series_whose_ramps_turn_back_are_believed_less_each_time() -> None:
    said = forecasts(ramps(lambda i: -min(1.5 * i, 60.0), 8))  # two thirds of the way, and no further
    first, last = first_in(said, 0), first_in(said, 7 * 180)
    assert last.confidence < first.confidence - 0.2


def test_forecasts_of_a_series_whose_ramps_go_on_are_not_believed_less() -> None:
    said = forecasts(ramps(lambda i: -1.9 * i, 8))
    first, last = first_in(said, 0), first_in(said, 7 * 180)
    assert last.confidence >= first.confidence


def test_ramps_that_end_while_people_deal_with_an_incident_are_not_held_against_it() -> None:
    values = ramps(lambda i: -min(1.5 * i, 60.0), 8)
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [forecaster.observe(START + i, v, learn=i % 180 < 140) for i, v in enumerate(values)]
    assert abs(first_in(said, 7 * 180).confidence - first_in(said, 0).confidence) < 0.1


def test_a_ramp_whose_end_nobody_saw_says_nothing() -> None:
    values = ramps(lambda i: -min(1.5 * i, 60.0), 8)
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [
        forecaster.observe(START + i, v, learn=True) if i % 180 < 140 else None for i, v in enumerate(values)
    ]  # it falls silent on its way, before any forecast can have failed
    assert abs(first_in(said, 7 * 180).confidence - first_in(said, 0).confidence) < 0.1


@pytest.mark.parametrize("pause_s", [20, 3600, 30 * 86_400])
def test_a_level_that_is_another_after_a_pause_is_no_trend(pause_s: float) -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    told: list[Forecast | None] = []
    for i, wobble in enumerate(noise(400, 1)):
        at, level = (START + i, 90.0) if i < 200 else (START + i + pause_s, 60.0)
        told.append(forecaster.observe(at, level + wobble, learn=True))
    assert not any(told)


def test_a_ramp_is_foreseen_although_its_samples_come_ten_at_a_time_with_pauses() -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    times = [START + 60.0 * (i // 10) + 0.1 * (i % 10) for i in range(400)]
    values = [90.0 - 2.0 * max(0.0, at - START - 600.0) / 60.0 for at in times]
    assert any(forecaster.observe(at, value, learn=True) for at, value in zip(times, values, strict=True))


def test_a_forecast_that_bends_comes_closer_than_a_line() -> None:
    values = with_shape(noise(300, centre=100.0, spread=0.3), 200, lambda i: -0.02 * i * i)
    breach = START + next(i for i, v in enumerate(values) if v < 10.0)
    early = [f for f in forecasts(values)[:250] if f is not None]
    wrong = [abs(f.breach_at - breach) / (breach - f.issued_at) for f in early]
    assert median(wrong) < 0.3  # straight lines through the same samples: 0.7 and more


def test_the_surer_a_forecast_the_narrower_its_interval() -> None:
    steady, wild = (
        first_in(forecasts(with_shape(noise(400, centre=100.0, spread=spread), 200, lambda i: -0.8 * i)), 200)
        for spread in (0.2, 4.0)
    )
    width = [(f.latest_at - f.earliest_at) / (f.breach_at - f.issued_at) for f in (steady, wild)]
    assert steady.confidence > wild.confidence
    assert width[0] < 0.7 * width[1]
