"""Sections about where Foreshock reads, keeps its state, and shows itself: kafka, state, sources, server, log."""

from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import Field, SecretStr, model_validator

from config.fields import Brokers, Duration, Name, Section, TopicName, TopicPrefix

TelemetryFormat = Literal["native", "otlp_json", "otlp_proto"]
IncidentFormat = Literal["native", "cloudevents"]
FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "telemetry": get_args(TelemetryFormat),
    "incidents": get_args(IncidentFormat),
}


class SaslSettings(Section):
    """How to log in to Kafka."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How the password is proven to the broker."
    )
    username: str = Field(min_length=1, description="The name to log in with.")
    password: SecretStr = Field(description="The password: a reference, never the text itself.")


class KafkaSettings(Section):
    """The brokers, and Foreshock's own topics on them."""

    brokers: Brokers = Field(
        default=("localhost:9092",),
        min_length=1,
        description='Where to find the cluster: host:port, one or more; "a:9092,b:9092" will do, too.',
    )
    security: Literal["plaintext", "tls", "sasl_plaintext", "sasl_tls"] = Field(
        default="plaintext", description="Whether connections are encrypted (tls) and logged in to (sasl)."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates of the authorities to trust, PEM; null trusts those of the system."
    )
    cert_file: Path | None = Field(default=None, description="Our own certificate for mutual TLS, PEM.")
    key_file: Path | None = Field(default=None, description="The private key that belongs to cert_file, PEM.")
    sasl: SaslSettings | None = Field(default=None, description="Needed when security is sasl_plaintext or sasl_tls.")
    group: str = Field(
        default="foreshock", min_length=1, description="The consumer group that all workers share; also their id."
    )
    instance: Name | None = Field(
        default=None,
        description="A name of this worker that outlives a restart, such as a pod's: its partitions come back at once.",
    )
    partitions: int = Field(
        default=4, ge=1, le=1000, description="Partitions of Foreshock's own topics: as many workers can share them."
    )
    replication: int = Field(
        default=1, ge=1, le=10, description="Copies of every partition of Foreshock's own topics; 3 in production."
    )
    topic_prefix: TopicPrefix = Field(
        default="foreshock.", description="How the names of Foreshock's own topics begin."
    )
    create_topics: bool = Field(
        default=True, description="Create missing topics at the start; false on brokers that make them on demand."
    )


class StateSettings(Section):
    """Where the state survives a restart."""

    store: Literal["kafka", "directory"] = Field(
        default="kafka", description="kafka follows a partition to another machine; directory stays on this one."
    )
    directory: Path | None = Field(default=None, description="The folder to keep state in when store is directory.")
    snapshot_every_s: Duration = Field(
        default=5.0, gt=0, alias="snapshot_every", description="How often state is saved and offsets are committed."
    )


def _keyed_by_default(validated: dict[str, Any]) -> bool:
    return validated.get("format") == "native"


class SourceSettings(Section):
    """A topic that Foreshock reads."""

    topic: TopicName = Field(description="The topic's name.")
    kind: Literal["telemetry", "incidents"] = Field(
        default="telemetry", description="What it holds: samples, or incident, deploy and maintenance events."
    )
    format: TelemetryFormat | IncidentFormat = Field(
        default="native",
        description="How messages are written: native, otlp_json or otlp_proto (telemetry); native or cloudevents "
        "(incidents).",
    )
    keyed_by_service: bool = Field(
        default_factory=_keyed_by_default,
        description="Whether the message key is the service, so that no copy by service is needed; by default true "
        "for the native format and false for all others.",
    )
    max_rejected_per_minute: int = Field(
        default=600,
        ge=1,
        description="How many messages a minute may become dead letters; beyond it reading of this topic slows down.",
    )

    @model_validator(mode="after")
    def _format_fits_kind(self) -> "SourceSettings":
        if self.format not in FORMATS[self.kind]:
            raise ValueError(
                f"{self.kind} cannot be in the format {self.format!r}; write one of {', '.join(FORMATS[self.kind])}"
            )
        return self


class ServerSettings(Section):
    """The worker's own HTTP server: /healthz, /readyz and /metrics."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 inside a container."
    )
    port: int = Field(default=6066, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")


class LogSettings(Section):
    """What the worker writes to its standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe lines to write."
    )
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for a log collector: one object a line."
    )
