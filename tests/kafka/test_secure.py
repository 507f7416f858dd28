"""A broker as a bank runs it: encrypted, with a login. All three clients reach it, and none without the password."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streams.commands import app
from tests.support.kafka import KafkaBroker, with_login
from tests.support.processes import Child, free_port, page, wait_until
from tests.support.story import FORESHOCK, ROOT
from tests.support.tls import a_certificate

PASSWORD = "bait-8f3a"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secure(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaBroker, str]]:
    plain, encrypted = free_port(), free_port()
    settings = with_login(plain, encrypted, "SASL_SSL", "foreshock", PASSWORD) | {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate),
    }
    broker = KafkaBroker(tmp_path_factory.mktemp("secure"), port=plain, settings=settings)
    broker.start()
    try:
        yield broker, f"127.0.0.1:{encrypted}"
    finally:
        broker.stop()


def a_config(path: Path, address: str, certificate: Path, port: int) -> Path:
    settings: dict[str, Any] = {
        "kafka": {
            "brokers": [address],
            "security": "sasl_tls",
            "ca_file": str(certificate),
            "sasl": {"mechanism": "PLAIN", "username": "foreshock", "password": "${KAFKA_PASSWORD}"},
        },
        "sources": [{"topic": "telemetry"}],
        "server": {"port": port},
    }
    path.write_text(yaml.safe_dump(settings))
    return path


def test_commands_and_worker_log_in_over_tls(
    secure: tuple[KafkaBroker, str], certificate: Path, tmp_path: Path
) -> None:
    broker, address = secure
    port = free_port()
    config = a_config(tmp_path / "foreshock.yaml", address, certificate, port)
    secret = {"KAFKA_PASSWORD": PASSWORD}
    created = CliRunner().invoke(app, ["topics", "create", "--config", str(config)], env=secret)
    assert created.exit_code == 0, created.output
    admin = broker.admin()
    admin.create_topics({"telemetry": {"num_partitions": 4, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    with Child("worker", [*FORESHOCK, "worker", "--config", config], tmp_path / "log", env=secret, cwd=ROOT) as worker:
        worker.wait_ready(lambda: _status(port) == [], what="/status to say ready")
        wait_until(lambda: "state loaded" in worker.log_text(), what="snapshots to be read over TLS")
        assert worker.stop() == 0
    assert PASSWORD not in worker.log_text()


def test_a_wrong_password_is_told_in_a_sentence_that_does_not_repeat_it(
    secure: tuple[KafkaBroker, str], certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.connection.CONNECT_S", 5.0)  # it is asked again until then
    config = a_config(tmp_path / "foreshock.yaml", secure[1], certificate, free_port())
    result = CliRunner().invoke(
        app, ["topics", "verify", "--config", str(config)], env={"KAFKA_PASSWORD": "wrong-bait-1c"}
    )
    assert result.exit_code == 3
    assert "check kafka.brokers and kafka.security" in result.output
    assert "wrong-bait" not in result.output


def _status(port: int) -> object:
    try:
        return json.loads(page(f"http://127.0.0.1:{port}/status"))["unready"]
    except OSError:
        return None
