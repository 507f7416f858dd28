"""The tables of wire formats: the name that a source is configured with, and its codec with the limits of every day."""

from collections.abc import Mapping
from types import MappingProxyType

from streams.codecs.base import IncidentCodec, TelemetryCodec
from streams.codecs.cloudevents import CloudEventsIncident
from streams.codecs.incident_native import NativeIncident
from streams.codecs.native import NativeTelemetry
from streams.codecs.otlp import OtlpJson, OtlpProto

TELEMETRY: Mapping[str, TelemetryCodec] = MappingProxyType(
    {"native": NativeTelemetry(), "otlp_json": OtlpJson(), "otlp_proto": OtlpProto()}
)
INCIDENTS: Mapping[str, IncidentCodec] = MappingProxyType(
    {"native": NativeIncident(), "cloudevents": CloudEventsIncident()}
)
