"""One `kafka` section, three clients: the same connection in the words of Faust, aiokafka and kafka-python."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import typer
from faust.auth import SASLCredentials, SSLCredentials
from kafka.errors import AuthorizationError, BrokerResponseError, KafkaError, SaslAuthenticationFailedError

from config.intake import KafkaSettings
from streams.errors import BrokerError

_PROTOCOLS = {"plaintext": "PLAINTEXT", "tls": "SSL", "sasl_plaintext": "SASL_PLAINTEXT", "sasl_tls": "SASL_SSL"}
Client = TypeVar("Client")

EMBEDDED_VERSION = (2, 0)  # the embedded broker answers no version negotiation that kafka-python understands

CONNECT_S: Final = 30.0  # a broker that is started at the same moment answers by then
LONG_S: Final = 3.0  # a wait of which people want to know what it is for


@contextmanager
def reaching(kafka: KafkaSettings) -> Iterator[None]:
    """Raise what Kafka's client raises within as a BrokerError: a sentence with the place and the remedy."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BrokerError(_sentence(", ".join(kafka.brokers), error)) from error


def _sentence(brokers: str, error: KafkaError | OSError) -> str:
    kind = type(error).__name__
    match error:
        case SaslAuthenticationFailedError():
            return f"Kafka at {brokers} did not accept the login ({kind}); check kafka.sasl"
        case AuthorizationError():
            what = ": ".join([kind, *map(str, error.args)])  # which topic or group, if the broker says so
            return f"Kafka at {brokers} does not allow it ({what}); give this account the right to"
        case BrokerResponseError():
            return f"Kafka at {brokers} refused: {error}"
        case _:
            return f"Kafka cannot be reached at {brokers} ({kind}); check kafka.brokers and kafka.security"


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """Return the TLS settings: certificates and host names are always checked; None without TLS."""
    if kafka.security not in {"tls", "sasl_tls"}:
        return None
    context = ssl.create_default_context(cafile=None if kafka.ca_file is None else str(kafka.ca_file))
    if kafka.cert_file is not None:
        context.load_cert_chain(kafka.cert_file, kafka.key_file)
    return context


def faust_credentials(kafka: KafkaSettings) -> Any:
    """Return what `faust.App(broker_credentials=...)` takes; None for plaintext."""
    context = tls_context(kafka)
    if kafka.sasl is not None:
        return SASLCredentials(
            username=kafka.sasl.username,
            password=kafka.sasl.password.get_secret_value(),
            mechanism=kafka.sasl.mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the options that aiokafka and kafka-python share."""
    options: dict[str, Any] = {
        "bootstrap_servers": list(kafka.brokers),
        "security_protocol": _PROTOCOLS[kafka.security],
    }
    if (context := tls_context(kafka)) is not None:
        options["ssl_context"] = context
    if kafka.sasl is not None:
        options |= {
            "sasl_mechanism": kafka.sasl.mechanism,
            "sasl_plain_username": kafka.sasl.username,
            "sasl_plain_password": kafka.sasl.password.get_secret_value(),
        }
    return options


def connected(kind: Callable[..., Client], kafka: KafkaSettings, **more: Any) -> Client:
    """Return a client of kafka-python, which tries for ``CONNECT_S``; raises BrokerError.

    Whoever has to wait is told for what.
    """
    waiting = f"waiting for Kafka at {', '.join(kafka.brokers)}"
    told = threading.Timer(LONG_S, typer.echo, (waiting,), {"err": True})
    told.daemon = True
    told.start()
    try:
        with reaching(kafka):
            return kind(**kafka_python_options(kafka), bootstrap_timeout_ms=round(CONNECT_S * 1000), **more)
    finally:
        told.cancel()


def kafka_python_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the options for kafka-python's clients."""
    version = {} if kafka.create_topics else {"api_version": EMBEDDED_VERSION}
    return client_options(kafka) | version
