"""Incidents as CloudEvents 1.0 in structured mode: one JSON object per message, with its data inside.

The last words of ``type`` say what happened, whatever stands before them and whatever version follows:
``com.example.incident.opened``, ``dev.cdevents.service.deployed.0.2.0``. Binary mode keeps these words in Kafka
headers, which a codec does not see; it is refused with ``missing_field``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import DecodeError
from domain.identity import ServiceId, derive
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from streams.codecs.base import DEFAULT_LIMITS, Limits, Reason, shown
from streams.codecs.declared import Builder
from streams.codecs.fields import a_text, a_time, an_object, optional, required

SPEC_VERSION = "1.0"

_KINDS = {
    "incident": EventKind.INCIDENT,
    "deploy": EventKind.DEPLOY,
    "deployment": EventKind.DEPLOY,
    "maintenance": EventKind.MAINTENANCE,
}
_STATUSES = {
    "opened": EventStatus.OPENED,
    "created": EventStatus.OPENED,
    "detected": EventStatus.OPENED,
    "reported": EventStatus.OPENED,
    "triggered": EventStatus.OPENED,
    "started": EventStatus.OPENED,
    "updated": EventStatus.UPDATED,
    "acknowledged": EventStatus.UPDATED,
    "escalated": EventStatus.UPDATED,
    "closed": EventStatus.CLOSED,
    "resolved": EventStatus.CLOSED,
    "ended": EventStatus.CLOSED,
    "finished": EventStatus.CLOSED,
    "completed": EventStatus.CLOSED,
    "cancelled": EventStatus.CLOSED,
}
MEANINGS = {
    **{(noun, verb): (kind, status) for noun, kind in _KINDS.items() for verb, status in _STATUSES.items()},
    # CDEvents tells a deployment by what has become of the service
    **{("service", verb): (EventKind.DEPLOY, EventStatus.CLOSED) for verb in ("deployed", "upgraded", "rolledback")},
}
_VERSION_SUFFIX = re.compile(r"(\.v?\d+){1,4}$")


class CloudEventsIncident:
    """The codec of ``cloudevents``."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits

    def decode(self, payload: bytes, received_at: float) -> Sequence[IncidentEvent]:
        """Return the one event of a message; without a ``time`` it happened when it arrived."""
        build = Builder(self._limits, received_at)
        raw = build.parse(payload)
        _check_spec_version(raw)
        source, number = required(raw, "source", a_text), required(raw, "id", a_text)
        kind, status = required(raw, "type", _kind_and_status)
        data = _data(raw)
        identity, services = _subjects(raw, data, build)
        if identity is None:
            if kind is not EventKind.DEPLOY:
                why = "data.id: missing, and subject is not it; without it the end of an event cannot be matched"
                raise DecodeError(Reason.MISSING_FIELD, why)
            identity = derive("deploy", source, number)  # a deployment is a moment: nothing has to match it later
        at = optional(raw, "time", a_time)
        return (build.event(identity, kind, status, received_at if at is None else at, services, data),)


def _check_spec_version(raw: Mapping[str, Any]) -> None:
    found = required(raw, "specversion", a_text)
    if found != SPEC_VERSION:
        why = f"specversion: {shown(found)}; this release reads CloudEvents {SPEC_VERSION}"
        raise DecodeError(Reason.UNKNOWN_VERSION, why)


def _kind_and_status(found: object, path: str) -> tuple[EventKind, EventStatus]:
    words = _VERSION_SUFFIX.sub("", a_text(found, path)).lower().split(".")
    meaning = MEANINGS.get((words[-2], words[-1])) if len(words) >= 2 else None
    if meaning is not None:
        return meaning
    why = f"{path}: {shown(found)} does not end in words such as incident.opened, deploy.finished, maintenance.started"
    raise DecodeError(Reason.UNSUPPORTED, why)


def _data(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    if raw.get("data_base64") is not None:
        raise DecodeError(Reason.UNSUPPORTED, "data_base64: data is read as a JSON object only")
    return optional(raw, "data", an_object) or {}


def _subjects(
    raw: Mapping[str, Any], data: Mapping[str, Any], build: Builder
) -> tuple[str | None, tuple[ServiceId, ...]]:
    """Return the id of the event and its services: ``subject`` is whichever of the two the data does not hold."""
    identity = optional(data, "id", build.name)
    services = build.services(data)
    subject = optional(raw, "subject", build.name)
    if subject is None:
        return identity, services
    if identity is None and services:
        return subject, services
    return identity, services or (ServiceId(subject),)
