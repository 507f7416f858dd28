"""A broker with rights: who answers by command is told which one is missing, and no alert is denied for want of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kafka import KafkaProducer
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from typer.testing import CliRunner, Result

from config.loader import load_with_environment
from config.settings import Settings
from streams.admin import topic_name
from streams.commands import app
from streams.connection import kafka_python_options
from streams.records import encode
from streams.topics import Topic
from tests.support.backtest import an_alert
from tests.support.kafka import KafkaBroker, with_login
from tests.support.processes import PATIENCE_S, free_port

ALERT = "alert-5f0c3a9d2b7e4c118a6f"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaBroker, str]]:
    """The test itself may do everything, anna what she is given."""
    plain, asked = free_port(), free_port()
    settings = with_login(plain, asked, "SASL_PLAINTEXT", "anna", "bait") | {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    running = KafkaBroker(tmp_path_factory.mktemp("rights"), port=plain, settings=settings)
    running.start()
    try:
        yield running, f"127.0.0.1:{asked}"
    finally:
        running.stop()


def a_config(path: Path, **kafka: object) -> Settings:
    path.write_text(yaml.safe_dump({"kafka": kafka, "services": {"api": {}}, "sources": [{"topic": "telemetry"}]}))
    return load_with_environment(path)


def test_who_lacks_a_right_is_told_which(
    broker: tuple[KafkaBroker, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, address = broker
    monkeypatch.setenv("KAFKA_PASSWORD", "bait")
    own = a_config(tmp_path / "own.yaml", brokers=[running.bootstrap])
    login = {"mechanism": "PLAIN", "username": "anna", "password": "${KAFKA_PASSWORD}"}
    hers = tmp_path / "hers.yaml"
    a_config(hers, brokers=[address], security="sasl_plaintext", sasl=login)
    assert call("topics", "create", "--config", tmp_path / "own.yaml").exit_code == 0
    alerts, feedback = (topic_name(own, topic) for topic in (Topic.ALERTS, Topic.FEEDBACK))
    producer = KafkaProducer(**kafka_python_options(own.kafka))
    producer.send(alerts, key=ALERT.encode(), value=encode(an_alert()[0]), partition=0).get(timeout=PATIENCE_S)
    producer.close()
    acknowledge = ("ack", ALERT, "--by", "anna", "--config", hers)

    unseen = call(*acknowledge)
    assert (unseen.exit_code, f"there is no topic {alerts}, or this account may not read it" in unseen.output) == (
        3,
        True,
    )
    allow(running, alerts, ACLOperation.DESCRIBE)
    unread = call(*acknowledge)
    assert (unread.exit_code, f"TopicAuthorizationFailedError: {{'{alerts}'}}" in unread.output) == (3, True)
    allow(running, alerts, ACLOperation.READ)
    unwritten = call(*acknowledge)
    assert (unwritten.exit_code, f"{feedback}" in unwritten.output) == (3, True), unwritten.output
    allow(running, feedback, ACLOperation.WRITE)
    written = call(*acknowledge)
    assert written.exit_code == 0, written.output
    assert "the alert's thread shows it" in written.output


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def allow(broker: KafkaBroker, topic: str, operation: ACLOperation) -> None:
    admin = broker.admin()
    pattern = ResourcePattern(ResourceType.TOPIC, topic)
    admin.create_acls([ACL("User:anna", "*", operation, ACLPermissionType.ALLOW, pattern)])
    admin.close()
