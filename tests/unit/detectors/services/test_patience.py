"""Each service is looked at when its own patience ends, however many there are."""

import math
import sys

import pytest

from detectors.arrival.cadence import RECORD, SilenceParams
from detectors.arrival.silence import Silence
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.services.patience import Patience
from domain.anomaly import AnomalyKind
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.state import Plain
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together


class Spoken:
    """A series that has spoken so many times, once a minute."""

    def __init__(self, service: str, samples: int) -> None:
        self.key = SeriesKey.of(service, "m")
        self.record = bytearray(RECORD.pack(START, 60.0, 60.0, samples))
        self.points: list[tuple[float, float]] = []
        self.place = 0


def some(*names: str, samples: int = 100) -> list[Silence]:
    return [Silence(SilenceParams(), [Spoken(name, samples)]) for name in names]


def due(patience: Patience, watermark: float) -> list[Silence]:
    """Take out those that are due by now, in their order."""
    taken = []
    while patience.ends < watermark:
        taken.append(patience.first)
        patience.postpone(math.inf)
    return taken


def by_turns(series: int, rounds: int, *, quiet: frozenset[int] = frozenset(), each: int = 1) -> list[Sample]:
    """A sample a minute of each series, at its own second; the quiet ones stop half way. ``each``: in one service."""
    values, offsets = noise(series * rounds), [second % 59.0 for second in noise(series, 5, 500.0, 100.0)]
    keys = [SeriesKey.of(f"service-{number // each:03}", f"m{number % each}") for number in range(series)]
    rows = sorted(
        (START + turn * 60.0 + offsets[number], number)
        for turn in range(rounds)
        for number in range(series)
        if number not in quiet or 2 * turn < rounds
    )
    return [Sample(keys[number], value, at) for (at, number), value in zip(rows, values, strict=False)]


def test_those_that_are_due_come_first_due_first_and_are_no_longer_waited_for() -> None:
    patience, (a, b, c) = Patience(), some("a", "b", "c")
    for silence, until in ((a, 30.0), (b, 10.0), (c, 20.0)):
        patience.wait(silence, until)
    assert patience.ends == 10.0
    assert due(patience, 10.0) == []
    assert due(patience, 25.0) == [b, c]
    assert patience.ends == 30.0
    assert due(patience, math.inf) == [a]
    assert patience.ends == math.inf


def test_who_is_postponed_waits_in_turn_with_the_others() -> None:
    patience, (a, b) = Patience(), some("a", "b")
    patience.wait(a, 10.0)
    patience.postpone(15.0)
    assert patience.ends == 15.0
    patience.wait(b, 20.0)
    patience.postpone(30.0)
    assert patience.ends == 20.0
    assert due(patience, 100.0) == [b, a]


def test_a_service_is_looked_at_sooner_but_never_later_and_once() -> None:
    patience, (a, b) = Patience(), some("a", "b")
    patience.wait(a, 30.0)
    patience.sooner(a, 40.0)
    assert patience.ends == 30.0
    patience.sooner(a, 20.0)
    patience.sooner(b, 25.0)
    assert due(patience, 100.0) == [a, b]


def test_who_can_never_be_due_is_not_waited_for() -> None:
    patience, (a,) = Patience(), some("a")
    patience.wait(a, math.inf)
    assert due(patience, math.inf) == []
    assert patience.snapshot() == []  # no JSON has an infinite number


def test_patience_continues_after_a_restart_in_the_same_order() -> None:
    before, after, (a, b, c) = Patience(), Patience(), some("a", "b", "c")
    for silence, until in ((a, 30.0), (b, 10.0), (c, 10.0)):
        before.wait(silence, until)
    names = {ServiceId("a"): a, ServiceId("b"): b, ServiceId("c"): c}
    after.restore(before.snapshot(), names, 5.0)
    assert after.snapshot() == before.snapshot()
    assert due(after, math.inf) == due(before, math.inf) == [b, c, a]


def test_who_did_not_wait_before_a_restart_but_is_known_by_the_parameters_of_today_is_looked_at_next() -> None:
    patience, (known,), (unknown,) = Patience(), some("a"), some("b", samples=10)
    patience.restore([], {ServiceId("a"): known, ServiceId("b"): unknown}, START)
    assert patience.ends == START
    assert due(patience, math.inf) == [known]


def test_who_waited_before_a_restart_but_is_not_known_by_the_parameters_of_today_waits_no_more() -> None:
    patience, (known,), (unknown,) = Patience(), some("a"), some("b", samples=10)
    saved: Plain = [["b", START], ["a", START + 1]]
    patience.restore(saved, {ServiceId("a"): known, ServiceId("b"): unknown}, START)
    assert due(patience, math.inf) == [known]


