"""When an objective will be breached."""

import json
from collections.abc import Callable, Iterable
from statistics import median

import pytest

from detectors.anomalies.fusion import STANDS, FusionParams
from detectors.forecast.heading import STOPS, ForecastParams
from detectors.forecast.trend import TrendForecaster
from detectors.values.objective import ObjectiveDetector
from domain.anomaly import Anomalous, Forecast, Normal
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.journeys import Objective
from domain.state import Plain
from tests.support.timelines import START, noise, with_shape

KEY = SeriesKey.of("ledger-db", "disk_free")
FULL = Objective("disk_free", 10.0, above=False)
OPENS = FusionParams().min_forecast
TOLD = STANDS * OPENS  # a forecast that is less sure is told to nobody


def forecasts(values: list[float], objective: Objective = FULL) -> list[Forecast | None]:
    forecaster = TrendForecaster(KEY, objective, ForecastParams())
    return [forecaster.observe(START + i, value, learn=True) for i, value in enumerate(values)]


def told(said: Iterable[Forecast | None]) -> list[Forecast]:
    return [forecast for forecast in said if forecast is not None and forecast.confidence >= TOLD]


def test_a_disk_that_fills_is_forecast_before_it_is_full_and_the_truth_lies_in_the_interval() -> None:
    values = with_shape(noise(400, centre=100.0, spread=0.5), 200, lambda i: -0.6 * i)
    breach = START + next(i for i, v in enumerate(values) if v < 10.0)
    said = told(forecasts(values)[:340])
    assert breach - said[0].issued_at > 60
    assert abs(said[-1].breach_at - breach) < 10
    assert sum(f.earliest_at <= breach <= f.latest_at for f in said) / len(said) > 0.8
    assert all(f.earliest_at <= f.breach_at <= f.latest_at for f in said)
    assert all(not f.above and f.limit == 10.0 and 0 < f.confidence < 1 for f in said)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_trend(seed: int) -> None:
    assert not told(forecasts(noise(2000, seed=seed, centre=100.0, spread=5.0)))
    sure = max((f.confidence for f in forecasts(noise(2000, seed=seed, centre=100.0, spread=10.0)) if f), default=0.0)
    assert sure < OPENS


def test_a_trend_away_from_the_limit_is_not_told() -> None:
    assert not any(forecasts(with_shape(noise(400, centre=100.0, spread=0.5), 200, lambda i: 0.6 * i)))


def test_a_series_that_is_usually_beyond_its_limit_has_no_forecast() -> None:
    assert not any(forecasts(with_shape(noise(400, centre=5.0, spread=0.1), 200, lambda i: -0.1 * i)))


@pytest.mark.parametrize("seed", range(3))
def test_a_value_on_its_way_back_from_beyond_its_limit_is_not_expected_there(seed: int) -> None:
    there_and_back = with_shape(noise(500, seed, centre=100.0, spread=3.0), 200, lambda i: -abs(150.0 - abs(150.0 - i)))
    back = [
        f for i, f in enumerate(forecasts(there_and_back)) if f is not None and f.issued_at == START + i and i > 355
    ]
    assert not told(back)


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


@pytest.mark.parametrize(("place", "damaged"), [(1, ["x"]), (1, [None]), (2, ["x"]), (4, {"at": 1}), (4, "x")])
def test_a_damaged_heading_is_refused(place: int, damaged: Plain) -> None:
    one = TrendForecaster(KEY, FULL, ForecastParams())
    one.observe(START, 1.0, learn=True)
    heading, *rest = json.loads(json.dumps(one.snapshot()))
    heading[place] = damaged
    with pytest.raises(StateError):
        one.restore([heading, *rest])


@pytest.mark.parametrize("damaged", [None, [], [1, 2.0, [1.0], [], None], "x"])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        TrendForecaster(KEY, FULL, ForecastParams()).restore(damaged)  # type: ignore[arg-type]


def breaches(values: Iterable[float], for_s: float) -> list[bool]:
    detector = ObjectiveDetector(KEY, Objective("latency", 100.0, above=True, for_s=for_s))
    return [isinstance(detector.observe(START + i, v, learn=True), Anomalous) for i, v in enumerate(values)]


def test_an_objective_is_breached_when_its_limit_was_passed_for_long_enough() -> None:
    detector = ObjectiveDetector(KEY, Objective("latency", 100.0, above=True, for_s=3.0))
    values = [50.0, 120.0, 90.0, 90.0, 120.0, 120.0, 120.0, 120.0, 90.0]
    said = [detector.observe(START + i, v, learn=True) for i, v in enumerate(values)]
    assert [isinstance(v, Anomalous) for v in said] == [False] * 7 + [True, False]
    breach = said[7]
    assert isinstance(breach, Anomalous)
    assert (breach.evidence.since, breach.evidence.low, breach.evidence.high) == (START + 4, 50.0, 100.0)


