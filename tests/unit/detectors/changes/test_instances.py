"""Instances that come and go: one fewer is no silence, and a silence makes nobody deaf."""

import json
from collections.abc import Sequence

import pytest

from detectors.arrival.cadence import SilenceParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import SeriesKey
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, together

OPENED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.ENDED
LEVEL, SCHEMA, SILENCE = AnomalyKind.LEVEL, AnomalyKind.SCHEMA, AnomalyKind.SILENCE
MORE, LESS, END = 200, 500, 700  # seconds: when more instances are wanted, and fewer, and all is over


def pod(name: str, first: int = 0, last: int = END, *, metrics: int = 3) -> list[Sample]:
    """All that one process says of itself, a sample a second."""
    return [
        Sample(SeriesKey.of("bff", f"m{each}", {"pod": name, "code": "2xx"}), value, START + first + number)
        for each in range(metrics)
        for number, value in enumerate(noise(last - first, seed=ord(name) + each, centre=50.0 * (each + 1)))
    ]


def run(*some: Sequence[Sample]) -> list[Anomaly]:
    return feed(Detection(DetectionParams()), together(*some))[1]


FIRST = pod("a"), pod("b")


def test_an_instance_that_the_autoscaler_takes_away_is_no_news() -> None:
    assert run(*FIRST, pod("c", MORE, LESS)) == []


def test_it_does_not_matter_which_one_is_taken_away() -> None:
    assert run(pod("a"), pod("b", last=LESS), pod("c", MORE)) == []


def test_one_of_two_may_end_and_the_one_that_is_left_goes_on() -> None:
    assert run(pod("a"), pod("b", MORE, LESS)) == []


def test_nobody_waits_for_an_instance_that_ended_and_it_may_come_back() -> None:
    detection = Detection(DetectionParams(silence=SilenceParams(gone=10**6)))
    assert feed(detection, together(*FIRST, pod("c", MORE, LESS)))[1] == []
    every = together(*(pod(name, last=100) for name in "abc"))
    back = [Sample(sample.key, sample.value, sample.observed_at + END) for sample in every]
    said = feed(detection, back)[1]
    assert [anomaly for anomaly in said if anomaly.kind is SILENCE] == []


def test_more_than_half_of_the_instances_at_once_are_a_silence() -> None:
    said = run(pod("a"), *(pod(name, MORE, LESS) for name in "bcd"))
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)
    assert {dict(evidence.key.attributes)["pod"] for evidence in said[0].evidence} == {"b", "c", "d"}


def test_all_instances_are_a_silence() -> None:
    beside = [Sample(SeriesKey.of("bff", "wanted"), value, START + at) for at, value in enumerate(noise(END, seed=99))]
    said = run(pod("a", last=LESS), pod("b", MORE, LESS), beside)
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)


def test_one_of_those_that_were_always_there_is_a_silence() -> None:
    said = run(pod("a"), pod("b"), pod("c", last=LESS))
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)


def test_one_that_only_paused_for_long_has_not_come_later_than_the_others() -> None:
    paused = [sample for sample in pod("b") if not START + 20 < sample.observed_at < START + 140]
    said = [anomaly for anomaly in run(pod("a"), paused, pod("c", last=LESS)) if anomaly.at > START + LESS]
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)


def test_one_metric_of_an_instance_that_speaks_on_is_a_silence() -> None:
    less = [s for s in pod("c", MORE) if s.key.metric != "m1" or s.observed_at < START + LESS]
    said = run(*FIRST, less)
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)
    assert [evidence.key.metric for evidence in said[0].evidence] == ["m1"]


def test_one_metric_of_all_instances_is_a_silence() -> None:
    every = [*together(*FIRST, pod("c", MORE))]
    said = run([sample for sample in every if sample.key.metric != "m1" or sample.observed_at < START + LESS])
    assert (said[0].phase, said[0].kind) == (OPENED, SILENCE)


def silent_and(*others: Sequence[Sample]) -> list[Anomaly]:
    """One of three that were always there has stopped for good; return what is said from a while later on."""
    return [said for said in run(pod("a"), pod("c", last=100), *others) if said.at > START + MORE]


def jump(name: str, *times: int) -> list[Sample]:
    """An instance whose values jump for a while."""
    high = {START + at + more for at in times for more in range(10)}
    return [Sample(s.key, s.value * (9 if s.observed_at in high else 1), s.observed_at) for s in pod(name)]


def test_a_silence_of_hours_makes_nobody_deaf_to_what_comes_later_in_other_series() -> None:
    said = silent_and(jump("b", 400))
    assert {anomaly.id for anomaly in said} == {said[0].id}
    assert [anomaly.kind for anomaly in said][:1] == [LEVEL]
    assert START + 400 <= said[0].at < START + 410
    assert dict(said[0].evidence[0].key.attributes)["pod"] == "b"


def test_once_that_is_over_the_silence_is_what_is_left() -> None:
    last = silent_and(jump("b", 400))[-1]
    assert (last.phase, last.kind) == (AnomalyPhase.UPDATED, SILENCE)
    assert START + 410 < last.at < START + 430
    assert dict(last.evidence[0].key.attributes)["pod"] == "c"


def test_each_time_that_something_else_is_unusual_it_is_told_and_then_the_silence_again() -> None:
    said = silent_and(jump("b", 300, 500))
    assert [anomaly.kind for anomaly in said] == [LEVEL, SILENCE, LEVEL, SILENCE]
    for anomaly in said:
        assert anomaly.evidence[0].detector == anomaly.kind


def test_telemetry_that_lies_is_told_beside_a_silence() -> None:
    twice = [sample for sample in pod("b") for _ in range(1 + (sample.observed_at >= START + 400))]
    said = silent_and(twice)
    assert said[0].kind is SCHEMA
    assert said[0].evidence[0].detector == "integrity"


def test_a_silence_alone_is_not_told_again() -> None:
    assert silent_and(pod("b")) == []


@pytest.mark.parametrize("cut", [MORE + 10, 405, LESS + 2, LESS + 40])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    always = pod("a"), pod("e", last=100), jump("f", 400, 600)
    samples = together(*always, *(pod(name, MORE, LESS) for name in "bcd"))
    whole, first, second = (Detection(DetectionParams()) for _ in range(3))
    count = sum(sample.observed_at < START + cut for sample in samples)
    expected = feed(whole, samples)
    assert {said.kind for said in expected[1]} == {SILENCE, LEVEL}
    head = feed(first, samples[:count])
    second.restore(json.loads(json.dumps(first.snapshot())))
    tail = feed(second, samples[count:])
    assert (head[0] + tail[0], head[1] + tail[1]) == expected
