"""The operators' commands on a real broker."""

import json
from pathlib import Path

import pytest
import yaml
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from domain.telemetry import DeadLetter, SourceRef
from streams.commands import app
from streams.demo.recording import load
from streams.records import encode_dead_letter
from streams.topics import TOPICS
from tests.support.kafka import KafkaBroker, Names
from tests.support.story import DEMO


@pytest.fixture
def config(kafka: KafkaBroker, names: Names, tmp_path: Path) -> Path:
    path = tmp_path / "foreshock.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "kafka": {
                    "brokers": [kafka.bootstrap],
                    "topic_prefix": f"{names.prefix}.own.",
                    "group": names.group("workers"),
                },
                "sources": [
                    {"topic": names.topic("telemetry"), "format": "native"},
                    {"topic": names.topic("incidents"), "kind": "incidents", "format": "native"},
                ],
            }
        )
    )
    return path


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def make_sources(kafka: KafkaBroker, names: Names, partitions: int = 4) -> None:
    admin = kafka.admin()
    try:
        shape = {"num_partitions": partitions, "replication_factor": 1}
        admin.create_topics({names.topic("telemetry"): shape, names.topic("incidents"): shape}, wait_for_metadata=True)
    finally:
        admin.close()


def test_topics_are_created_once_and_verified(kafka: KafkaBroker, names: Names, config: Path) -> None:
    before = call("topics", "verify", "--config", config)
    assert before.exit_code == 1
    assert "run `foreshock topics create`" in before.output
    assert f"source topic {names.topic('telemetry')} is missing" in before.output

    created = call("topics", "create", "--config", config)
    assert (created.exit_code, created.output.count("created ")) == (0, len(TOPICS))
    assert call("topics", "create", "--config", config).output == "all topics are there\n"

    make_sources(kafka, names)
    after = call("topics", "verify", "--config", config)
    assert (after.exit_code, after.output) == (0, "all topics are there and fit\n")


def test_a_source_whose_partitions_do_not_fit_is_named_with_the_remedy(
    kafka: KafkaBroker, names: Names, config: Path
) -> None:
    call("topics", "create", "--config", config)
    make_sources(kafka, names, partitions=3)
    result = call("topics", "verify", "--config", config)
    assert result.exit_code == 1
    assert "has 3 partitions, Foreshock's own have 4: set kafka.partitions to fit, or keyed_by_service" in result.output


def test_a_recording_is_replayed_and_the_lag_tells(
    kafka: KafkaBroker, names: Names, config: Path, tmp_path: Path
) -> None:
    call("topics", "create", "--config", config)
    make_sources(kafka, names)
    part = load(DEMO / "data")
    rows = [row for row in part.rows if row.arrived_at < part.first_at + 5]
    file = tmp_path / "telemetry.csv"
    lines = [f"{row.at!r},{row.service},{row.metric},{row.value!r}" for row in rows]
    file.write_text("\n".join(["ts,service,metric,value", *lines]) + "\n")

    replayed = call("replay", file, "--config", config, "--speed", "0")
    assert replayed.exit_code == 0, replayed.output
    messages = kafka.read(names.topic("telemetry"))
    assert sum(len(json.loads(value)["samples"]) for _, value in messages) == len(rows)

    lag = call("topics", "lag", "--config", config, "--json")
    assert lag.exit_code == 0, lag.output
    behind = [json.loads(line) for line in lag.output.splitlines()]
    assert sum(row["behind"] for row in behind if row["topic"] == names.topic("telemetry")) == len(messages)
    assert {row["committed"] for row in behind} == {None}


def test_dead_letters_go_back_to_where_they_came_from(kafka: KafkaBroker, names: Names, config: Path) -> None:
    call("topics", "create", "--config", config)
    make_sources(kafka, names)
    telemetry = names.topic("telemetry")
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    for offset, reason in enumerate(["not_json", "bad_time", "not_json"]):
        source = SourceRef(telemetry, 1, offset)
        letter = DeadLetter(source, "detect", reason, "why", f"payload {offset}".encode(), b"payments-api")
        producer.send(f"{names.prefix}.own.dead-letters", encode_dead_letter(letter))
    producer.flush()
    producer.close()

    shown = call("replay", "--dead-letters", "--config", config, "--reason", "not_json", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "2 dead letters would be replayed" in shown.output
    assert kafka.read(telemetry) == []

    done = call("replay", "--dead-letters", "--config", config, "--reason", "not_json")
    assert "2 dead letters replayed" in done.output
    assert sorted(kafka.read(telemetry)) == [(b"payments-api", b"payload 0"), (b"payments-api", b"payload 2")]


def test_a_broker_that_is_not_there_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.connection.CONNECT_S", 1.0)
    config = tmp_path / "foreshock.yaml"
    config.write_text('kafka: {brokers: ["127.0.0.1:1"]}\nsources: [{topic: telemetry}]\n')
    result = call("topics", "verify", "--config", config)
    assert result.exit_code == 3
    assert "Kafka cannot be reached at 127.0.0.1:1" in result.output
    assert "check kafka.brokers" in result.output
