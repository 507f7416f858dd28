"""Units that change."""

import json
import random  # noqa: TID251 - seeded
from itertools import accumulate

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.unit_jump import RECOGNISED, TOLD, TWICE, levels
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import SampleKind
from tests.support.declarations import story
from tests.support.timelines import START, feed, noise, timeline
from tests.support.unit_changes import jump, run, times, whole

OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED
UNIT, LEVEL, BREACH = AnomalyKind.UNIT, AnomalyKind.LEVEL, AnomalyKind.BREACH
BEFORE = noise(400)
TELLS = START + 401  # the second sample: the only series of a service, and by the second
NAMED = [(OPENED, LEVEL), (UPDATED, UNIT), (ENDED, UNIT)]  # told at once, and renamed once it is known
LIMIT = Service(ServiceId("payments-api"), objectives=(Objective("latency_ms", 100.0, above=True, for_s=30.0),))
AT_ONCE = Service(ServiceId("payments-api"), objectives=(Objective("latency_ms", 100.0, above=True),))


@pytest.mark.parametrize("factor", [60.0, 100.0, 1000.0, 1024.0, 3600.0, 1e6, 1e9])
@pytest.mark.parametrize("smaller", [False, True])
def test_a_change_of_unit_is_told_like_any_surprise_and_then_named_by_its_factor(factor: float, smaller: bool) -> None:
    calm, after = noise(400, spread=0.2), times(1 / factor if smaller else factor, spread=0.2)
    said = run([*calm, *after])
    assert story(said) == NAMED
    assert said[0].at == TELLS
    told = said[1].evidence[0]
    direction = "smaller" if smaller else "larger"
    assert told.detail == f"{factor:,.0f} times {direction}, spread and all: as if its unit had changed"
    assert (said[1].at, told.since) == (START + 400 + RECOGNISED - 1, START + 400)
    assert told.low < told.expected < told.high
    assert told.expected == pytest.approx(50.0, rel=0.01)
    assert told.actual == pytest.approx(told.expected * (1 / factor if smaller else factor), rel=0.01)


def test_it_is_over_once_it_was_told_for_long_enough() -> None:
    said = run([*BEFORE, *times(0.001)])
    assert said[-1].at == said[1].at + TOLD


def test_bits_and_bytes_are_told_apart_only_where_the_noise_allows_it() -> None:
    steady = jump(noise(24, spread=0.2), times(8.0, 40, spread=0.2))
    assert steady is not None
    assert steady.factor == 8.0
    assert jump(noise(24, spread=5.0), times(8.0, 40, spread=5.0)) is None


@pytest.mark.parametrize("factor", [8.0, 1 / 8])
def test_round_numbers_show_a_factor_that_their_noise_would_hide(factor: float) -> None:
    before, after = whole(noise(24, spread=8.0)), whole(noise(40, 9, spread=8.0))
    found = jump(before, [value * factor for value in after])
    assert found is not None
    assert found.factor == pytest.approx(factor)


def test_what_is_known_of_the_series_holds_in_the_new_unit() -> None:
    said = run([*BEFORE, *times(0.001), *times(0.001, 5, centre=90.0), *times(0.001, 50, seed=4)])
    spike = said[3]
    assert (spike.phase, spike.kind, spike.at) == (OPENED, LEVEL, START + 701)
    told = spike.evidence[0]
    assert told.actual == pytest.approx(0.09, rel=0.05)  # as people see it
    assert 0.04 < told.low < told.high < 0.08


def test_scores_go_on_as_if_the_unit_had_not_changed() -> None:
    later = [*noise(200, seed=9), 80.0, *noise(50, seed=3)]
    plain = feed(Detection(DetectionParams()), timeline([*BEFORE, *later]))[0]
    scaled = feed(Detection(DetectionParams()), timeline([*BEFORE, *(v / 1000 for v in later)]))[0]
    assert max(scaled[400 + RECOGNISED : 600]) < 0.99
    assert scaled[600:] == pytest.approx(plain[600:], abs=0.01)


