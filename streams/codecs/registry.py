"""The tables of wire formats: the name that a source is configured with, and its codec with the limits of every day."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streams.codecs.base import IncidentCodec, Limits, TelemetryCodec
from streams.codecs.cloudevents import CloudEventsIncident
from streams.codecs.incident_native import NativeIncident
from streams.codecs.native import NativeTelemetry
from streams.codecs.otlp import OtlpJson, OtlpProto

# An event is passed on as one message, and no broker takes one that is much larger.
DECLARED_LIMITS: Final = Limits(max_bytes=900_000)

TELEMETRY: Mapping[str, TelemetryCodec] = MappingProxyType(
    {"native": NativeTelemetry(), "otlp_json": OtlpJson(), "otlp_proto": OtlpProto()}
)
INCIDENTS: Mapping[str, IncidentCodec] = MappingProxyType(
    {"native": NativeIncident(DECLARED_LIMITS), "cloudevents": CloudEventsIncident(DECLARED_LIMITS)}
)
