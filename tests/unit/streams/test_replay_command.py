"""`foreshock replay` without a Kafka that answers."""

from pathlib import Path
from typing import NoReturn

import pytest
from kafka.errors import KafkaTimeoutError
from typer.testing import CliRunner

from streams import replay
from streams.commands import app

CONFIG = 'kafka: {brokers: ["a:1"]}\nsources: [{topic: telemetry}, {topic: incidents, kind: incidents}]\n'
TOLD = "Kafka cannot be reached at a:1 (KafkaTimeoutError); check kafka.brokers and kafka.security\n"


def _nobody_there(**_: object) -> NoReturn:
    raise KafkaTimeoutError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for client in ("KafkaConsumer", "KafkaProducer"):
        monkeypatch.setattr(replay, client, _nobody_there)
    file = tmp_path / "foreshock.yaml"
    file.write_text(CONFIG)
    return file


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["sent", "only shown"])
def test_a_broker_that_does_not_answer_is_told_in_a_sentence(config: Path, options: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["replay", "--dead-letters", "--config", str(config), *options])
    assert (done.exit_code, done.stderr) == (3, TOLD)


def test_a_recording_that_is_not_there_is_told_in_a_sentence(config: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "nowhere"), "--config", str(config)])
    assert (done.exit_code, done.stderr) == (2, f"{tmp_path}/nowhere: cannot be read: No such file or directory\n")