def test_good_values_now_and_then_do_not_hide_a_breach() -> None:
    bad, good = 120.0, 50.0
    assert breaches([bad, bad, good] * 4, 10) == [False] * 10 + [True, False]
    assert not any(breaches([good, good, bad] * 100, 10))


def test_a_passage_that_lasted_is_over_after_half_of_its_time_inside() -> None:
    assert breaches([120.0] * 100 + [50.0] * 4 + [120.0], 10)[-1]
    assert not breaches([120.0] * 100 + [50.0] * 6 + [120.0], 10)[-1]


def test_a_limit_from_below_is_breached_below_it() -> None:
    detector = ObjectiveDetector(KEY, FULL)
    assert isinstance(detector.observe(START, 10.0, learn=True), Normal)
    assert isinstance(detector.observe(START + 1, 9.9, learn=True), Anomalous)


@pytest.mark.parametrize("damaged", [None, [], [None, 1.0], [None, 1.0, None, 1, 0.0]])
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


@pytest.mark.parametrize(
    ("latest", "coming"),
    [
        ([100.0, 100.0, 85.0], False),  # a single odd sample
        ([85.0, 100.0, 100.0, 85.0], False),  # as good as single
        ([85.0, 100.0, 84.0], True),
        ([90.0, 85.0, 80.0], True),
        ([40.0, 80.0], False),  # it falls back
        ([40.0, 80.0, 40.0], True),
        ([100.0, 100.0, 5.0], True),  # beyond the limit there is nothing to wait for
    ],
)
def test_a_value_is_coming_when_it_is_beyond_its_limit_or_the_furthest_of_two_of_late_that_are_near(
    latest: list[float], coming: bool
) -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    for i, value in enumerate([100.0] * 5 + latest):
        forecaster.observe(START + i, value, learn=False)
    assert forecaster.coming is coming


@pytest.mark.parametrize("first", [100.0, 5.0])
def test_a_series_that_begins_beyond_its_limit_or_far_from_it_is_not_coming(first: float) -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    assert not forecaster.coming
    forecaster.observe(START, first, learn=False)
    assert not forecaster.coming


def test_the_confidence_falls_with_the_distance() -> None:
    values = [100.0 - 0.5 * max(0, i - 100) for i in range(280)]
    said = [f.confidence for f in forecasts(values) if f is not None]
    assert said[0] < said[-1] == 0.95
    assert all(0.05 <= confidence <= 0.95 for confidence in said)


def ramps(shape: Callable[[int], float], count: int, seed: int = 7) -> list[float]:
    """The same excursion of 60 samples again and again, each after 120 calm ones."""
    once = [0.0] * 120 + [shape(i) for i in range(60)]
    return [a + b for a, b in zip(noise(180 * count, seed=seed, centre=100.0, spread=0.5), once * count, strict=True)]


def within(said: list[Forecast | None], ramp: int, sample: int = 20) -> Forecast:
    """What is said so many samples after a ramp began."""
    forecast = said[180 * ramp + 120 + sample]
    assert forecast is not None
    return forecast


def test_forecasts_of_a_series_whose_ramps_turn_back_are_believed_less_each_time() -> None:
    said = forecasts(ramps(lambda i: -min(1.5 * i, 60.0), 8))  # two thirds of the way, and no further
    first, last = within(said, 0), within(said, 7)
    assert last.confidence < first.confidence - 0.2


def test_forecasts_of_a_series_whose_ramps_go_on_are_not_believed_less() -> None:
    said = forecasts(ramps(lambda i: -1.9 * i, 8))
    first, last = within(said, 0), within(said, 7)
    assert last.confidence > first.confidence - 0.05  # no two ramps have the same noise


def test_ramps_that_end_while_people_deal_with_an_incident_are_not_held_against_it() -> None:
    values = ramps(lambda i: -min(1.5 * i, 60.0), 8)
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [forecaster.observe(START + i, v, learn=i % 180 < 140) for i, v in enumerate(values)]
    assert abs(within(said, 7).confidence - within(said, 0).confidence) < 0.1


def test_a_ramp_whose_end_nobody_saw_says_nothing() -> None:
    values = ramps(lambda i: -min(1.5 * i, 60.0), 8)
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said = [
        forecaster.observe(START + i, v, learn=True) if i % 180 < 140 else None for i, v in enumerate(values)
    ]  # it falls silent on its way, before any forecast can have failed
    assert abs(within(said, 7, 19).confidence - within(said, 0, 19).confidence) < 0.1