def test_services_whose_known_series_have_given_way_are_waited_for_no_more() -> None:
    patience, (known, empty), (unknown,) = Patience(), some("a", "b"), some("c", samples=10)
    for until, silence in enumerate((empty, known, unknown), 10):
        patience.wait(silence, until)
    empty._series = []
    patience.drop()
    assert patience.ends == 11.0
    assert due(patience, math.inf) == [known]


def test_services_that_become_known_are_not_looked_for_among_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0

    def count(self: Silence, other: object) -> bool:
        nonlocal looked
        looked += 1
        return self is other

    monkeypatch.setattr(Silence, "__eq__", count)
    feed(Detection(DetectionParams()), by_turns(40, 25))
    feed(Detection(DetectionParams()), by_turns(120, 25, each=3))
    assert looked == 0


def test_whole_services_are_told_as_soon_as_the_quickest_of_their_series_has_lost_its_patience() -> None:
    slow = timeline(noise(30), metric="slow", step_s=60.0)
    quick = timeline(noise(25), metric="quick", start=slow[-1].observed_at + 1.0)
    other = timeline(noise(2000), service="other")
    _, said = feed(Detection(DetectionParams()), together(slow, quick, other))
    first = next(each for each in said if each.service == "payments-api")
    assert first.at == pytest.approx(quick[-1].observed_at + 5 * 1.0, abs=2.0)


def test_each_series_of_a_service_that_is_silent_as_a_whole_is_told_when_its_own_patience_ends() -> None:
    quick, slow = timeline(noise(60), metric="a", step_s=60.0), timeline(noise(36), metric="b", step_s=100.0)
    detection, other = Detection(DetectionParams()), timeline(noise(4200), service="other")
    feed(detection, together(quick, slow, other[:3990]))
    service = detection._services[ServiceId("payments-api")]
    assert [key.metric for key in service.silence.silent] == ["a"]
    feed(detection, other[3990:4010])
    assert sorted(key.metric for key in service.silence.silent) == ["a", "b"]


def test_services_that_gave_way_to_others_are_waited_for_no_more() -> None:
    detection = Detection(DetectionParams(max_series=4, silence=SilenceParams(gone=20.0)))
    going = timeline(noise(6000), service="going")
    coming = [
        timeline(noise(30), service=f"service-{number}", start=START + 600.5 * number, step_s=10.0)
        for number in range(10)
    ]
    for sample in together(going, *coming):
        detection.observe(sample)
        saved = detection._patience.snapshot()
        assert isinstance(saved, list)
        assert len(saved) <= detection.series_count
    assert detection.given_way > 5


@pytest.mark.parametrize("state", [None, "ab", [["a"]], [["a", "soon"]], [[1, 2.0]]])
def test_damaged_patience_is_refused(state: Plain) -> None:
    with pytest.raises(StateError, match="patience"):
        Patience().restore(state, {ServiceId("a"): some("a")[0]}, 0.0)


def test_every_service_that_stops_is_told_however_many_others_go_on() -> None:
    quiet = frozenset({3, 40, 77})
    _, said = feed(Detection(DetectionParams()), by_turns(80, 80, quiet=quiet))
    silent = [anomaly for anomaly in said if anomaly.kind is AnomalyKind.SILENCE and anomaly.at == anomaly.opened_at]
    assert sorted(anomaly.service for anomaly in silent) == [f"service-{number:03}" for number in sorted(quiet)]
    ends = START + 40 * 60.0 + 60.0 * 5
    assert all(ends - 60.0 < anomaly.at < ends + 60.0 for anomaly in silent)


def test_services_that_stop_are_told_the_same_after_a_restart_in_between() -> None:
    samples = by_turns(12, 80, quiet=frozenset({3, 7}))
    one, before, after = (Detection(DetectionParams()) for _ in range(3))
    middle = len(samples) * 11 // 20
    _, whole = feed(one, samples)
    _, first = feed(before, samples[:middle])
    after.restore(before.snapshot())
    _, second = feed(after, samples[middle:])
    assert [*first, *second] == whole
    assert after.snapshot() == one.snapshot()


def test_a_sample_costs_no_more_calls_beside_many_services_that_speak_at_other_times() -> None:
    def calls_per_sample(services: int) -> float:
        detection, samples = Detection(DetectionParams()), by_turns(2 * services, 60, each=2)
        feed(detection, samples[: len(samples) // 2])
        calls = 0

        def count(_frame: object, event: str, _arg: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        for sample in samples[len(samples) // 2 :]:
            detection.observe(sample)
        sys.setprofile(None)
        return calls / (len(samples) // 2)

    assert calls_per_sample(150) <= 1.1 * calls_per_sample(5)
