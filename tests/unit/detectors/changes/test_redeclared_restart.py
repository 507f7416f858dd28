"""What was declared of series, and a limit that is changed, across a restart."""

import json
from collections.abc import Sequence

import pytest

from detectors.changes.redeclared_told import Redeclared
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.measure import Measure
from domain.anomaly import Anomaly
from domain.errors import StateError
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample, SampleKind
from tests.support.declarations import (
    BEFORE,
    BREACH,
    CHANGE,
    COUNTER,
    GAUGE,
    IN_MS,
    OPENED,
    UNIT,
    UPDATED,
    WATCHED,
    line,
    story,
    values,
)
from tests.support.timelines import START, feed


@pytest.mark.parametrize("cut", [399, 400, 401, 404, 407, 408, 412, 450, 500, 640])
@pytest.mark.parametrize(("unit", "kind"), [("s", GAUGE), ("By", GAUGE), ("s", COUNTER)])
@pytest.mark.parametrize("service", [WATCHED, IN_MS])
def test_a_snapshot_at_any_point_of_it_continues_identically(
    cut: int, unit: str, kind: SampleKind, service: Service
) -> None:
    changed = line(values(times=0.001), unit, CHANGE, kind=kind)
    samples = [*BEFORE, *changed, *line(values(100), "ms", CHANGE + 200)]
    whole, first, second = (Detection(DetectionParams(), (service,)) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:cut])[1]
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    assert said + feed(second, samples[cut:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())


def restarted(before: Service, after: Service, unit: str, now: Sequence[Sample]) -> list[Anomaly]:
    """What is said of the samples after a change of the configuration."""
    first, second = Detection(DetectionParams(), (before,)), Detection(DetectionParams(), (after,))
    feed(first, [*BEFORE, *line(values(times=0.001), unit, CHANGE)])
    second.restore(json.loads(json.dumps(first.snapshot())))
    return feed(second, now)[1]


def test_a_limit_that_names_another_unit_after_a_restart_is_held_against_values_in_that() -> None:
    seconds = Service(ServiceId("payments-api"), objectives=(Objective("latency", 0.1, above=True, unit="s"),))
    now = line([*values(150, times=0.001), *values(5, times=0.003)], "s", CHANGE + 200)
    said = restarted(WATCHED, seconds, "s", now)
    assert story(said) == [(OPENED, BREACH)]
    assert said[0].evidence[0].actual == pytest.approx(0.15, rel=0.1)


def test_a_limit_that_was_changed_is_in_todays_unit_and_one_that_was_not_is_in_that_of_before() -> None:
    seconds = Service(ServiceId("payments-api"), objectives=(Objective("latency", 0.1, above=True),))
    none = Service(ServiceId("payments-api"))
    now = line([*values(150, times=0.001), *values(5, times=0.003)], "s", CHANGE + 200)
    said = {name: restarted(WATCHED, after, "s", now) for name, after in (("new", seconds), ("same", WATCHED))}
    assert {name: story(each) for name, each in said.items()} == {"new": [(OPENED, BREACH)], "same": [(OPENED, BREACH)]}
    actual = {name: each[0].evidence[0].actual for name, each in said.items()}
    assert actual == {"new": pytest.approx(0.15, rel=0.1), "same": pytest.approx(150.0, rel=0.1)}
    assert restarted(WATCHED, none, "s", now)[0].evidence[0].actual == pytest.approx(150.0, rel=0.1)


def test_a_limit_that_was_changed_for_the_new_unit_is_watched_again_after_a_restart() -> None:
    bytes_ = Service(ServiceId("payments-api"), objectives=(Objective("latency", 0.1, above=True),))
    now = line([*values(150, times=0.001), *values(5, times=0.003)], "By", CHANGE + 200)
    assert (OPENED, BREACH) in story(restarted(WATCHED, bytes_, "By", now))
    assert BREACH not in {each.kind for each in restarted(WATCHED, WATCHED, "By", now)}


@pytest.mark.parametrize("state", [None, 3, ["ms"], ["ms", "gauge", [1], None, 0], ["ms", "gauge", None, [3], 0]])
def test_a_damaged_measure_is_refused(state: object) -> None:
    with pytest.raises(StateError):
        Measure.of(state)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [None, 3, [[], []], [[1], [], 0.0]])
def test_a_damaged_snapshot_is_refused(state: object) -> None:
    with pytest.raises(StateError):
        Redeclared().restore(state)  # type: ignore[arg-type]


def test_a_limit_that_begins_to_name_the_unit_of_its_values_holds_for_those_that_say_theirs() -> None:
    first, second = Detection(DetectionParams(), (WATCHED,)), Detection(DetectionParams(), (IN_MS,))
    feed(first, line(values(), ""))
    second.restore(json.loads(json.dumps(first.snapshot())))
    said = feed(second, line([*values(50, times=0.001), *values(5, times=0.003)], "s", 200))[1]
    assert story(said) == [(OPENED, UNIT), (UPDATED, BREACH)]
    assert said[0].evidence[0].detail == "in s instead of ms: converted, so what was learnt still holds"
    assert said[1].at == START + 250
