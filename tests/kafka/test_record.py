"""The record on a real Apache Kafka: recorded by a process, rebuilt, anchored, and compared."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from kafka import KafkaProducer
from typer.testing import CliRunner

from config.loader import load
from config.settings import Settings
from streams.admin import create_topics, topic_name
from streams.commands import app
from streams.record.anchors import KafkaAnchors
from streams.record.chain import Place
from streams.record.database import RecordError, open_record
from streams.record.projector import GROUP_SUFFIX, project
from streams.record.source import recorded_topics
from streams.record.verify import verify
from streams.system import SystemClock
from streams.topics import Topic
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import Child, free_port, page, port_answers, wait_until
from tests.support.record import PREFIX, Log, an_episode, dumped, tamper
from tests.support.tree import ROOT


@pytest.fixture
def config(kafka: KafkaBroker, names: Names, tmp_path: Path) -> Path:
    file = tmp_path / "foreshock.yaml"
    own = {"brokers": [kafka.bootstrap], "group": names.group("workers"), "topic_prefix": f"{names.prefix}.foreshock."}
    file.write_text(yaml.safe_dump({"kafka": own}))
    create_topics(load(file, {}))
    return file


def settings(config: Path) -> Settings:
    return load(config, {})


def say(config: Path, log: Log) -> int:
    """Produce a log as the stages would, partition for partition; returns the number of messages."""
    wanted = settings(config)
    producer = KafkaProducer(bootstrap_servers=list(wanted.kafka.brokers), acks="all")
    prefix = wanted.kafka.topic_prefix
    for message in log.messages:
        topic = prefix + message.source.topic.removeprefix(PREFIX)
        producer.send(topic, key=message.key, value=message.value, partition=message.source.partition)
    producer.flush()
    producer.close()
    return len(log.messages)


def an_episode_log() -> Log:
    log = Log()
    an_episode(log)
    return log


def audit(config: Path, database: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", "verify", "--config", str(config), "--database", str(database)])
    return done.exit_code, done.output


def test_the_record_of_the_topics_is_sound_covered_by_heads_and_made_anew_the_same(
    config: Path, tmp_path: Path
) -> None:
    say(config, an_episode_log())

    stored = project(settings(config), str(tmp_path / "one.sqlite"), SystemClock())
    again = project(settings(config), str(tmp_path / "one.sqlite"), SystemClock())
    rebuilt = project(settings(config), str(tmp_path / "two.sqlite"), SystemClock(), heads_every_s=None)

    assert (stored, again, rebuilt) == (17, 0, 17)
    one, two = open_record(str(tmp_path / "one.sqlite")), open_record(str(tmp_path / "two.sqlite"))
    assert dumped(one) == dumped(two)
    one.close()
    two.close()
    status, said = audit(config, tmp_path / "two.sqlite")
    assert (status, "17 of them are covered by heads on Kafka." in said) == (0, True), said


def test_a_replaced_database_is_found_by_the_heads_on_kafka(config: Path, tmp_path: Path) -> None:
    say(config, an_episode_log())
    project(settings(config), str(tmp_path / "true.sqlite"), SystemClock())
    prefix = settings(config).kafka.topic_prefix
    forged = str(tmp_path / "forged.sqlite")
    log = an_episode_log()
    # A world in which the held notice never was.
    kept = [m for m in log.messages if b'"hold"' not in (m.value or b"")]
    record = open_record(forged, create=True)
    offsets: dict[Place, int] = {}
    moved = []
    for message in kept:
        topic = prefix + message.source.topic.removeprefix(PREFIX)
        place = Place(topic, message.source.partition)
        offset = offsets[place] = offsets.get(place, -1) + 1
        source = type(message.source)(topic, place.partition, offset)
        moved.append(type(message)(source, message.written_ms, message.key, message.value))
    record.append(moved, recorded_topics(settings(config)))
    assert verify(record).sound
    record.close()

    status, said = audit(config, Path(forged))

    assert status == 1
    assert "is not what Kafka's heads say was recorded here" in said


def test_a_recorder_that_is_killed_goes_on_and_stores_every_entry_once(
    config: Path, kafka: KafkaBroker, names: Names, tmp_path: Path
) -> None:
    database = tmp_path / "record.sqlite"
    command: list[str | Path] = [
        sys.executable, "-c", "from streams.cli import main; main()", "record", "--config", config,
        "--database", database, "--heads-every", "1s",
    ]  # fmt: skip
    recorder = Child("recorder", command, tmp_path / "recorder.log", cwd=ROOT)

    def entries() -> int:
        try:
            record = open_record(str(database))
        except RecordError:  # the recorder has not made it yet
            return 0
        try:
            return sum(head.position for head in record.heads().values())
        finally:
            record.close()

    try:
        for least in (9, 26, 43):
            say(config, an_episode_log())
            recorder.start()
            recorder.wait_ready(lambda least=least: entries() >= least, what="half an episode")  # type: ignore[misc]
            recorder.kill()
        say(config, an_episode_log())
        recorder.start()
        recorder.wait_ready(lambda: entries() == 17 * 4, what="all four episodes")
        wait_until(lambda: audit(config, database)[1].count("68 of them are covered") == 1, what="heads on Kafka")
        assert recorder.stop() == 0, recorder.log_tail()
    finally:
        if recorder.running:
            recorder.kill()

    project(settings(config), str(tmp_path / "rebuilt.sqlite"), SystemClock())
    first, second = open_record(str(database)), open_record(str(tmp_path / "rebuilt.sqlite"))
    assert dumped(first) == dumped(second)
    second.close()
    committed = kafka.committed(names.group("workers") + GROUP_SUFFIX)
    assert committed == {(p.topic, p.partition): h.next_offset for p, h in first.heads().items()}
    first.close()


def test_a_recorder_in_service_shows_how_far_it_is_and_that_somebody_changed_the_record(
    config: Path, tmp_path: Path
) -> None:
    database, port = tmp_path / "record.sqlite", free_port()
    command: list[str | Path] = [
        sys.executable, "-c", "from streams.cli import main; main()", "record", "--config", config,
        "--database", database, "--heads-every", "1s", "--verify-every", "1s", "--port", str(port),
    ]  # fmt: skip

    def shows(**wanted: float) -> bool:
        return port_answers(port) and all(measured(port, f"foreshock_record_{n}") == v for n, v in wanted.items())

    with Child("recorder", command, tmp_path / "recorder.log", cwd=ROOT) as recorder:
        recorder.wait_ready(lambda: shows(entries=0, lag=0, findings=0), what="an empty record")
        say(config, an_episode_log())
        recorder.wait_ready(lambda: shows(entries=17, lag=0, uncovered=0, findings=0), what="an episode, covered")
        assert measured(port, "foreshock_record_heads_at_seconds") > 0
        assert measured(port, "foreshock_record_verified_at_seconds") > 0

        tamper(str(database), ["DELETE FROM entries WHERE kind = 'receipt' AND verdict = 'deferred'"])

        recorder.wait_ready(lambda: measured(port, "foreshock_record_findings") > 0, what="findings")
        assert "the record is not what was written" in recorder.log_text()


def measured(port: int, name: str) -> float:
    """Return a metric of a recorder, summed over its labels."""
    shown = page(f"http://127.0.0.1:{port}/metrics").splitlines()
    lines = [line for line in shown if line.startswith((name + " ", name + "{"))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_heads_that_kafka_holds_are_read_oldest_first_and_rubbish_among_them_is_told(
    config: Path, tmp_path: Path
) -> None:
    say(config, an_episode_log())
    project(settings(config), str(tmp_path / "r.sqlite"), SystemClock())
    producer = KafkaProducer(bootstrap_servers=list(settings(config).kafka.brokers), acks="all")
    producer.send(topic_name(settings(config), Topic.RECORD_HEADS), value=json.dumps({"v": 1}).encode())
    producer.close()

    anchors = KafkaAnchors(settings(config))
    found = list(anchors.read())
    anchors.close()

    assert len(found) == 2
    assert isinstance(found[1], str)
    status, said = audit(config, tmp_path / "r.sqlite")
    assert (status, "not heads of a record" in said) == (1, True)


def test_an_offset_that_vanishes_between_kafka_and_the_record_is_found(config: Path, tmp_path: Path) -> None:
    say(config, an_episode_log())
    file = str(tmp_path / "r.sqlite")
    project(settings(config), file, SystemClock())

    tamper(file, ["DELETE FROM entries WHERE kind = 'receipt' AND verdict = 'deferred'"])

    status, said = audit(config, Path(file))
    assert status == 1
    assert f"{settings(config).kafka.topic_prefix}receipts/2@1 (position 2, receipt)" in said.splitlines()[0]