@pytest.mark.parametrize("pause_s", [20, 3600, 30 * 86_400])
def test_a_level_that_is_another_after_a_pause_is_no_trend(pause_s: float) -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    said: list[Forecast | None] = []
    for i, wobble in enumerate(noise(400, 1)):
        at, level = (START + i, 90.0) if i < 200 else (START + i + pause_s, 60.0)
        said.append(forecaster.observe(at, level + wobble, learn=True))
    assert not told(said)


def test_a_ramp_is_foreseen_although_its_samples_come_ten_at_a_time_with_pauses() -> None:
    forecaster = TrendForecaster(KEY, FULL, ForecastParams())
    times = [START + 60.0 * (i // 10) + 0.1 * (i % 10) for i in range(400)]
    values = [90.0 - 2.0 * max(0.0, at - START - 600.0) / 60.0 for at in times]
    assert any(forecaster.observe(at, value, learn=True) for at, value in zip(times, values, strict=True))


def test_a_forecast_that_bends_comes_closer_than_a_line() -> None:
    values = with_shape(noise(300, centre=100.0, spread=0.3), 200, lambda i: -0.02 * i * i)
    breach = START + next(i for i, v in enumerate(values) if v < 10.0)
    early = told(forecasts(values)[:250])
    wrong = [abs(f.breach_at - breach) / (breach - f.issued_at) for f in early]
    assert median(wrong) < 0.3  # straight lines through the same samples: 0.7 and more


def test_the_surer_a_forecast_the_narrower_its_interval() -> None:
    steady, wild = (
        told(forecasts(with_shape(noise(400, centre=100.0, spread=spread), 200, lambda i: -0.8 * i)))[10]
        for spread in (0.2, 4.0)
    )
    width = [(f.latest_at - f.earliest_at) / (f.breach_at - f.issued_at) for f in (steady, wild)]
    assert steady.confidence > wild.confidence
    assert width[0] < 0.7 * width[1]


def test_a_faint_trend_has_a_confidence_that_is_low() -> None:
    values = with_shape(noise(400, centre=100.0, spread=0.5), 200, lambda i: -0.3 * i)
    said = [f for f in forecasts(values)[200:400] if f is not None]
    assert 0.05 <= said[0].confidence < TOLD < OPENS < said[-1].confidence
    assert said[0].issued_at < told(said)[0].issued_at


@pytest.mark.parametrize("spread", [4.5, 9.0])
def test_a_long_time_of_noise_that_is_calm_is_not_held_against_a_ramp(spread: float) -> None:
    calm = noise(6000, centre=100.0, spread=spread)
    ramp = with_shape(noise(120, seed=8, centre=100.0, spread=spread), 0, lambda i: -0.5 * i)
    after_long, after_short = forecasts([*calm, *ramp])[-1], forecasts([*calm[-300:], *ramp])[-1]
    assert after_long is not None
    assert after_short is not None
    assert after_long.confidence == pytest.approx(after_short.confidence, abs=0.05)


def test_what_two_samples_in_a_row_say_is_believed_more_than_what_one_says() -> None:
    two, one = (TrendForecaster(KEY, FULL, ForecastParams()) for _ in range(2))
    for i in range(150):
        two.observe(START + i, 100.0 - 0.5 * max(0, i - 100), learn=True)
    [[[_, *numbers], *rest], *means] = json.loads(json.dumps(two.snapshot()))
    one.restore([[[0.0, *numbers], *rest], *means])
    again, first = (each.observe(START + 150, 75.0, learn=True) for each in (two, one))
    assert again is not None
    assert first is not None
    assert again.confidence > first.confidence + 0.05


def test_a_trend_without_noise_is_no_certainty() -> None:
    said = forecasts([100.0 - 0.35 * max(0, i - 500) for i in range(561)])[-1]
    assert said is not None
    assert OPENS < said.confidence < 0.9  # four fifths of the way are left to stop on


@pytest.mark.parametrize("gone", [0.3, 0.6, 0.9])
def test_however_sure_a_ramp_is_it_may_stop_on_what_is_left_of_its_way(gone: float) -> None:
    said = forecasts([100.0 - 90.0 * gone / 80 * max(0, i - 500) for i in range(581)])[-1]
    assert said is not None
    assert OPENS < said.confidence < 1 / (1 + STOPS * (1 - gone))


@pytest.mark.parametrize("samples", [1, 64])
def test_what_has_fallen_back_in_one_step_is_on_its_way_no_longer(samples: int) -> None:
    calm, rising = [100.0] * (20 * samples), [100.0 - 70 * (i + 1) / (20 * samples) for i in range(20 * samples)]
    *_, before = forecasts([*calm, *rising])
    *_, after = forecasts([*calm, *rising, *[75.0] * samples])
    assert before is not None
    assert after is None or after.confidence < OPENS