def test_a_unit_that_changes_back_is_told_and_then_nothing_is_left_of_it() -> None:
    detection = Detection(DetectionParams())
    _, said = feed(detection, timeline([*BEFORE, *times(0.001, 100), *times(1.0, 100, seed=3)]))
    assert story(said) == [*NAMED, (OPENED, UNIT), (ENDED, UNIT)]
    assert "back in its earlier unit" in said[3].evidence[0].detail
    assert said[3].at == START + 500 + TWICE - 1
    assert said[4].at == said[3].at + RECOGNISED
    fresh = Detection(DetectionParams())
    feed(fresh, timeline([*BEFORE, *times(1.0, 100), *times(1.0, 100, seed=3)]))
    states = [json.loads(json.dumps(each.snapshot()))["series"][0][5] for each in (detection, fresh)]
    assert states == [None, None]


def test_a_return_while_it_is_still_told_is_an_update() -> None:
    said = run([*BEFORE, *times(0.001, 30), *times(1.0, 200, seed=3)])
    assert story(said)[:2] == NAMED[:2]
    assert story(said)[-2:] == NAMED[1:]
    assert "back in its earlier unit" in said[-2].evidence[0].detail


@pytest.mark.parametrize("factor", [0.001, 0.01, 1 / 60])
@pytest.mark.parametrize("service", [AT_ONCE, LIMIT])
def test_a_return_to_the_first_unit_is_never_a_breach_of_what_holds_for_that(factor: float, service: Service) -> None:
    said = run([*BEFORE, *times(factor, 200), *times(1.0, 100, seed=3)], service)
    assert {kind for _, kind in story(said)} == {UNIT}
    assert said[-2].at == START + 600 + TWICE - 1


def test_a_single_value_in_the_first_unit_is_no_surprise_and_no_return() -> None:
    values = [*BEFORE, *times(0.001, 200), 50.0, *times(0.001, 100, seed=3)]
    assert story(run(values)) == NAMED
    detection = Detection(DetectionParams())
    scores, _ = feed(detection, timeline(values))
    assert max(scores[600:]) < 0.99
    assert factors(detection) == [0.001]


def test_an_incident_after_a_change_of_unit_is_no_return() -> None:
    said = run([*BEFORE, *times(0.001, 200), *times(0.001, 100, seed=3, centre=500.0)])
    assert story(said)[:4] == [*NAMED, (OPENED, LEVEL)]
    assert not any("back" in evidence.detail for anomaly in said for evidence in anomaly.evidence)


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_what_goes_back_to_where_it_stood_is_not_converted_though_its_going_was_no_change_of_unit(
    factor: float,
) -> None:
    away = [value * factor * 1.7 for value in noise(40, seed=9, spread=0.5)]  # by no factor
    away += [away[-1] * (4.0 if factor > 1 else 0.25), *times(factor, 60, seed=4, spread=0.5)]
    samples = timeline([*noise(400, spread=0.5), *away, *times(1.0, 100, seed=3, spread=0.5)])
    first, detection = Detection(DetectionParams()), Detection(DetectionParams())
    feed(first, samples[:480])
    detection.restore(json.loads(json.dumps(first.snapshot())))
    _, said = feed(detection, samples[480:])
    assert factors(detection) == [1.0]
    assert "back in its earlier unit" in said[-1].evidence[0].detail


def test_an_objective_holds_for_the_unit_of_before_and_still_sees_a_breach() -> None:
    said = run([*BEFORE, *times(0.001), *times(0.001, 60, centre=150.0)], LIMIT)
    assert story(said) == [(OPENED, UNIT), (ENDED, UNIT), (OPENED, BREACH)]
    assert said[0].evidence[0].detail.endswith("its objective holds for the unit of before")
    assert said[2].evidence[0].actual == pytest.approx(150.0, rel=0.05)


