"""Refused input on its way to the dead letters."""

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.feedback import FeedbackKind
from streams.agents.base import Output, Record, Stage
from streams.agents.detect import DetectStage
from streams.agents.feedback import FeedbackStage
from streams.agents.incidents import IncidentsStage
from streams.agents.refusals import KEPT_BYTES, LONGEST_KEY, dead_letter
from streams.agents.rekey import RekeyStage
from streams.codecs.registry import INCIDENTS, TELEMETRY
from streams.metrics import Metrics
from streams.records import decode_dead_letter, encode
from streams.topics import Topic
from tests.support.builders import T0, a_feedback
from tests.support.stages import a_record

BROKER_TAKES = 1_000_000  # what a producer sends at the most, unless it is told otherwise
LARGEST = 1 << 20  # what a broker's own limit lets through from others


@pytest.mark.parametrize("length", [0, 1, KEPT_BYTES])
def test_a_message_that_fits_is_kept_whole(length: int) -> None:
    letter = decode_dead_letter(dead_letter(a_record(3, b"x" * length), "detect", "not_json", "why").value)

    assert (letter.payload, letter.cut_from, letter.detail) == (b"x" * length, None, "why")


@pytest.mark.parametrize("key", [None, b"k", b"k" * (LONGEST_KEY + 1), b"k" * LARGEST])
@pytest.mark.parametrize("length", [0, KEPT_BYTES + 1, LARGEST, 10 * LARGEST])
def test_a_dead_letter_is_never_larger_than_a_broker_takes(key: bytes | None, length: int) -> None:
    record = Record(a_record(3).source, key, b"\xff" * length, T0)
    output = dead_letter(record, "detect", "not_json", "why" * 1_000)

    assert len(output.value) < BROKER_TAKES


def test_of_a_message_that_is_too_large_the_beginning_is_kept_and_how_much_it_was() -> None:
    record = Record(a_record(3).source, b"who", bytes(range(256)) * 4096, T0)
    letter = decode_dead_letter(dead_letter(record, "detect", "not_json", "why").value)

    assert letter.cut_from == 1 << 20
    assert record.value.startswith(letter.payload)
    assert len(letter.payload) == KEPT_BYTES - LONGEST_KEY
    assert (letter.key, letter.source) == (b"who", record.source)
    assert letter.detail == "why; of its 1,048,576 bytes the first 719,000 are kept"


def test_a_key_that_is_not_kept_is_spoken_of() -> None:
    record = Record(a_record(3).source, b"k" * KEPT_BYTES, b"{", T0)
    letter = decode_dead_letter(dead_letter(record, "detect", "not_json", "why").value)

    assert (letter.key, letter.payload, letter.cut_from) == (None, b"{", 1)
    assert letter.detail == "why; of its 1 bytes the first 1 are kept, and its key of 720,000 bytes is not"


STAGES: dict[str, Stage] = {
    "detect": DetectStage(Detection(DetectionParams(), (), 1), {"telemetry": TELEMETRY["native"]}, 1, Metrics()),
    "rekey": RekeyStage({"telemetry": TELEMETRY["native"]}, 4, Metrics()),
    "incidents": IncidentsStage({"telemetry": INCIDENTS["native"]}, 4, Metrics()),
    "feedback": FeedbackStage(Metrics()),
}


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("payload", [b"\xff" * LARGEST, b"[" * LARGEST, b"{}" * (LARGEST // 2)])
def test_no_stage_answers_the_largest_rubbish_with_what_no_broker_takes(name: str, payload: bytes) -> None:
    (output,) = STAGES[name].process(a_record(0, payload))

    assert output.topic is Topic.DEAD_LETTERS
    assert len(output.value) < BROKER_TAKES
    assert decode_dead_letter(output.value).stage == name


def _sizes(stage: Stage, payload: bytes) -> set[bool]:
    outputs: list[Output] = [*stage.process(a_record(0, payload))]
    return {len(output.value) < BROKER_TAKES for output in outputs}


def test_what_people_declare_and_answer_is_passed_on_in_messages_that_a_broker_takes() -> None:
    services = ",".join(f'"{number:0198}"' for number in range(5_000))
    event = f'{{"v":1,"id":"I","kind":"incident","status":"opened","at":{T0 / 1e6},"services":[{services}]}}'
    assert BROKER_TAKES < len(event) < LARGEST
    answer = a_feedback(FeedbackKind.USEFUL, "alert-1", comment="x" * BROKER_TAKES)

    assert _sizes(STAGES["incidents"], event.encode()) == {True}
    assert _sizes(STAGES["feedback"], encode(answer)) == {True}
