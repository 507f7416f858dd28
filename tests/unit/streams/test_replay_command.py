"""`foreshock replay` without a Kafka that answers."""

from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from typer.testing import CliRunner

from domain.telemetry import DeadLetter, SourceRef
from streams import replay, sending
from streams.codecs.native import Row, encode_native
from streams.commands import app

CONFIG = 'kafka: {brokers: ["a:1"]}\nsources: [{topic: telemetry}, {topic: incidents, kind: incidents}]\n'
TOLD = "Kafka cannot be reached at a:1 (KafkaTimeoutError); check kafka.brokers and kafka.security\n"


REFUSED = "Kafka at a:1 refused: [Error 10] MessageSizeTooLargeError\n"


class Answer:
    """What became of one message, as kafka-python tells it: whoever does not ask is told nothing."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def get(self) -> None:
        if self._error is not None:
            raise self._error


class Producer:
    """Takes every message but those that are to be refused, and flushes without a word, as kafka-python's does."""

    def __init__(self, refused: bytes = b"") -> None:
        self.refused = refused
        self.taken: list[tuple[str, bytes | None, bytes]] = []
        self.closed = False

    def send(self, topic: str, *, key: bytes | None, value: bytes, **_: object) -> Answer:
        if value == self.refused:
            return Answer(MessageSizeTooLargeError())
        self.taken.append((topic, key, value))
        return Answer(None)

    def flush(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        self.closed = True


def a_letter(offset: int, *, cut_from: int | None = None) -> DeadLetter:
    source = SourceRef("telemetry", 0, offset)
    return DeadLetter(source, "detect", "not_json", "why", b"%d" % offset, b"k", cut_from)


def replay_letters(
    monkeypatch: pytest.MonkeyPatch, config: Path, producer: Producer, *letters: DeadLetter
) -> tuple[int, str, str]:
    monkeypatch.setattr(sending, "KafkaProducer", lambda **_: producer)
    monkeypatch.setattr(replay, "read_dead_letters", lambda _: iter(letters))
    done = CliRunner().invoke(app, ["replay", "--dead-letters", "--config", str(config)])
    return done.exit_code, done.stdout.splitlines()[-1], done.stderr


def _nobody_there(**_: object) -> NoReturn:
    raise KafkaTimeoutError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(replay, "KafkaConsumer", _nobody_there)
    monkeypatch.setattr(sending, "KafkaProducer", _nobody_there)
    file = tmp_path / "foreshock.yaml"
    file.write_text(CONFIG)
    return file


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["sent", "only shown"])
def test_a_broker_that_does_not_answer_is_told_in_a_sentence(config: Path, options: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["replay", "--dead-letters", "--config", str(config), *options])
    assert (done.exit_code, done.stderr) == (3, TOLD)


def test_dead_letters_that_cannot_be_seen_are_not_taken_for_none(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = SimpleNamespace(partitions_for_topic=lambda _: set(), close=lambda: None)
    monkeypatch.setattr(replay, "KafkaConsumer", lambda **_: blind)
    done = CliRunner().invoke(app, ["replay", "--dead-letters", "--config", str(config), "--dry-run"])
    assert done.exit_code == 3
    assert done.stderr.startswith("there is no topic foreshock.dead-letters, or this account may not read it")


def test_a_recording_that_is_not_there_is_told_in_a_sentence(config: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "nowhere"), "--config", str(config)])
    assert (done.exit_code, done.stderr) == (2, f"{tmp_path}/nowhere: cannot be read: No such file or directory\n")


def test_a_dead_letter_that_kafka_refuses_is_not_counted_as_replayed(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = Producer(refused=b"1")
    code, shown, complaint = replay_letters(monkeypatch, config, producer, *(a_letter(number) for number in range(3)))
    assert (code, shown, complaint) == (3, "telemetry/0@2  not_json: why", REFUSED)
    assert producer.closed


def test_one_of_very_many_is_missed_before_all_are_sent(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Producer(refused=b"1")
    letters = (a_letter(number) for number in range(3 * sending.AT_ONCE))
    code, _, complaint = replay_letters(monkeypatch, config, producer, *letters)
    assert (code, complaint) == (3, REFUSED)
    assert len(producer.taken) < 2 * sending.AT_ONCE


def test_a_dead_letter_of_which_only_the_beginning_was_kept_is_never_sent(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = Producer()
    told = replay_letters(monkeypatch, config, producer, a_letter(1), a_letter(2, cut_from=1_000_000), a_letter(3))
    sent = "2 dead letters replayed"
    left = "1 cannot be: they were too large to be kept whole, and stand at the addresses above\n"
    assert told == (0, sent, left)
    assert [value for _, _, value in producer.taken] == [b"1", b"3"]


def test_a_recording_that_kafka_refuses_is_told_in_a_sentence(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "telemetry.csv"
    recording.write_text("ts,service,metric,value\n1,db,a,1\n")
    sent = encode_native("db", 1.0, [Row("a", 1.0)])
    monkeypatch.setattr(sending, "KafkaProducer", lambda **_: Producer(refused=sent))
    done = CliRunner().invoke(app, ["replay", str(recording), "--config", str(config), "--speed", "0"])
    assert (done.exit_code, done.stderr) == (3, REFUSED)
