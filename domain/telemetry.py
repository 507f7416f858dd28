"""What comes in: samples of series, and events that people or tools have declared."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from domain.identity import SeriesKey, ServiceId


@dataclass(frozen=True, slots=True, order=True)
class SourceRef:
    """The address of a fact in Kafka: the root of provenance."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


class SampleKind(StrEnum):
    """How successive values relate."""

    GAUGE = "gauge"
    COUNTER = "counter"  # cumulative and monotonic but for resets; detectors see its rate per second


class Sample(NamedTuple):
    """One finite measurement of one series. ``observed_at`` is event time.

    There are more of these than of anything else, and a tuple is made in half of the time of a frozen dataclass.
    """

    key: SeriesKey
    value: float
    observed_at: float
    kind: SampleKind = SampleKind.GAUGE
    unit: str = ""  # as it was declared; "": it was not


class EventKind(StrEnum):
    """What was declared."""

    INCIDENT = "incident"
    DEPLOY = "deploy"
    MAINTENANCE = "maintenance"


class EventStatus(StrEnum):
    """Where in its life a declared event is."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """An event that people or tools have declared. No ``services`` means that it concerns all of them."""

    id: str
    kind: EventKind
    status: EventStatus
    at: float
    services: tuple[ServiceId, ...] = ()
    severity: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Input that was refused, with the reason, where it came from, and the payload itself."""

    source: SourceRef
    stage: str
    reason: str  # from a small closed set
    detail: str  # for a person
    payload: bytes
    key: bytes | None = None
    cut_from: int | None = None  # bytes that the payload had, when only its beginning could be kept
