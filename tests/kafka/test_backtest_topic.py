"""A backtest over a stretch of a real topic: the same result as over a file, and only that stretch."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from streams.commands import app
from tests.support.kafka import KafkaBroker, Names
from tests.support.timelines import START, noise

VALUES = [*noise(300), 95.0, 95.0, *noise(59, seed=4)]
EVENTS: list[dict[str, Any]] = [
    {"v": 1, "id": "INC-1", "kind": "incident", "status": status, "at": at, "services": ["api"]}
    for status, at in (("opened", START + 310), ("closed", START + 350))
]
BEFORE_S = 100  # messages that the range leaves out


@pytest.fixture
def config(kafka: KafkaBroker, names: Names, tmp_path: Path) -> Path:
    path = tmp_path / "foreshock.yaml"
    sources = [
        {"topic": names.topic("telemetry"), "format": "native"},
        {"topic": names.topic("incidents"), "kind": "incidents", "format": "native"},
    ]
    path.write_text(yaml.safe_dump({"kafka": {"brokers": [kafka.bootstrap]}, "sources": sources}))
    return path


def fill(kafka: KafkaBroker, names: Names) -> None:
    """Two services on four partitions, time stamps those of the samples, and an incident with its end."""
    admin = kafka.admin()
    try:
        shapes = {"telemetry": 4, "incidents": 1}
        admin.create_topics(
            {names.topic(t): {"num_partitions": n, "replication_factor": 1} for t, n in shapes.items()},
            wait_for_metadata=True,
        )
    finally:
        admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=5)
    for number, value in enumerate([*noise(BEFORE_S, seed=9), *VALUES]):
        at = START - BEFORE_S + number
        for service, late in (("api", 0.0), ("ledger", 0.25)):
            sample = {"v": 1, "service": service, "at": at + late, "metric": "value", "value": value}
            stamp = round((at + late) * 1000)
            producer.send(
                names.topic("telemetry"), key=service.encode(), value=json.dumps(sample).encode(), timestamp_ms=stamp
            )
    for event in EVENTS:
        stamp = round(float(event["at"]) * 1000)
        producer.send(names.topic("incidents"), value=json.dumps(event).encode(), timestamp_ms=stamp)
    producer.flush()
    producer.close()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)])


def test_a_stretch_of_a_topic_gives_what_a_file_with_it_gives(
    kafka: KafkaBroker, names: Names, config: Path, tmp_path: Path
) -> None:
    fill(kafka, names)
    path = tmp_path / "t.csv"
    rows = (
        f"{START + i + late!r},{s},value,{v!r}\n"
        for i, v in enumerate(VALUES)
        for s, late in (("api", 0.0), ("ledger", 0.25))
    )
    path.write_text("ts,service,metric,value\n" + "".join(rows))

    declared = tmp_path / "i.jsonl"
    declared.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))

    stretch = ("--from", START, "--to", START + len(VALUES))
    done = run("--topic", names.topic("telemetry"), "--config", config, *stretch, "--out", tmp_path / "topic", "--json")
    by_file = run(path, "--config", config, "--incidents", declared, "--out", tmp_path / "file")

    assert (done.exit_code, by_file.exit_code) == (0, 0), done.output
    body = json.loads(done.stdout)
    assert body["rows"] == 2 * len(VALUES)
    assert [(each["id"], each["title"]) for each in body["incidents"]] == [("INC-1", "INC-1")]
    for name in ("scores.csv", "alerts.jsonl"):
        assert (tmp_path / "topic" / name).read_text() == (tmp_path / "file" / name).read_text()


def test_a_topic_that_is_not_there_ends_with_a_sentence(names: Names, config: Path, tmp_path: Path) -> None:
    done = run("--topic", names.topic("gone"), "--config", config, "--from", "0", "--out", tmp_path)

    assert done.exit_code == 2
    assert "does not exist" in done.output
