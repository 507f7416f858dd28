"""Series that give way to new ones when there are as many as may be."""

import json
from collections.abc import Iterator, ValuesView

import pytest

from detectors.arrival.cadence import SilenceParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.series.bank import Bank
from detectors.services.room import Room
from detectors.services.service import ServiceState
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together

MOST = 40
STEADY = timeline(noise(3000, seed=1), metric="steady")


def churned(number: int, samples: int, every_s: float = 1.0, service: str = "payments-api") -> Iterator[Sample]:
    """Series after series, each of which speaks for a while and never again."""
    for pod in range(number):
        key = SeriesKey.of(service, "load", {"pod": str(pod)})
        for sample, value in enumerate(noise(samples, seed=pod)):
            yield Sample(key, value, START + (pod * samples + sample) * every_s)


def params(most: int = MOST, gone: float = 1000.0) -> DetectionParams:
    return DetectionParams(max_series=most, silence=SilenceParams(gone=gone))


@pytest.mark.parametrize("samples", [1, 2, 25])
@pytest.mark.parametrize("service", ["payments-api", "another"])
def test_labels_that_never_repeat_do_not_keep_new_series_out(samples: int, service: str) -> None:
    crowd = churned(3000 // samples, samples, service=service)
    detection = Detection(params(most=MOST if samples == 25 else 4 * MOST, gone=200.0))
    _, said = feed(detection, together(STEADY, list(crowd)))
    assert detection.series_count <= 4 * MOST
    assert detection.given_way > 60
    assert detection.refusals["too_many_series"] == 0
    assert [anomaly for anomaly in said if anomaly.evidence[0].key.metric == "steady"] == []


def test_a_new_series_is_judged_as_soon_as_any_other_after_many_have_given_way() -> None:
    detection = Detection(params())
    feed(detection, churned(5000, 1))
    _, said = feed(detection, timeline([*noise(300, seed=2), 200.0, 200.0], service="new", start=START + 8000))
    assert said[-1].at == START + 8301


def test_what_is_still_waited_for_never_gives_way() -> None:
    detection = Detection(params(most=3))
    slow = timeline(noise(30), metric="slow", step_s=600.0)
    feed(detection, together(slow, timeline(noise(18_000), metric="quick")))
    feed(detection, [Sample(SeriesKey.of("payments-api", f"new{i}"), 1.0, START + 18_100 + i) for i in range(9)])
    assert {"slow", "quick"} <= {series.key.metric for series in detection._bank}
    assert detection.refusals["too_many_series"] == 8


def test_the_longest_gone_gives_way_first() -> None:
    detection = Detection(params(most=3, gone=50.0))
    for start, metric in ((300, "b"), (0, "a"), (600, "c")):
        feed(detection, timeline(noise(30), metric=metric, start=START + start, service=metric))
    feed(detection, timeline([1.0], metric="d", start=START + 1000))
    assert {series.key.metric for series in detection._bank} == {"b", "c", "d"}


def test_a_service_that_is_silent_as_a_whole_is_told_to_its_end_before_its_last_series_gives_way() -> None:
    detection = Detection(params(most=3, gone=50.0))
    other = timeline(noise(400), service="other")
    _, said = feed(detection, together(timeline(noise(100)), other))
    assert [(each.phase, each.kind) for each in said] == [
        (AnomalyPhase.OPENED, AnomalyKind.SILENCE),
        (AnomalyPhase.ENDED, AnomalyKind.SILENCE),
    ]
    feed(detection, [Sample(SeriesKey.of("other", f"new{i}"), 1.0, START + 400 + i) for i in range(2)])
    assert list(detection._services) == ["other"]


def test_what_was_told_of_a_service_is_ended_even_if_all_of_it_could_give_way() -> None:
    detection = Detection(params(most=2, gone=50.0))
    other = timeline(noise(120), service="other")
    _, said = feed(detection, together(timeline(noise(100)), other))
    assert [anomaly.phase for anomaly in said] == [AnomalyPhase.OPENED]
    _, said = feed(detection, timeline(noise(9), service="new", start=START + 2000))
    assert [(anomaly.phase, anomaly.id) for anomaly in said] == [(AnomalyPhase.ENDED, said[0].id)]
    assert detection.given_way == 1


@pytest.mark.parametrize("cut", [300, 900, 1501, 2400])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    samples = together(STEADY, list(churned(120, 25)), timeline(noise(3000, seed=5), metric="other", service="b"))
    whole, first, second = (Detection(params(most=12, gone=40.0)) for _ in range(3))
    expected = feed(whole, samples)
    before = feed(first, samples[:cut])
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    after = feed(second, samples[cut:])
    assert (before[0] + after[0], before[1] + after[1]) == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())
    assert whole.given_way > 50


class Counted(dict[ServiceId, ServiceState]):
    """Services that count how often somebody goes through all of them."""

    times = 0

    def values(self) -> ValuesView[ServiceState]:  # type: ignore[override]  # the type of dict's own has no public name
        self.times += 1
        return super().values()


def test_not_all_series_are_gone_through_for_every_sample_that_is_refused() -> None:
    room, services, bank = Room(params(most=100)), Counted(), Bank(params(most=100), ())
    assert not any(room.make(bank, services, START + number) for number in range(100))
    assert 0 < services.times <= 2 * 100 / 5


@pytest.mark.parametrize("state", [None, 3, [1], [1, None], ["a", 2]])
def test_a_damaged_snapshot_is_refused(state: object) -> None:
    with pytest.raises(StateError):
        Room(DetectionParams()).restore(state)  # type: ignore[arg-type]
