import itertools
import json

import pytest

from alerts.decide import Decide
from alerts.policy import wording
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.alert import AlertStatus, Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.notice import Notice
from domain.telemetry import EventStatus, IncidentEvent, SampleKind, SourceRef
from streams.agents.base import Output, Record
from streams.agents.decide import DecideStage
from streams.agents.detect import IDLE_AFTER_S, PROBE_AFTER_S, DetectStage
from streams.agents.incidents import IncidentsStage
from streams.agents.rekey import RekeyStage
from streams.codecs.base import Limits
from streams.codecs.native import NativeTelemetry, Row, encode_native
from streams.codecs.registry import INCIDENTS, TELEMETRY
from streams.metrics import Metrics
from streams.records import decode, decode_any, decode_dead_letter, encode
from streams.topics import Topic, partition_for
from tests.support.builders import T0, a_landscape, an_anomaly, an_incident
from tests.support.decide import AT_ONCE
from tests.support.timelines import noise

NATIVE = NativeTelemetry()


def a_message(value: bytes, offset: int = 0, topic: str = "telemetry") -> Record:
    return Record(SourceRef(topic, 1, offset), b"key", value, T0 + offset)


def telemetry(at: float, value: float, service: str = "payments-api") -> bytes:
    return encode_native(service, at, [Row("latency_p95_ms", value)])


def a_detect_stage(metrics: Metrics | None = None) -> DetectStage:
    return DetectStage(Detection(DetectionParams(), (), 1), {"telemetry": NATIVE}, 1, metrics or Metrics())


def topics(outputs: object) -> list[Topic]:
    assert isinstance(outputs, list | tuple)
    return [output.topic for output in outputs]


def test_detection_of_a_jump_reaches_the_anomalies_topic() -> None:
    stage = a_detect_stage()
    said: list[Output] = []
    for second in range(600):
        value = 20 + 0.1 * (second * 7919 % 13) + (400 if second >= 550 else 0)
        said += stage.process(a_message(telemetry(T0 + second, value), second))
    anomalies = [decode_any(output.value) for output in said]
    opened = [item for item in anomalies if isinstance(item, Anomaly) and item.phase is AnomalyPhase.OPENED]
    assert [item.service for item in opened] == ["payments-api"]
    assert 550 <= opened[0].at - T0 < 560
    assert {(output.topic, output.partition) for output in said} == {(Topic.ANOMALIES, 0)}
    assert {output.key for output in said} == {b"payments-api", b"watermark"}


def test_event_time_is_told_every_five_seconds_of_it() -> None:
    stage = a_detect_stage()
    said = [output for second in range(21) for output in stage.process(a_message(telemetry(T0 + second, 1.0), second))]
    assert [decode(Watermark, output.value).at - T0 for output in said] == [0, 5, 10, 15, 20]


@pytest.mark.parametrize(("wait_s", "fine"), [(10.0, True), (0.0, False)])
def test_event_time_is_told_in_finer_steps_while_letters_may_wait_also_after_a_restart(
    wait_s: float, *, fine: bool
) -> None:
    def a_stage() -> DetectStage:
        return DetectStage(Detection(DetectionParams(), (), 1), {"telemetry": NATIVE}, 1, Metrics(), wait_s=wait_s)

    stage, said = a_stage(), list[Output]()
    for second in range(600):
        value = 20 + 0.1 * (second * 7919 % 13) + (400 if second >= 549 else 0)
        outputs = stage.process(a_message(telemetry(T0 + second, value), second))
        said += outputs
        if any(isinstance(decode_any(output.value), Anomaly) for output in outputs):
            saved, stage = stage.snapshot(), a_stage()
            stage.restore(saved)
    items = [decode_any(output.value) for output in said]
    opened_at = next(item.at for item in items if isinstance(item, Anomaly))
    marks = [item.at - opened_at for item in items if isinstance(item, Watermark)]

    def steps(after: float, until: float) -> set[float]:
        told = [mark for mark in marks if after <= mark <= until]
        return {later - before for before, later in itertools.pairwise(told)}

    assert (steps(-100, 0), steps(20, 100)) == ({5.0}, {5.0})
    assert steps(0, 10) == ({1.0} if fine else {5.0})
    assert (10.0 in marks) or not fine


