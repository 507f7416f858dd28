"""Counters that count no longer: what is a gauge by its values is judged as one, and told once."""

import json
import math
import random  # noqa: TID251 - seeded
from collections.abc import Sequence
from itertools import accumulate

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.counting import HELD, LONG
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample, SampleKind
from tests.support.timelines import START, feed, noise, timeline, together

COUNTER, UNIT = SampleKind.COUNTER, AnomalyKind.UNIT
CHANGE, STEP_S, RATE = 400, 30.0, 10.0
METRIC = "http_requests_total"
HOLDS = Service(ServiceId("payments-api"), objectives=(Objective(METRIC, 20.0, above=True),))
LIKE_BEFORE = "a gauge instead of a counter: it no longer counts, its values go up and down like the rate that it had"


def rates(count: int, seed: int, times: float = 1.0) -> list[float]:
    return [value * times for value in noise(count, seed, RATE, 1.0)]


def totals(count: int, seed: int = 9, start: float = 0.0) -> list[float]:
    return list(accumulate((rate * STEP_S for rate in rates(count, seed)), initial=start))[1:]


def line(values: Sequence[float], first: int = 0, metric: str = METRIC) -> list[Sample]:
    return timeline(values, metric=metric, step_s=STEP_S, start=START + first * STEP_S, kind=COUNTER)


COUNTED = totals(CHANGE)
OTHERS = [s._replace(kind=SampleKind.GAUGE) for n in range(3) for s in line(noise(900, 60 + n), metric=f"other{n}")]


def run(values: Sequence[float], *services: Service, params: DetectionParams | None = None) -> list[Anomaly]:
    """What is said of a counter, beside other series of its service."""
    return feed(Detection(params or DetectionParams(), services), together(line(values), OTHERS))[1]


def of_units(said: Sequence[Anomaly]) -> list[tuple[AnomalyPhase, str]]:
    return [(anomaly.phase, anomaly.evidence[0].detail) for anomaly in said if anomaly.kind is UNIT]


def told(said: Sequence[Anomaly]) -> list[str]:
    return [detail for phase, detail in of_units(said) if phase is not AnomalyPhase.ENDED]


def at(number: float) -> float:
    return START + number * STEP_S


def judged(values: Sequence[float], *services: Service) -> tuple[list[float], Detection]:
    detection = Detection(DetectionParams(), services)
    feed(detection, line(values))
    (series,) = detection._bank
    return [value for _, value in series.points], detection


def test_a_counter_that_becomes_its_rate_is_told_once_and_soon_and_what_was_known_holds() -> None:
    said = run([*COUNTED, *rates(300, 5)])
    (words,) = told(said)
    assert words.startswith(LIKE_BEFORE)
    (opened,) = [anomaly for anomaly in said if anomaly.kind is UNIT and anomaly.phase is not AnomalyPhase.ENDED]
    assert opened.at <= at(CHANGE + 2 * HELD)
    assert of_units(said)[-1][0] is AnomalyPhase.ENDED
    later = [*COUNTED, *rates(100, 5), *[30.0] * 20, *rates(60, 6)]
    assert any(a.kind is AnomalyKind.LEVEL and a.at > at(CHANGE + 100) for a in run(later)), "it is judged"


def test_its_objective_holds_for_the_values_as_they_come() -> None:
    said = run([*COUNTED, *rates(100, 5), *rates(40, 6, times=4.0), *rates(60, 7)], HOLDS)
    breach = next(anomaly for anomaly in said if anomaly.kind is AnomalyKind.BREACH)
    assert at(CHANGE + 100) <= breach.at <= at(CHANGE + 102)


def test_when_it_counts_again_its_rate_is_judged_again_with_all_that_is_known() -> None:
    values = [*COUNTED, *rates(100, 5), *totals(200, 6, start=COUNTED[-1])]
    first, second = told(run(values))
    assert first.startswith(LIKE_BEFORE)
    assert second == "a counter instead of a gauge: it counts again; what was learnt holds"
    latest, _ = judged(values)
    assert min(latest) > RATE / 2
    assert max(latest) < RATE * 2


