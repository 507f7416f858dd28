"""What the formats of declared events share: the rules for names, and the event that comes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import DecodeError
from domain.identity import ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from streams.codecs.base import Limits, Reason, check_text, check_utf8, shown
from streams.codecs.fields import a_list, a_text, optional, parse_object

MAX_TITLE = 500  # characters; a longer title is cut, visibly: no incident is refused for its title


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes one event and checks its names and its time; every method raises DecodeError."""

    limits: Limits
    received_at: float

    def parse(self, payload: bytes) -> Mapping[str, Any]:
        """Return the JSON object of a message."""
        self.limits.check_size(payload)
        check_utf8(payload)
        return parse_object(payload)

    def name(self, found: object, path: str) -> str:
        """Read a text that may stand as a name."""
        return check_text(a_text(found, path), self.limits.max_name, path)

    def services(self, raw: Mapping[str, Any]) -> tuple[ServiceId, ...]:
        """Return the services that an object names under ``services`` or ``service``, each once, in order."""
        several = optional(raw, "services", a_list)
        one = optional(raw, "service", self.name)
        if several is None:
            return () if one is None else (ServiceId(one),)
        if one is not None:
            raise DecodeError(Reason.WRONG_TYPE, "services: an event has either services or one service, not both")
        if not several:
            raise DecodeError(Reason.EMPTY, "services: an empty list; leave it out if the event concerns all services")
        if len(several) > self.limits.max_samples:
            raise DecodeError(Reason.TOO_MANY, f"services: {len(several)}; at most {self.limits.max_samples} are read")
        names = (self.name(each, f"services[{index}]") for index, each in enumerate(several))
        return tuple(ServiceId(name) for name in dict.fromkeys(names))

    def event(
        self,
        identity: str,
        kind: EventKind,
        status: EventStatus,
        at: float,
        services: tuple[ServiceId, ...],
        described: Mapping[str, Any],
    ) -> IncidentEvent:
        """Return the event; ``described`` may hold ``severity`` and ``title``."""
        severity = optional(described, "severity", self.name) or ""
        return IncidentEvent(
            id=identity,
            kind=kind,
            status=status,
            at=self.limits.check_declared(at, self.received_at, "at"),
            services=services,
            severity=severity.lower(),
            title=_title(optional(described, "title", a_text) or ""),
        )


def read_kind(found: object, path: str) -> EventKind:
    """Read a kind by its own word."""
    try:
        return EventKind(a_text(found, path))
    except ValueError:
        raise DecodeError(Reason.UNSUPPORTED, f"{path}: {shown(found)} is not {' or '.join(EventKind)}") from None


def read_status(found: object, path: str) -> EventStatus:
    """Read a status by its own word."""
    try:
        return EventStatus(a_text(found, path))
    except ValueError:
        raise DecodeError(Reason.UNSUPPORTED, f"{path}: {shown(found)} is not {' or '.join(EventStatus)}") from None


def _title(text: str) -> str:
    """Return a title on one line, of characters that can be printed and sent."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text[: 2 * MAX_TITLE]).split())
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "\N{HORIZONTAL ELLIPSIS}"
