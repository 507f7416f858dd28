"""A restart with other settings: what was found by what is left out must end, and numbers must be today's."""

import json

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample, SampleKind
from tests.support.timelines import START, feed, noise, timeline

CALM, LARGER = noise(400, spread=0.2), [value * 1000.0 for value in noise(300, seed=9, spread=0.2)]


def watching(*limits: float) -> Service:
    goals = tuple(Objective("latency_ms", limit, above=True) for limit in limits)
    return Service(ServiceId("payments-api"), objectives=goals)


def restarted(detection: Detection, service: Service, *without: str) -> Detection:
    again = Detection(DetectionParams.model_validate({"without": without}), [service])
    again.restore(json.loads(json.dumps(detection.snapshot(), allow_nan=False)))
    return again


def after(count: int, then: int, service: Service, *without: str) -> list[Anomaly]:
    """What is said after a restart that comes so many samples after a series became a thousand times larger."""
    first = Detection(DetectionParams(), [watching()])
    feed(first, timeline([*CALM, *LARGER[:count]]))
    rest = timeline(LARGER[count : count + then], start=START + 400 + count)
    return feed(restarted(first, service, *without), rest)[1]


def test_without_the_unit_detector_a_value_is_judged_and_told_as_it_comes() -> None:
    said = after(100, 20, watching(), "unit")
    assert (said[0].phase, said[0].kind) == (AnomalyPhase.OPENED, AnomalyKind.LEVEL)
    assert said[0].evidence[0].actual == pytest.approx(50_000.0, rel=0.05)


@pytest.mark.parametrize("count", [10, 30])
def test_what_was_told_of_a_unit_ends_when_that_is_left_out(count: int) -> None:
    assert AnomalyPhase.ENDED in [anomaly.phase for anomaly in after(count, 250, watching(), "unit")]


def test_what_was_told_of_a_unit_ends_when_a_limit_is_set_anew() -> None:
    assert AnomalyPhase.ENDED in [anomaly.phase for anomaly in after(20, 250, watching(1e6))]


def test_a_limit_that_is_set_while_the_unit_is_in_doubt_costs_nothing_that_was_learnt() -> None:
    said = after(3, 20, watching(1e6, 2e6))
    assert [anomaly.phase for anomaly in said if anomaly.kind is AnomalyKind.LEVEL] == []
    first = Detection(DetectionParams(), [watching(1e6)])
    feed(first, timeline([*CALM, *LARGER[:3]]))
    again = restarted(first, watching(2e6))
    assert [state.value for state in again.states()] == ["live"]


def test_a_change_of_unit_is_still_recognised_after_a_restart_between_settings() -> None:
    first = Detection(DetectionParams(), [watching()])
    feed(first, timeline([*CALM, *LARGER[:100]]))
    second = restarted(first, watching(), "unit")
    feed(second, timeline([value * 1000.0 for value in CALM], start=START + 500))
    third = restarted(second, watching())
    said = feed(third, timeline([*LARGER[:50], *noise(40, seed=4, spread=0.2)], start=START + 900))[1]
    assert AnomalyKind.UNIT in {anomaly.kind for anomaly in said}


def test_a_counter_that_comes_back_long_after_it_was_given_up_remembers_its_limit_as_after_a_restart() -> None:
    goal = watching(100.0)
    other = SeriesKey.of("payments-api", "rate")
    one = Detection(DetectionParams(), [goal])
    feed(one, timeline([*CALM, *[500.0] * 5]))
    feed(one, [Sample(other, value, START + 405 + number) for number, value in enumerate(noise(1500, seed=5))])
    back = timeline([50.0], start=START + 1905)[0]
    one.observe(back._replace(kind=SampleKind.COUNTER, value=-1.0))
    two = restarted(one, goal)
    assert one.states() == two.states()