@pytest.mark.parametrize("restarts", [[], [0], [0, 40], [0, 9, 22, 35, 51]])
def test_a_process_that_is_restarted_still_counts(restarts: Sequence[int]) -> None:
    after, value = [], COUNTED[-1]
    for place, rate in enumerate(rates(200, 5)):
        value = 0.3 * rate * STEP_S if place in restarts else value + rate * STEP_S
        after.append(value)
    assert told(run([*COUNTED, *after])) == []


def test_that_the_first_value_is_zero_says_nothing() -> None:
    (words,) = told(run([*COUNTED, 0.0, *rates(100, 5)]))
    assert words.startswith(LIKE_BEFORE)


def test_a_process_that_is_restarted_and_then_does_nothing_still_counts() -> None:
    assert told(run([*COUNTED, 9.0, *[10.0] * 100])) == []


def test_a_sum_of_counters_of_which_some_end_still_counts() -> None:
    total, after = [1e6 + each for each in totals(2 * CHANGE)], []
    for place in range(CHANGE):
        gone = 20_000.0 * (place // 12)
        after.append(total[CHANGE + place] - gone)
    assert told(run([*total[:CHANGE], *after])) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("often", [0.2, 0.4, 0.6])
def test_a_process_that_is_restarted_all_the_time_still_counts(seed: int, often: float) -> None:
    chance, value, after = random.Random(seed), COUNTED[-1], []
    for rate in rates(300, seed):
        value = chance.random() * rate * STEP_S if chance.random() < often else value + rate * STEP_S
        after.append(value)
    assert told(run([*COUNTED, *after])) == []


@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_counters_of_several_sources_under_one_name_are_no_gauge(sources: int, seed: int) -> None:
    chance = random.Random(seed)
    begun = [COUNTED[-1] * (1.0 - 0.1 * source) for source in range(sources)]
    after = [begun[chance.randrange(sources)] + rate for rate in totals(300, seed)]
    assert told(run([*COUNTED, *after])) == []


def test_changes_since_the_last_sample_are_unlike_the_rate_and_learnt_anew_without_the_objective() -> None:
    changes = rates(300, 5, times=STEP_S)
    (words,) = told(run([*COUNTED, *changes], HOLDS))
    assert words.startswith("a gauge instead of a counter: it no longer counts, its values go up and down, unlike")
    assert words.endswith("learnt anew; nothing watches the objective http_requests_total above 20 any more")
    latest, detection = judged([*COUNTED, *changes], HOLDS)
    assert latest == pytest.approx(changes[-len(latest) :])
    (series,) = detection._bank
    assert series.objectives == ()


def test_what_was_learnt_anew_counts_again_with_its_objective() -> None:
    values = [*COUNTED, *rates(200, 5, times=STEP_S), *totals(LONG + 60, 6, start=COUNTED[-1])]
    assert told(run(values, HOLDS))[-1] == "a counter instead of a gauge: it counts again, and is learnt anew"
    latest, detection = judged(values, HOLDS)
    assert latest[-20:] == pytest.approx(rates(LONG + 60, 6)[-20:])
    (series,) = detection._bank
    assert len(series.objectives) == 1


@pytest.mark.parametrize("wild", [noise(80, 4, 9000.0, 500.0), [9000.0] * 80])
def test_what_is_only_larger_than_before_does_not_count_again(wild: Sequence[float]) -> None:
    assert len(told(run([*COUNTED, *rates(200, 5, times=STEP_S), *wild]))) == 1


def test_a_series_that_hardly_ever_counts_follows_the_others_of_its_metric() -> None:
    seldom = [float(number // 150) for number in range(CHANGE)]
    detection = Detection(DetectionParams())
    keys = [SeriesKey.of("payments-api", METRIC, {"code": code}) for code in ("2xx", "5xx")]
    both = ([*COUNTED, *rates(300, 5)], [*seldom, *[0.0] * 100, 0.03, *[0.0] * 199])
    lines = [[sample._replace(key=key) for sample in line(values)] for key, values in zip(keys, both, strict=True)]
    said = feed(detection, together(*lines, OTHERS))[1]
    (words,) = told(said)
    assert words.endswith("; 1 other series has changed likewise: http_requests_total")
    rare = detection._bank.find(keys[1])
    assert rare is not None
    assert detection.refusals["no_rate"] < 2 * HELD
    assert rare.measure.kind is SampleKind.GAUGE


@pytest.mark.parametrize("sooner", [0, 12])
def test_a_process_that_was_restarted_meanwhile_follows_no_other(sooner: int) -> None:
    detection = Detection(DetectionParams())
    keys = [SeriesKey.of("payments-api", METRIC, {"pod": pod}) for pod in ("a", "b")]
    both = ([*COUNTED, *rates(200, 5)], [*COUNTED[: CHANGE - sooner], 7.0, *[7.0] * sooner, *totals(199, 6)])
    lines = [[sample._replace(key=key) for sample in line(values)] for key, values in zip(keys, both, strict=True)]
    (words,) = told(feed(detection, together(*lines, OTHERS))[1])
    assert "likewise" not in words


def test_what_came_while_it_was_in_doubt_leaves_no_trace() -> None:
    after, later = rates(100, 5), rates(100, 6)  # a surprise holds for 60 samples
    highest = []
    for counts in (True, False):
        detection = Detection(DetectionParams())
        values = [*after, *later]
        if counts:
            values = list(accumulate((rate * STEP_S for rate in values), initial=COUNTED[-1]))[1:]
        feed(detection, line([*COUNTED, *values[:100]]))
        highest.append(max(feed(detection, line(values[100:], CHANGE + 100))[0]))
    assert highest[1] == pytest.approx(highest[0], abs=0.05)


def test_a_breach_that_was_told_of_it_meanwhile_is_renamed() -> None:
    least = Service(HOLDS.id, objectives=(Objective(METRIC, 5.0, above=False),))
    said = feed(Detection(DetectionParams(), [least]), line([*COUNTED, *rates(100, 5)]))[1]
    assert [(anomaly.phase, anomaly.kind) for anomaly in said] == [
        (AnomalyPhase.OPENED, AnomalyKind.BREACH), (AnomalyPhase.UPDATED, UNIT), (AnomalyPhase.ENDED, UNIT),
    ]  # fmt: skip


def test_what_was_told_of_it_meanwhile_is_renamed() -> None:
    stories = []
    for seed in range(6):
        said = feed(Detection(DetectionParams()), line([*COUNTED, *rates(100, seed)]))[1]
        stories.append([(anomaly.phase, anomaly.kind) for anomaly in said])
        assert {e.detector for anomaly in said if anomaly.kind is UNIT for e in anomaly.evidence} == {"unit"}
    renamed = [(AnomalyPhase.UPDATED, UNIT), (AnomalyPhase.ENDED, UNIT)]
    assert [(AnomalyPhase.OPENED, AnomalyKind.LEVEL), *renamed] in stories


def test_an_instance_that_begins_later_is_what_the_others_of_its_metric_are_and_nothing_is_told() -> None:
    detection = Detection(DetectionParams(), [HOLDS])
    keys = [SeriesKey.of("payments-api", METRIC, {"pod": pod}) for pod in ("a", "b")]
    both = (line([*COUNTED, *rates(300, 5)]), line([0.0, *rates(199, 6)], CHANGE + 100))
    lines = [[sample._replace(key=key) for sample in each] for key, each in zip(keys, both, strict=True)]
    said = feed(detection, together(*lines, OTHERS))[1]
    assert len(told(said)) == 1
    later = detection._bank.find(keys[1])
    assert later is not None
    assert later.measure.kind is SampleKind.GAUGE
    assert len(later.objectives) == 1


def test_an_instance_that_begins_later_and_counts_is_judged_by_its_rate() -> None:
    detection = Detection(DetectionParams(), [HOLDS])
    keys = [SeriesKey.of("payments-api", METRIC, {"pod": pod}) for pod in ("a", "b")]
    both = (line([*COUNTED, *rates(100, 5)]), line(totals(200, 6), CHANGE + 100))
    lines = [[sample._replace(key=key) for sample in each] for key, each in zip(keys, both, strict=True)]
    said = feed(detection, together(*lines, OTHERS))[1]
    assert len(told(said)) == 1
    assert all(anomaly.kind is not AnomalyKind.BREACH for anomaly in said)


def test_a_doubt_ends_when_the_series_is_declared_to_be_something_else_or_is_gone() -> None:
    detection = Detection(DetectionParams())
    feed(detection, line([*COUNTED, *rates(3, 5)]))
    told_of = detection._services[HOLDS.id].redeclared
    assert told_of is not None
    (doubt,) = told_of.doubts.values()
    gauges = [each._replace(kind=SampleKind.GAUGE) for each in line(rates(2, 6), CHANGE + 3)]
    feed(detection, gauges)
    assert not told_of.doubts
    gone = SeriesKey.of("payments-api", "gone_total")
    told_of.doubt(gone, doubt)
    told_of.tell((), gauges[-1].observed_at)
    assert told_of.idle


def test_who_wants_no_such_risk_has_it_judged_as_it_is_declared() -> None:
    values = [*COUNTED, *rates(300, 5)]
    without = DetectionParams(without=frozenset({"unit"}))
    assert told(run(values, params=without)) == []
    first, second = Detection(DetectionParams()), Detection(without)
    feed(first, line(values[: CHANGE + 50]))
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    feed(second, line(values[CHANGE + 50 :], CHANGE + 50))
    assert second.refusals["no_rate"] > 100


@pytest.mark.parametrize("service", [Service(HOLDS.id), HOLDS])
@pytest.mark.parametrize("times", [1.0, STEP_S])
@pytest.mark.parametrize("cut", [399, 401, 402, 405, 409, 425, 440, 599, 601, 602, 605, 612, 640, 680])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int, times: float, service: Service) -> None:
    samples = line([*COUNTED, *rates(200, 5, times), *totals(120, 6, start=COUNTED[-1])])
    whole, first, second = (Detection(DetectionParams(), (service,)) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:cut])[1]
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    assert said + feed(second, samples[cut:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())


def test_a_limit_that_was_changed_holds_for_the_values_as_they_come() -> None:
    changed = Service(HOLDS.id, objectives=(Objective(METRIC, 15.0, above=True),))
    first, second = Detection(DetectionParams(), [HOLDS]), Detection(DetectionParams(), [changed])
    feed(first, line([*COUNTED, *rates(100, 5)]))
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    said = feed(second, line([17.0] * 10, CHANGE + 100))[1]
    assert [anomaly.kind for anomaly in said] == [AnomalyKind.BREACH]


def test_nothing_is_kept_of_a_doubt_that_came_to_nothing() -> None:
    values = [*COUNTED, *totals(LONG + 20, 6)]
    _, detection = judged(values)
    assert detection._services[HOLDS.id].redeclared is None
    (series,) = detection._bank
    assert series.measure.kind is COUNTER


def test_a_damaged_doubt_is_refused() -> None:
    detection = Detection(DetectionParams())
    feed(detection, line([*COUNTED, *rates(3, 5)]))
    text = json.dumps(detection.snapshot(), allow_nan=False)
    doubts = detection._services[HOLDS.id].redeclared
    assert doubts is not None
    (doubt,) = doubts.doubts.values()
    damaged = text.replace(json.dumps(doubt.snapshot()), '[null, null, "x"]')
    assert damaged != text
    with pytest.raises(StateError):
        Detection(DetectionParams()).restore(json.loads(damaged))


def test_the_sample_that_shows_that_it_counts_again_is_judged_by_its_own_rate() -> None:
    again = [*rates(HELD, 6), 2.2 * RATE]  # the last is beyond the limit, and near enough to the latest ones
    counts = list(accumulate((rate * STEP_S for rate in again), initial=COUNTED[-1]))[1:]
    _, detection = judged([*COUNTED, *rates(100, 5), *counts], HOLDS)
    (series,) = detection._bank
    ((breach, _),) = series.objectives
    assert series.measure.kind is COUNTER
    assert breach.since == at(CHANGE + 100 + HELD)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_value_that_is_no_number_says_nothing_of_whether_it_counts_again(odd: float) -> None:
    again = totals(200, 6, start=COUNTED[-1])
    values = [*COUNTED, *rates(100, 5), *again[:4], odd, *again[4:]]
    assert told(run(values))[-1] == "a counter instead of a gauge: it counts again; what was learnt holds"
