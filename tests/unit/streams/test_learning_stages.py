"""How what people say of an alert reaches the detection that caused it."""

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.alert import first_alert
from domain.anomaly import Anomaly
from domain.feedback import Feedback, FeedbackKind
from domain.identity import ServiceId
from domain.telemetry import SourceRef
from streams.agents.base import Record
from streams.agents.detect import DetectStage
from streams.agents.feedback import FeedbackStage
from streams.codecs.native import NativeTelemetry, Row, encode_native
from streams.metrics import Metrics
from streams.records import decode, decode_any, decode_dead_letter, encode
from streams.topics import Topic
from tests.support.builders import T0, a_feedback, an_anomaly


def a_record(second: int, value: bytes, topic: str = "telemetry") -> Record:
    return Record(SourceRef(topic, 1, second), None, value, T0 + second)


@pytest.mark.parametrize("kind", FeedbackKind)
def test_how_useful_an_alert_was_goes_to_every_partition_of_detection_and_nothing_else_does(kind: FeedbackKind) -> None:
    answer = Feedback("f-1", kind, a_feedback(kind, "alert-1").alert, "anna", T0, address="ops@bank.example")

    first, *copies = FeedbackStage(Metrics(), 3).process(a_record(0, encode(answer), "feedback"))

    assert (first.topic, first.partition) == (Topic.ANOMALIES, 0)
    learnt = kind in {FeedbackKind.USEFUL, FeedbackKind.NOT_USEFUL}
    assert [copy.partition for copy in copies] == ([0, 1, 2] if learnt else [])
    assert {copy.topic for copy in copies} <= {Topic.INCIDENTS}
    assert all(decode(Feedback, copy.value) == answer for copy in copies)


def test_a_detect_stage_learns_from_an_answer_and_says_nothing() -> None:
    stage = DetectStage(Detection(DetectionParams(), (), 1), {"telemetry": NativeTelemetry()}, 1, Metrics())
    said = []
    for second in range(450):
        value = 20 + second % 5 + (300 if second > 420 else 0)
        message = encode_native("payments-api", T0 + second, [Row("latency_p95_ms", value)])
        said += [decode_any(output.value) for output in stage.process(a_record(second, message))]
    opened = next(each for each in said if isinstance(each, Anomaly))
    before = stage.snapshot()
    alert = first_alert(ServiceId("payments-api"), opened.id)

    answer = encode(a_feedback(FeedbackKind.NOT_USEFUL, alert))

    assert stage.process(a_record(451, answer, "incidents")) == ()
    assert stage.snapshot() != before


def test_a_detect_stage_refuses_what_is_neither_an_event_nor_an_answer() -> None:
    stage = DetectStage(Detection(DetectionParams(), (), 1), {"telemetry": NativeTelemetry()}, 1, Metrics())

    (output,) = stage.process(a_record(0, encode(an_anomaly()), "incidents"))

    letter = decode_dead_letter(output.value)
    assert (letter.reason, letter.detail) == ("wrong_type", "neither an incident event nor an answer of a person")
