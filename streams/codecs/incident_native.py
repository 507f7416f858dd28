"""Incidents ``native`` v1: JSON, one declared event per message. ``docs/formats.md`` describes it."""

from collections.abc import Sequence

from domain.telemetry import IncidentEvent
from streams.codecs.base import DEFAULT_LIMITS, Limits
from streams.codecs.declared import Builder, read_kind, read_status
from streams.codecs.fields import a_time, check_version, required

VERSION = 1
NAME = "native incidents"


class NativeIncident:
    """The codec of incidents ``native`` v1."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits

    def decode(self, payload: bytes, received_at: float) -> Sequence[IncidentEvent]:
        """Return the one event of a message."""
        build = Builder(self._limits, received_at)
        raw = build.parse(payload)
        check_version(raw.get("v"), VERSION, NAME)
        event = build.event(
            required(raw, "id", build.name),
            required(raw, "kind", read_kind),
            required(raw, "status", read_status),
            required(raw, "at", a_time),
            build.services(raw),
            raw,
        )
        return (event,)
