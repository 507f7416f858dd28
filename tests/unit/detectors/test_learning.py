"""The whole way: telemetry and declared incidents through all of detection."""

import json
from collections.abc import Sequence
from functools import cache

from alerts.policy.lifecycle import opened as open_alert
from detectors.detection import Detection
from detectors.incidents.precursor import NAME
from detectors.params import DetectionParams
from domain.alert import Severity, first_alert
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import IncidentEvent, Sample
from tests.support.builders import T0, a_feedback, an_anomaly
from tests.support.precursors import API, DAY, MINUTE, Told, declare, failures
from tests.support.timelines import noise, timeline, together

DAYS = 20.0
STEP = 2 * MINUTE
FAILS = failures(DAYS, every_s=DAY)
COUNT = int(DAYS * DAY / STEP)
ELSEWHERE = (Service(ServiceId("gateway"), objectives=(Objective("request_time_p95_ms", 250.0, above=True),)),)


def telemetry(service: str = API) -> list[Sample]:
    """Three metrics, of which one is unusual now and then for twenty minutes before every failure."""
    precursor = noise(COUNT, seed=1)
    for at in FAILS:
        for before in (10, 9, 8, 6, 5, 3, 2):
            precursor[int((at - T0) / STEP) - before] += 20.0
    lines = {"pool_in_use": precursor, "queue_depth": noise(COUNT, seed=2), "cpu_util": noise(COUNT, seed=3)}
    return together(*(timeline(values, service, name, STEP, T0) for name, values in lines.items()))


@cache
def alone() -> list[Anomaly]:
    """What is said of one service with every incident declared."""
    return run(telemetry(), declare(FAILS))


def run(samples: Sequence[Sample], told: Sequence[Told], cut: float = 2.0) -> list[Anomaly]:
    """What detection says; it is replaced by its own snapshot after that share of the samples."""
    detection = Detection(DetectionParams(), ELSEWHERE)
    said: list[Anomaly] = []
    waiting = sorted(told, key=lambda each: each[0])[::-1]
    for number, sample in enumerate(samples):
        while waiting and waiting[-1][0] <= sample.observed_at:
            said += detection.event(waiting.pop()[1])
        said += detection.observe(sample)[1]
        if number == int(cut * len(samples)):
            fresh = Detection(DetectionParams(), ELSEWHERE)
            fresh.restore(json.loads(json.dumps(detection.snapshot())))
            detection = fresh
    return said


def test_what_precedes_incidents_opens_an_anomaly_of_its_own_after_a_restart_too() -> None:
    said = alone()
    learnt = [a for a in said if a.phase is AnomalyPhase.OPENED and a.evidence[0].detector == NAME]
    assert len(learnt) > 0.4 * len(FAILS)
    assert all(any(0 < at - anomaly.at <= 30 * MINUTE for at in FAILS) for anomaly in learnt)
    assert all((a.kind, a.evidence[0].key.metric) == (AnomalyKind.FORECAST, "pool_in_use") for a in learnt)
    assert run(telemetry(), declare(FAILS), cut=0.8) == said
    assert [a for a in run(telemetry(), []) if a.phase is AnomalyPhase.OPENED] == []


def test_what_is_learnt_of_a_service_does_not_depend_on_others_in_its_partition() -> None:
    other = ServiceId("reporting")
    theirs = [(at + 7, IncidentEvent(f"x-{e.id}", e.kind, e.status, e.at + 7, (other,))) for at, e in declare(FAILS)]
    both = together(telemetry(), [sample for sample in telemetry(other) if sample.value > 50])
    said = run(both, [*declare(FAILS), *theirs])
    assert [anomaly for anomaly in said if anomaly.service == API] == alone()


def test_an_answer_finds_the_service_whose_anomaly_opened_the_alert() -> None:
    anomaly = an_anomaly()
    alert = open_alert(anomaly, Severity.INFO, None, again=False).episode.alert
    assert first_alert(anomaly.service, anomaly.id) == alert


def test_detection_learns_from_an_answer_once_it_knows_the_alert() -> None:
    detection, waiting = Detection(DetectionParams()), declare(FAILS)[:2]
    said: list[Anomaly] = []
    for sample in timeline([*noise(400), *[140.0] * 5, *noise(30, seed=9)], API, step_s=MINUTE, start=T0):
        if sample.observed_at == T0 + 200 * MINUTE:
            said += detection.event(waiting[0][1])
        said += detection.observe(sample)[1]
    before = detection.snapshot()
    detection.answer(a_feedback(FeedbackKind.NOT_USEFUL, "alert-of-nobody"))
    assert detection.snapshot() == before
    detection.answer(a_feedback(FeedbackKind.NOT_USEFUL, first_alert(API, said[0].id)))
    assert detection.snapshot() != before


def kept(detection: Detection) -> object:
    """What the snapshot holds of what was learnt of the only service."""
    return json.loads(json.dumps(detection.snapshot()))["services"][0][1][-1]


def test_what_is_learnt_of_a_service_is_kept_from_its_first_incident_on_and_not_before() -> None:
    detection = Detection(DetectionParams())
    for sample in telemetry()[:300]:
        detection.observe(sample)
    before = kept(detection)
    detection.event(declare(FAILS)[0][1])
    after = kept(detection)
    assert before is None
    assert after is not None