def test_a_message_that_is_refused_becomes_one_dead_letter_and_a_figure() -> None:
    metrics = Metrics()
    stage = a_detect_stage(metrics)
    (output,) = stage.process(a_message(b"{", 4))
    letter = decode_dead_letter(output.value)
    assert (output.topic, letter.reason, letter.payload, letter.key) == (Topic.DEAD_LETTERS, "not_json", b"{", b"key")
    assert b'foreshock_dead_letters_total{reason="not_json",topic="telemetry"} 1.0' in metrics.exposition()


def test_the_good_samples_of_a_message_are_judged_and_the_bad_one_is_kept() -> None:
    metrics = Metrics()
    rows = [{"metric": "a", "value": 1}, {"metric": "b", "value": "NaN"}, {"metric": "c", "value": 3}]
    body = json.dumps({"v": 1, "service": "s", "at": T0, "samples": rows}).encode()
    stage = a_detect_stage(metrics)
    outputs = stage.process(a_message(body))
    assert topics(outputs) == [Topic.DEAD_LETTERS, Topic.ANOMALIES]
    assert stage.detection.series_count == 2
    assert b"foreshock_samples_total 2.0" in metrics.exposition()


def test_silence_is_said_only_after_kafka_proved_to_be_there() -> None:
    stage = a_detect_stage()
    for second in range(300):
        stage.process(a_message(telemetry(T0 + second, 20 + second % 3), second))
    assert stage.tick(PROBE_AFTER_S - 1) == ()
    (probe,) = stage.tick(PROBE_AFTER_S)
    assert decode(Watermark, probe.value).at == T0 + 299
    outputs = stage.tick(IDLE_AFTER_S + 300)
    anomaly = decode_any(outputs[0].value)
    assert (anomaly.kind, anomaly.evidence[0].actual) == ("silence", None)
    assert decode(Watermark, outputs[-1].value).at == T0 + 299 + IDLE_AFTER_S + 300


def test_a_detect_stage_continues_from_its_snapshot_as_if_nothing_had_happened() -> None:
    whole, first = a_detect_stage(), a_detect_stage()
    records = [a_message(telemetry(T0 + s, 20 + s % 5 + (300 if s > 400 else 0)), s) for s in range(450)]
    expected = [output for record in records for output in whole.process(record)]
    said = [output for record in records[:390] for output in first.process(record)]
    second = a_detect_stage()
    second.restore(first.snapshot())
    said += [output for record in records[390:] for output in second.process(record)]
    assert said == expected
    assert any(isinstance(decode_any(output.value), Anomaly) for output in said)


def test_incident_events_go_to_every_partition_of_detection_and_once_to_decide() -> None:
    stage = IncidentsStage({"incidents": INCIDENTS["native"]}, 3, Metrics())
    body = {"v": 1, "id": "INC-7", "kind": "incident", "status": "opened", "at": T0, "services": ["payments-api"]}
    outputs = stage.process(a_message(json.dumps(body).encode(), topic="incidents"))
    assert [(output.topic, output.partition) for output in outputs] == [
        (Topic.INCIDENTS, 0), (Topic.INCIDENTS, 1), (Topic.INCIDENTS, 2), (Topic.ANOMALIES, 0),
    ]  # fmt: skip
    assert {decode(IncidentEvent, output.value).id for output in outputs} == {"INC-7"}
    (refused,) = stage.process(a_message(b"?", topic="incidents"))
    assert refused.topic is Topic.DEAD_LETTERS


def test_telemetry_that_is_not_keyed_by_service_is_written_anew_by_service() -> None:
    point = {"asDouble": 1.5, "timeUnixNano": f"{T0:.0f}000000000"}
    otlp = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]},
                "scopeMetrics": [
                    {"metrics": [{"name": "m", "gauge": {"dataPoints": [point]}}]}
                ],
            }
            for name in ("alpha", "beta")
        ]
    }  # fmt: skip
    stage = RekeyStage({"otel": TELEMETRY["otlp_json"]}, 4, Metrics())
    outputs = stage.process(a_message(json.dumps(otlp).encode(), topic="otel"))
    assert [(output.key, output.partition) for output in outputs] == [
        (name, partition_for(name.decode(), 4)) for name in (b"alpha", b"beta")
    ]
    (sample,) = NATIVE.decode(outputs[0].value, T0).samples
    assert (sample.key.service, sample.value, sample.observed_at) == ("alpha", 1.5, T0)