@pytest.mark.parametrize(
    ("service", "first"), [(AT_ONCE, [(OPENED, BREACH), (UPDATED, UNIT)]), (LIMIT, [(OPENED, UNIT)])]
)
def test_a_known_factor_beyond_a_limit_is_told_as_a_unit_for_as_long_as_it_is_there(
    service: Service, first: list[tuple[AnomalyPhase, AnomalyKind]]
) -> None:
    said = run([*BEFORE, *times(1000.0, 200), *times(1.0, 100, seed=3)], service)
    assert story(said) == [*first, (UPDATED, UNIT), (ENDED, UNIT)]
    named, back = said[-3:-1]
    assert (named.at, back.at) == (START + 400 + RECOGNISED - 1, START + 600 + TWICE - 1)
    assert "its objective holds for the unit of before" in named.evidence[0].detail


@pytest.mark.parametrize("factor", [30.0, 300.0])
def test_a_limit_that_is_passed_by_no_known_factor_is_a_breach_for_as_long_as_it_is(factor: float) -> None:
    said = run([*BEFORE, *times(factor, 200), *times(1.0, 100, seed=3)], LIMIT)
    assert story(said) == [(OPENED, BREACH), (ENDED, BREACH)]
    assert said[0].at == START + 400 + 30
    assert said[1].at > START + 600


@pytest.mark.parametrize("limits", [(), (LIMIT,)])
def test_beyond_a_limit_a_change_of_unit_takes_more_evidence(limits: tuple[Service, ...]) -> None:
    said = run([*noise(400, spread=5.0), *times(100.0, 60, spread=5.0)], *limits)
    assert any(kind is UNIT for _, kind in story(said)) is (not limits)


def test_a_limit_that_was_changed_is_in_the_new_unit_and_the_series_is_learnt_anew() -> None:
    first = Detection(DetectionParams(), (LIMIT,))
    feed(first, timeline([*BEFORE, *times(0.001)]))
    seconds = Service(ServiceId("payments-api"), objectives=(Objective("latency_ms", 0.1, above=True, for_s=3.0),))
    second = Detection(DetectionParams(), (seconds,))
    second.restore(json.loads(json.dumps(first.snapshot())))
    _, said = feed(second, timeline([*times(0.001, 200, seed=5), *times(0.001, 9, centre=150.0)], start=START + 700))
    assert story(said) == [(OPENED, BREACH)]
    assert said[0].evidence[0].actual == pytest.approx(0.15, rel=0.05)


def test_a_counter_that_is_counted_in_another_unit_is_recognised_by_its_rate() -> None:
    total, counted = 0.0, []
    for number, value in enumerate(noise(800)):
        total += value
        counted.append(total if number < 400 else total / 1000)
    assert story(run(counted, kind=SampleKind.COUNTER)) == NAMED


def test_no_sample_is_told_later_because_the_unit_may_have_changed() -> None:
    incident = [*BEFORE, *times(1000.0, RECOGNISED - 1), *times(1.0, 60, seed=3)]
    _, watched = feed(Detection(DetectionParams()), timeline(incident))
    _, plain = feed(Detection(DetectionParams(without=("unit",))), timeline(incident))
    assert watched == plain
    assert watched[0].at == TELLS


