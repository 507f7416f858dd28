"""What a calm service costs: no more is kept of it, and no more is called, than its samples need."""

import gc
import math
import sys
import tracemalloc

import pytest

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.anomalies.fusion import LONGEST_REST_S
from detectors.anomalies.outlook import Outlook
from detectors.arrival.cadence import SilenceParams, read, spoke
from detectors.arrival.silence import Silence
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.series.bank import Bank, Series
from detectors.services.fused import Objectives
from detectors.services.service import ServiceState
from domain.anomaly import AnomalyKind, AnomalyPhase, Evidence
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline

MOST_BYTES = 2048


def some_series(count: int) -> list[Series]:
    bank = Bank(DetectionParams(), ())
    return [bank.make(SeriesKey.of("api", f"m{number}")) for number in range(count)]


def a_finding(series: Series, detector: str) -> Evidence:
    return Evidence(detector, series.key, START, 1.0, 0.0, 0.0, 0.5, 0.99, START)


def test_a_series_that_is_alone_in_its_service_takes_two_kilobytes_with_all_that_is_kept_of_the_service() -> None:
    names = [f"service-{number}" for number in range(500)]
    values = noise(100)
    gc.collect()
    tracemalloc.start()
    try:
        detection = Detection(DetectionParams())
        for number, value in enumerate(values):
            for name in names:
                detection.observe(Sample(SeriesKey.of(name, "latency_ms"), value, START + number * 60.0))
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / len(names) <= MOST_BYTES


@pytest.mark.parametrize(("step_s", "most"), [(1.0, 14.0), (3600.0, 18.0)])
def test_a_sample_of_a_lone_series_calls_few_functions_that_are_written_in_python(step_s: float, most: float) -> None:
    detection, samples = Detection(DetectionParams()), timeline(noise(3000), step_s=step_s)
    feed(detection, samples[:2000])
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    for sample in samples[2000:]:
        detection.observe(sample)
    sys.setprofile(None)
    assert calls / 1000 <= most


def test_nothing_is_kept_of_findings_before_there_is_one() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams())
    (series,) = some_series(1)
    service.add(series)
    service.calm(series.key, "level")
    service.over(series.key, "level")
    service.forget({series.key})
    assert service.idle
    assert service.fusion is None
    assert service.settle(START) == ()
    service.fused().found(AnomalyKind.STUCK, a_finding(series, "stuck"))
    assert not service.idle
    assert len(service.settle(START)) == 1


def test_the_second_series_of_a_service_makes_them_agree_with_the_first_in_its_place() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams())
    first, second, third = some_series(3)
    service.add(first)
    assert service.agreement is None
    service.add(second)
    service.add(third)
    assert [series.place for series in (first, second, third)] == [0, 1, 2]
    columns = service.agreement.snapshot() if service.agreement is not None else None
    assert isinstance(columns, list)
    assert [len(column) for column in columns[0]] == [3, 3, 3, 3]


def test_what_series_said_together_ends_when_a_single_one_is_left() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams())
    known = some_series(4)
    for series in known:
        service.add(series)
    agreement = service.agreement
    assert agreement is not None
    for number in range(400):
        for series in known:
            if agreement.observe(series.place, 1.0 + (number > 300), 0.999 if number > 300 else 0.0, learn=True):
                evidence = agreement.close(START + number, learn=True)
                if evidence is not None:
                    service.fused().found(AnomalyKind.LEVEL, evidence)
    assert agreement.leader == known[0].key
    assert service.fused().findings.known.keys() == {(known[0].key, AGREEMENT)}
    service.drop({series.key for series in known[1:]})
    assert service.agreement is None
    assert service.idle


def test_what_fuses_findings_is_let_go_once_it_remembers_nothing_that_matters() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams())
    (series,) = some_series(1)
    service.add(series)
    service.fused().found(AnomalyKind.STUCK, a_finding(series, "stuck"))
    assert [anomaly.phase for anomaly in service.settle(START)] == [AnomalyPhase.OPENED]
    service.rest(START + 2 * LONGEST_REST_S)  # it is still open
    service.over(series.key, "stuck")
    assert [anomaly.phase for anomaly in service.settle(START + 60)] == [AnomalyPhase.ENDED]
    service.rest(START + LONGEST_REST_S - 1)  # what comes now must be rarer to open another one
    assert service.fusion is not None
    service.rest(START + LONGEST_REST_S)
    assert service.fusion is None


def test_what_weighs_on_the_next_finding_is_not_let_go() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams())
    fusion = service.fused()
    fusion.outlook = Outlook(0.1, against=True)
    service.rest(START)
    assert service.fusion is fusion


def test_what_learns_from_findings_is_let_go_once_they_can_teach_nothing() -> None:
    detection, made = Detection(DetectionParams()), []
    for sample in timeline(noise(400), step_s=3600.0):
        detection.observe(sample)
        (service,) = detection._services.values()
        made.append(service.precursor is not None)
    assert any(made)
    assert not made[-1]


def test_what_a_service_of_objectives_knows_of_its_limits_is_not_let_go() -> None:
    service = ServiceState(ServiceId("api"), DetectionParams(), Objectives.THIS_ONE)
    fusion = service.fused()
    service.rest(START)
    assert service.fusion is fusion


def test_a_service_that_is_calm_again_keeps_no_more_than_one_of_which_nothing_was_ever_found() -> None:
    detection = Detection(DetectionParams())
    samples = timeline([*noise(300), 500.0, 500.0, *noise(1500, seed=8)], step_s=3600.0)
    feed(detection, samples[:303])
    (service,) = detection._services.values()  # what is kept shows nowhere else
    assert service.fusion is not None
    assert service.precursor is not None
    kept = [service.fusion is None for sample in samples[303:] if feed(detection, [sample])]
    assert kept.count(True) > 1000


def test_a_lone_series_is_not_looked_at_for_silences_by_its_own_time_unless_there_is_something_else_to_do() -> None:
    silence = Silence(SilenceParams(), some_series(1))
    (series,) = silence._series
    for number in range(50):
        before = read(series.record)
        spoke(series.record, before, at := START + number)
        silence.heard(series, at, at)
    silence.overdue(at)
    assert silence.deadline == pytest.approx(at + 5)
    silence.wake()
    assert silence.deadline == pytest.approx(at + 5)
    silence.sleep()
    assert silence.deadline == math.inf
    assert silence.may_end(at) == pytest.approx(at + 5)  # it is missed by the time of others
    silence.wake()
    assert silence.deadline == at
