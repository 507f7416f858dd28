import ssl
import threading
from pathlib import Path

import pytest
from kafka.errors import (
    InvalidReplicationFactorError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr

from config.intake import KafkaSettings, SaslSettings
from streams.connection import client_options, connected, faust_credentials, kafka_python_options, reaching, tls_context
from streams.errors import BrokerError
from tests.support.tls import a_certificate


def test_plaintext_needs_nothing_but_brokers() -> None:
    kafka = KafkaSettings(brokers=("a:1", "b:2"))
    assert client_options(kafka) == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}
    assert faust_credentials(kafka) is None


def test_tls_checks_certificates_and_host_names_against_our_authority(tmp_path: Path) -> None:
    kafka = KafkaSettings(security="tls", ca_file=a_certificate(tmp_path))
    context = tls_context(kafka)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert client_options(kafka)["security_protocol"] == "SSL"
    assert faust_credentials(kafka).context.verify_mode == ssl.CERT_REQUIRED


def test_a_password_reaches_the_clients_and_no_text() -> None:
    sasl = SaslSettings(mechanism="SCRAM-SHA-256", username="foreshock", password=SecretStr("hunter2-bait"))
    kafka = KafkaSettings(security="sasl_tls", sasl=sasl)
    options = client_options(kafka)
    assert (options["sasl_mechanism"], options["sasl_plain_username"]) == ("SCRAM-SHA-256", "foreshock")
    assert options["sasl_plain_password"] == "hunter2-bait"
    assert options["security_protocol"] == "SASL_SSL"
    credentials = faust_credentials(kafka)
    assert (credentials.mechanism.value, credentials.password) == ("SCRAM-SHA-256", "hunter2-bait")
    assert "hunter2" not in repr(kafka) + repr(credentials)


def test_only_the_embedded_broker_gets_a_fixed_version() -> None:
    assert "api_version" not in kafka_python_options(KafkaSettings())
    assert kafka_python_options(KafkaSettings(create_topics=False))["api_version"] == (2, 0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KafkaTimeoutError(), "Kafka cannot be reached at a:1, b:2 (KafkaTimeoutError); check kafka.brokers"),
        (ConnectionRefusedError(), "Kafka cannot be reached at a:1, b:2 (ConnectionRefusedError); check kafka.brokers"),
        (TopicAuthorizationFailedError(), "Kafka at a:1, b:2 does not allow it (TopicAuthorizationFailedError); give"),
        (
            TopicAuthorizationFailedError({"alerts"}),
            "Kafka at a:1, b:2 does not allow it (TopicAuthorizationFailedError: {'alerts'}); give",
        ),
        (SaslAuthenticationFailedError(), "Kafka at a:1, b:2 did not accept the login"),
        (InvalidReplicationFactorError(), "Kafka at a:1, b:2 refused: "),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_kafka_refuses_is_a_sentence_with_place_and_remedy(error: Exception, told: str) -> None:
    with pytest.raises(BrokerError) as caught, reaching(KafkaSettings(brokers=("a:1", "b:2"))):
        raise error
    assert str(caught.value).startswith(told)


def test_whoever_waits_for_kafka_is_told_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    said = threading.Event()

    def hear(text: str, **_: object) -> None:
        heard.append(text)
        said.set()

    def fail_after_that(**_: object) -> None:
        assert said.wait(60)
        raise KafkaTimeoutError

    monkeypatch.setattr("streams.connection.LONG_S", 0.0)
    monkeypatch.setattr("streams.connection.typer.echo", hear)

    with pytest.raises(BrokerError, match="Kafka cannot be reached at a:1, b:2"):
        connected(fail_after_that, KafkaSettings(brokers=("a:1", "b:2")))

    assert heard == ["waiting for Kafka at a:1, b:2"]


def test_whoever_need_not_wait_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    timers: list[threading.Thread] = []

    def connect(**options: object) -> dict[str, object]:
        timers.extend(thread for thread in threading.enumerate() if isinstance(thread, threading.Timer))
        return options

    assert connected(connect, KafkaSettings(brokers=("a:1",)), group_id="g")["group_id"] == "g"

    for timer in timers:
        timer.join(60)
    assert timers
    assert capsys.readouterr().err == ""