@pytest.mark.parametrize("cut", [400, 401, 404, 407, 408, 430, 475, 650])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    samples = timeline([*BEFORE, *times(0.001, 200), *times(1.0, 100, seed=2)])
    whole, first, second = (Detection(DetectionParams(), (LIMIT,)) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:cut])[1]
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert said + feed(second, samples[cut:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())


def creeping(count: int, first: float = 230.9) -> list[float]:
    """A disk that fills, in gigabytes with two decimals: a new value every tenth sample."""
    return [round(first - 0.01 * (number // 10), 2) for number in range(count)]


@pytest.mark.parametrize("before", [creeping(24), [230.89, 230.89, *[230.88] * 22]])
@pytest.mark.parametrize("factor", [1024.0, 1000.0, 100.0, 1 / 60])
def test_a_series_that_creeps_shows_its_unit_by_few_different_values(before: list[float], factor: float) -> None:
    found = jump(before, [value * factor for value in creeping(22, first=230.88)[6:]])
    assert found is not None
    assert found.factor == pytest.approx(factor)
    assert len(found.samples) == RECOGNISED


def test_a_series_that_stands_still_meanwhile_is_back_all_the_same() -> None:
    said = run([*BEFORE, *times(0.001, 30), *[0.05] * 40, *[50.0] * 40])
    back = [each for each in said if any("back in its earlier unit" in seen.detail for seen in each.evidence)]
    assert back[0].at == START + 400 + 30 + 40 + TWICE - 1


def test_where_a_series_stood_is_known_after_a_short_excursion_too() -> None:
    usual, high = [10.0, 11.0] * 12, [300.0, 310.0] * 7
    stood = levels((0.0, 0.0), usual)
    assert levels(stood, [*usual[:10], *high]) == (300.0, 11.0)
    assert levels(stood, usual) == stood


@pytest.mark.parametrize(("first", "factor"), [(1e80, 1e-9), (1e-300, 1e9)])
def test_units_that_change_again_and_again_are_followed_only_as_far_as_units_go(first: float, factor: float) -> None:
    chance = random.Random(3)
    centres = accumulate([factor] * 40, initial=first, func=lambda centre, times: centre * times)
    values = [centre * chance.gauss(1.0, 0.01) for centre in centres for _ in range(120)]
    detection = Detection(DetectionParams())
    feed(detection, timeline(values))
    json.dumps(detection.snapshot(), allow_nan=False)
    assert max(factors(detection)) < 2e12
    assert min(factors(detection)) > 5e-13


def factors(detection: Detection) -> list[float]:
    """How many times larger than at first the series are taken to be, as a snapshot says it."""
    match detection.snapshot():
        case {"series": [*rows]}:
            return [row[5][0] if row[5] is not None else 1.0 for row in rows]
        case _:
            raise AssertionError


@pytest.mark.parametrize(("spread", "says"), [(0.2, "1,024 times larger"), (8.0, "about 1,000 times larger")])
def test_where_the_noise_leaves_open_whether_it_is_1000_or_1024_it_is_said_to_be_about_that(
    spread: float, says: str
) -> None:
    said = run([*noise(400, spread=spread), *times(1024.0, spread=spread)])
    named = next(anomaly.evidence[0].detail for anomaly in said if anomaly.kind is UNIT)
    assert named.startswith(says)


def test_the_clearer_a_change_of_unit_is_the_higher_is_its_score() -> None:
    key, scores = SeriesKey.of("payments-api", "latency_ms"), []
    for spread in (8.0, 2.0, 0.2):
        found = jump(noise(24, spread=spread), times(1000.0, 40, spread=spread))
        assert found is not None
        scores.append(found.evidence(key, 8.0, "").score)
    assert 0.9 < scores[0] < scores[1] < scores[2]


@pytest.mark.parametrize("above", [False, True])
def test_a_breach_goes_on_while_the_unit_of_its_values_changes(*, above: bool) -> None:
    limit = 40.0 if above else 60.0
    beyond = Service(LIMIT.id, objectives=(Objective("latency_ms", limit, above=above, for_s=30.0),))
    factor = 0.001 if above else 1000.0  # where the values as they come are no breach
    detection = Detection(DetectionParams(), [beyond])
    _, said = feed(detection, timeline([*BEFORE, *times(factor, 60)]))
    ((breach, _),) = next(iter(detection._bank)).objectives
    assert breach.since == START
    assert story(said) == [(OPENED, BREACH), (UPDATED, BREACH)]
    ranges = {(each.low, each.high) for anomaly in said for each in anomaly.evidence if each.detector == "objective"}
    assert ranges == {(limit, limit)}  # it has never been inside its limit
