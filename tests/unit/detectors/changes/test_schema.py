"""Series that stop when others begin: renamed, relabelled, or an instance that was replaced."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from detectors.changes.schema import Schema
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.declarations import story
from tests.support.timelines import START, feed, noise, together

OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED
SCHEMA, SILENCE = AnomalyKind.SCHEMA, AnomalyKind.SILENCE
STOP = 200


def line(
    metric: str, first: int = 0, last: int = 400, seed: int = 1, centre: float = 50.0, **labels: str
) -> list[Sample]:
    """Noise from one second to another."""
    key = SeriesKey.of("payments-api", metric, labels)
    return [
        Sample(key, value, START + first + number)
        for number, value in enumerate(noise(last - first, seed=seed, centre=centre))
    ]


RATE, QUEUE = line("rate", seed=30, centre=9.0), line("queue", seed=31, centre=900.0)


def run(*lines: Sequence[Sample], services: Sequence[Service] = ()) -> list[Anomaly]:
    return feed(Detection(DetectionParams(), services), together(RATE, QUEUE, *lines))[1]


def details(said: Sequence[Anomaly]) -> list[str]:
    return [evidence.detail for evidence in said[0].evidence]


@pytest.mark.parametrize("name", ["latency_ms", "app_request_latency_ms", "requestLatencySeconds", "request.latency"])
def test_a_metric_that_was_renamed_is_told_by_both_names_instead_of_a_silence(name: str) -> None:
    said = run(line("request_latency_ms", last=STOP), line(name, first=STOP, seed=2))
    assert story(said) == [(OPENED, SCHEMA), (ENDED, SCHEMA)]
    told = said[0].evidence[0]
    assert told.detail == f"request_latency_ms has stopped and {name} has begun: renamed?"
    assert (told.actual, told.since) == (None, START + STOP - 1)
    assert 44 < told.low < told.expected < told.high < 56


def test_the_only_series_of_a_service_that_was_renamed_is_told_as_soon_as_any_other() -> None:
    _, said = feed(Detection(DetectionParams()), [*line("requests", last=STOP), *line("requests_total", first=STOP)])
    assert story(said) == [(OPENED, SCHEMA), (ENDED, SCHEMA)]
    assert said[0].at - (START + STOP) < 10


def test_a_name_with_nothing_in_common_is_told_when_values_and_numbers_agree() -> None:
    said = run(line("pool_in_use", last=STOP), line("connections", first=STOP, seed=2))
    assert details(said) == ["pool_in_use has stopped and connections has begun: renamed?"]


def test_a_name_with_nothing_in_common_is_told_later_where_a_few_values_are_too_noisy_to_agree() -> None:
    after = line("connections", first=STOP, seed=2)
    after[:6] = [sample._replace(value=25.0) for sample in after[:6]]
    said = run(line("pool_in_use", last=STOP), after)
    assert story(said) == [(OPENED, SILENCE), (UPDATED, SCHEMA), (ENDED, SCHEMA)]
    assert said[1].at < START + STOP + 60


@pytest.mark.parametrize(
    "new",
    [
        line("connections", first=STOP, seed=2, centre=150.0),  # other values
        [*line("connections", first=STOP), *line("threads", first=STOP, seed=3)],  # two for one
        line("connections", first=STOP - 60, seed=2),  # long before
    ],
)
def test_a_new_series_that_does_not_fit_leaves_a_silence(new: list[Sample]) -> None:
    said = run(line("pool_in_use", last=STOP), new)
    assert said[0].kind is SILENCE


def test_many_at_once_are_one_finding_that_lists_the_first_few() -> None:
    old = [line(f"old_m{i}_p95", last=STOP, seed=i) for i in range(20)]
    new = [line(f"new_m{i}_p95", first=STOP, seed=40 + i) for i in range(20)]
    said = run(*old, *new)
    assert story(said) == [(OPENED, SCHEMA), (ENDED, SCHEMA)]
    assert details(said) == [
        "20 series have stopped and 20 others have begun: "
        + ", ".join(f"old_m{i}_p95 (now new_m{i}_p95?)" for i in range(3))
        + " and 17 more"
    ]


@pytest.mark.parametrize("after", [{"pod": "a", "zone": "x"}, {}, {"host": "n1"}])
def test_other_labels_are_told(after: dict[str, Any]) -> None:
    said = run(line("depth", last=STOP, pod="a"), line("depth", first=STOP, seed=2, **after))
    names = " and ".join(after) or "no labels"
    assert details(said) == [f"depth by pod has stopped and the same with {names} has begun: relabelled?"]


def test_many_series_may_become_one_by_a_label_less() -> None:
    said = run(*(line("depth", last=STOP, seed=i, pod="abc"[i]) for i in range(3)), line("depth", first=STOP, seed=9))
    assert story(said) == [(OPENED, SCHEMA), (ENDED, SCHEMA)]


@pytest.mark.parametrize("begins", [STOP - 20, STOP, STOP + 3])
def test_an_instance_that_is_replaced_is_no_news(begins: int) -> None:
    old = [line(f"m{i}", last=STOP, seed=i, pod="a") for i in range(2)]
    new = [line(f"m{i}", first=begins, seed=9 + i, pod="b") for i in range(2)]
    assert run(*old, *new) == []


def test_series_that_become_one_may_stop_one_after_the_other() -> None:
    old = [line("depth", last=STOP + 8 * i, seed=i, pod="abc"[i]) for i in range(3)]
    said = run(*old, line("depth", first=STOP, seed=9))
    assert {anomaly.kind for anomaly in said} == {SCHEMA}


def test_an_instance_that_is_replaced_late_ends_its_silence() -> None:
    old = [line(f"m{i}", last=STOP, seed=i, pod="a") for i in range(5)]
    new = [line(f"m{i}", first=STOP + 20, seed=9 + i, pod="b") for i in range(5)]
    said = run(*old, *new)
    assert story(said) == [(OPENED, SILENCE), (ENDED, SILENCE)]
    assert said[1].at == START + STOP + 22


def test_instances_are_replaced_one_by_one_and_the_rest_is_silent() -> None:
    said = run(*(line("m", last=STOP, seed=i, pod="abc"[i]) for i in range(3)), line("m", first=STOP, seed=9, pod="d"))
    silent = {evidence.key.attributes for evidence in said[0].evidence}
    assert (said[0].kind, len(silent)) == (SILENCE, 2)


def test_one_instance_takes_the_place_of_one_even_if_they_stop_one_after_the_other() -> None:
    old = [line("m", last=STOP + 3 * i, seed=i, pod="ab"[i]) for i in range(2)]
    said = run(*old, line("m", first=STOP, seed=9, pod="c"))
    assert story(said) == [(OPENED, SILENCE)]
    assert [evidence.key.attributes for evidence in said[0].evidence] == [(("pod", "b"),)]


def test_an_instance_that_was_there_before_takes_the_place_of_none_that_still_speaks() -> None:
    known = [line("k", seed=3 + i, centre=900.0, pod="ab"[i]) for i in range(2)]
    said = run(*known, line("m", last=STOP, pod="a"), line("m", first=STOP, seed=9, pod="b"))
    assert story(said) == [(OPENED, SILENCE)]


def test_a_label_that_others_still_carry_is_no_instance_that_went() -> None:
    old = [line("errors", last=STOP, route="/pay"), line("duration", seed=3, route="/pay")]
    said = run(*old, line("errors", first=STOP, seed=2, route="/login"))
    assert said[0].kind is SILENCE


def test_instances_that_come_and_go_all_day_stay_quiet() -> None:
    pods = [line("m", first=100 * i, last=100 * (i + 1), seed=i, pod=str(i)) for i in range(4)]
    assert run(*pods) == []


def test_what_begins_later_renames_the_silence_that_was_told() -> None:
    said = run(line("request_latency_ms", last=STOP), line("latency_ms", first=STOP + 20, last=STOP + 120, seed=2))
    assert story(said)[:3] == [(OPENED, SILENCE), (UPDATED, SCHEMA), (ENDED, SCHEMA)]
    assert said[1].at == START + STOP + 22


def test_an_objective_that_has_lost_its_series_is_told_louder() -> None:
    goal = Service(ServiceId("payments-api"), objectives=(Objective("request_latency_ms", 100.0, above=True),))
    old, new = line("request_latency_ms", last=STOP), line("latency_ms", first=STOP, seed=2)
    plain, blind = run(old, new), run(old, new, services=(goal,))
    assert blind[0].evidence[0].detail.endswith("nothing watches the objective request_latency_ms above 100 any more")
    assert blind[0].confidence == pytest.approx(0.8)
    assert blind[0].confidence > plain[0].confidence


def test_an_objective_whose_series_was_relabelled_still_has_it() -> None:
    goal = Service(ServiceId("payments-api"), objectives=(Objective("depth", 100.0, above=True),))
    said = run(line("depth", last=STOP, pod="a"), line("depth", first=STOP, seed=2), services=(goal,))
    assert "objective" not in said[0].evidence[0].detail


BACK = 300


@pytest.mark.parametrize("late", [0, 20])
def test_a_metric_that_gets_its_old_name_back_is_told_as_that(late: int) -> None:
    first, again = (
        line("request_latency_ms", last=STOP),
        line("request_latency_ms", first=BACK + late, seed=3),
    )
    said = run(first, line("latency_ms", first=STOP, last=BACK, seed=2), again)
    assert story(said)[:2] == [(OPENED, SCHEMA), (ENDED, SCHEMA)]
    told = said[2:] if late == 0 else said[3:]
    assert (late > 0) is (SILENCE in {anomaly.kind for anomaly in said})
    assert details(told)[0] == "latency_ms has stopped and request_latency_ms has begun again: renamed back?"


def test_a_name_that_is_given_back_while_its_change_is_told_takes_that_back() -> None:
    goal = Service(ServiceId("payments-api"), objectives=(Objective("request_latency_ms", 100.0, above=True),))
    first, again = line("request_latency_ms", last=STOP), line("request_latency_ms", first=230, last=400, seed=3)
    said = run(first, line("latency_ms", first=STOP, last=230, seed=2), again, services=[goal])
    assert story(said) == [(OPENED, SCHEMA), (UPDATED, SCHEMA), (ENDED, SCHEMA)]
    assert "nothing watches" in details(said)[0]
    assert details(said[1:])[0] == "latency_ms has stopped and request_latency_ms has begun again: renamed back?"


def test_labels_that_are_given_back_are_told_as_that() -> None:
    first, again = line("depth", last=STOP, pod="a"), line("depth", first=BACK, seed=3, pod="a")
    said = run(first, line("depth", first=STOP, last=BACK, seed=2), again)
    assert details(said[2:])[0] == "depth has stopped and the same with pod has begun again: relabelled back?"


def test_an_instance_that_comes_back_for_the_one_that_came_for_it_is_no_news() -> None:
    old = [line(f"m{i}", last=STOP, seed=i, pod="a") for i in range(2)]
    new = [line(f"m{i}", first=STOP, last=BACK, seed=9 + i, pod="b") for i in range(2)]
    again = [line(f"m{i}", first=BACK, seed=3 + i, pod="a") for i in range(2)]
    assert run(*old, *new, *again) == []


def test_a_series_that_only_stops_is_silent() -> None:
    assert story(run(line("request_latency_ms", last=STOP))) == [(OPENED, SILENCE)]


def test_nobody_waits_for_a_series_that_was_renamed() -> None:
    detection = Detection(DetectionParams())
    samples = together(RATE, QUEUE, line("old_depth", last=STOP), line("new_depth", first=STOP, seed=2))
    _, said = feed(detection, samples)
    assert story(said)[-1] == (ENDED, SCHEMA)
    again = (line(metric, first=400, last=440, seed=5) for metric in ("rate", "queue", "old_depth", "new_depth"))
    assert SCHEMA not in {anomaly.kind for anomaly in feed(detection, together(*again))[1]}


@pytest.mark.parametrize("cut", [199, 202, 204, 205, 240, 266, 301, 304, 305, 306, 350])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    samples = together(
        RATE, QUEUE, line("old_depth", last=STOP), line("new_depth", first=STOP, last=BACK, seed=2),
        line("old_depth", first=BACK, seed=6),
        line("m", last=STOP, pod="a"), line("m", first=STOP, seed=4, pod="b"),
    )  # fmt: skip
    at = next(place for place, sample in enumerate(samples) if sample.observed_at >= START + cut)
    whole, first, second = (Detection(DetectionParams()) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:at])[1]
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert said + feed(second, samples[at:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())


@pytest.mark.parametrize("damaged", [None, 3, "text", [], {"heirs": 1}])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Schema().restore(damaged)  # type: ignore[arg-type]


def test_series_that_begin_late_are_looked_at_together_once_the_last_of_them_is_heard() -> None:
    old = [line(f"{name}_ms", last=STOP, seed=place) for place, name in enumerate("abc")]
    new = [
        [sample._replace(observed_at=sample.observed_at + 0.3 * place) for sample in late]
        for place, late in enumerate(line(f"{name}_ms_total", first=STOP + 20) for name in "abc")
    ]
    said = run(*old, *new)
    assert story(said)[:2] == [(OPENED, SILENCE), (UPDATED, SCHEMA)]
    assert said[1].at == new[2][2].observed_at


def test_what_became_one_is_told_since_the_first_of_it_stopped_with_the_range_of_its_last_values() -> None:
    first, *others = (line("depth", last=STOP - (pod == "a"), seed=ord(pod), pod=pod) for pod in "abc")
    first[-3:-1] = [first[-3]._replace(value=44.0), first[-2]._replace(value=56.0)]
    told = run(first, *others, line("depth", first=STOP, seed=9))[0].evidence[0]
    assert told.key == first[0].key
    assert told.since == first[-1].observed_at
    assert (told.low, told.high) == (44.0, 56.0)