def a_sum(at: float, value: float, temporality: int) -> bytes:
    """What OpenTelemetry sends of a counter: 1 for what was added since the last time, 2 for all there ever was."""
    point = {"timeUnixNano": str(round(at * 1e9)), "asDouble": value}
    metric = {
        "name": "requests",
        "sum": {"dataPoints": [point], "aggregationTemporality": temporality, "isMonotonic": True},
    }
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "pay"}}]}
    return json.dumps({"resourceMetrics": [{"resource": service, "scopeMetrics": [{"metrics": [metric]}]}]}).encode()


def test_a_counter_of_opentelemetry_that_changes_its_temporality_is_told_as_that() -> None:
    stage = DetectStage(Detection(DetectionParams()), {"telemetry": TELEMETRY["otlp_json"]}, 1, Metrics())
    said = []
    for number, added in enumerate(noise(460, centre=900.0)):
        delta = number < 400
        value = added if delta else 5e6 + 900.0 * number
        outputs = stage.process(a_message(a_sum(T0 + number, value, 1 if delta else 2), offset=number))
        said += [decode(Anomaly, output.value) for output in outputs if output.key != b"watermark"]
    (found,) = said
    assert (found.phase, found.kind) == (AnomalyPhase.OPENED, AnomalyKind.UNIT)
    assert wording.headline(found, found.at).endswith(
        "UTC requests is a counter instead of a gauge, which cannot be converted: learnt anew"
    )


def test_what_is_written_anew_for_a_service_keeps_kind_and_unit() -> None:
    row = Row("heap", 1.5, kind=SampleKind.COUNTER, unit="KiBy")
    stage = RekeyStage({"raw": NATIVE}, 4, Metrics())
    (output,) = stage.process(a_message(encode_native("alpha", T0, [row]), topic="raw"))
    (sample,) = NATIVE.decode(output.value, T0).samples
    assert (sample.kind, sample.unit) == (SampleKind.COUNTER, "KiBy")


def test_a_long_message_is_written_anew_in_several() -> None:
    rows = [Row("m" * 180 + str(number), float(number)) for number in range(6000)]
    stage = RekeyStage({"raw": NativeTelemetry(Limits(max_bytes=1 << 24))}, 4, Metrics())
    outputs = stage.process(a_message(encode_native("alpha", T0, rows), topic="raw"))
    samples = [sample for output in outputs for sample in NATIVE.decode(output.value, T0).samples]
    assert len(outputs) == 2
    assert all(len(output.value) < 1_000_000 for output in outputs)
    assert [sample.value for sample in samples] == [float(number) for number in range(6000)]


def a_decide_stage(metrics: Metrics) -> DecideStage:
    return DecideStage(Decide(a_landscape(), AT_ONCE), 4, metrics)


def test_an_anomaly_becomes_a_transition_and_notices_in_the_partition_of_their_recipient() -> None:
    metrics = Metrics()
    outputs = a_decide_stage(metrics).process(a_message(encode(an_anomaly()), topic="anomalies"))
    assert outputs[0].topic is Topic.ALERTS
    assert decode(Transition, outputs[0].value).status is AlertStatus.OPEN
    notices = [decode(Notice, output.value) for output in outputs[1:]]
    assert {notice.recipient for notice in notices} >= {"#squad-payments", "ops@bank-042.example"}
    assert [o.partition for o in outputs[1:]] == [partition_for(notice.recipient, 4) for notice in notices]
    assert b"foreshock_alerts_open 1.0" in metrics.exposition()
    assert b"foreshock_endings_owed 2.0" in metrics.exposition()


def test_a_declared_incident_measures_the_lead_of_the_alert_that_preceded_it() -> None:
    metrics = Metrics()
    stage = a_decide_stage(metrics)
    stage.process(a_message(encode(an_anomaly(at=T0)), 0))
    stage.process(a_message(encode(an_incident("INC-1", "payments-api", at=T0 + 90)), 1))
    stage.process(a_message(encode(an_incident("INC-1", "payments-api", at=T0 + 95, status=EventStatus.CLOSED)), 2))
    assert b"foreshock_lead_seconds_count 1.0" in metrics.exposition()
    assert b"foreshock_lead_seconds_sum 90.0" in metrics.exposition()


@pytest.mark.parametrize("value", [b"", b"{}", b"null", b"\xff"])
def test_rubbish_on_the_decide_log_is_a_dead_letter(value: bytes) -> None:
    (output,) = a_decide_stage(Metrics()).process(a_message(value))
    assert output.topic is Topic.DEAD_LETTERS
