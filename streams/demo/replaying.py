"""A recording into Kafka with the event times kept: what is sent, and when."""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from domain.clock import Clock
from domain.telemetry import EventKind, EventStatus, IncidentEvent, SampleKind
from streams.codecs.incident_native import VERSION as INCIDENT_VERSION
from streams.codecs.native import Row, encode_native
from streams.demo.recording import Measured, Recording

COUNTER_SUFFIX = "_total"
_EARLY_S = 0.02  # a message may go out this much before its time, so that not every one costs a sleep
_BURST = 500  # messages after which others get a turn, even when the replay is behind its time

# What the operators of the recorded system knew beforehand. A burst of load is announced by nobody.
_ANNOUNCED = {
    "deploy_restart": EventKind.DEPLOY,
    "config_change": EventKind.DEPLOY,
    "nightly_batch": EventKind.MAINTENANCE,
    "vacuum": EventKind.MAINTENANCE,
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to produce once the recording's time has come to ``due_at``."""

    due_at: float
    topic: str
    key: bytes
    value: bytes


class Producer(Protocol):
    """What a replay needs of a Kafka client."""

    def send(self, topic: str, *, key: bytes, value: bytes, timestamp_ms: int | None) -> object:
        """Queue one message; no time stamp: now."""

    def flush(self) -> object:
        """Wait until the broker has all of them."""


@dataclass(slots=True)
class Schedule:
    """When, by the wall clock, which event time was released."""

    event_at: list[float] = field(default_factory=list)
    wall_at: list[float] = field(default_factory=list)

    def note(self, event_at: float, wall_at: float) -> None:
        """Remember that everything up to ``event_at`` had been released at ``wall_at``."""
        self.event_at.append(event_at)
        self.wall_at.append(wall_at)

    def released_at(self, event_at: float) -> float | None:
        """Return the wall-clock time at which the recording had come to ``event_at``; None if it never did."""
        index = bisect_left(self.event_at, event_at)
        return self.wall_at[index] if index < len(self.wall_at) else None


def declared(recording: Recording) -> tuple[IncidentEvent, ...]:
    """Return what operators would have declared, in order of time.

    An incident is opened when clients already feel it (the breach) and closed when they no longer do, so it can help
    no warning. Of the changes, those are announced that operators make themselves.
    """
    events = []
    for fault in recording.faults:
        if fault.breach_at is not None:
            title = f"degraded: {', '.join(fault.journeys)}"
            for status, at in ((EventStatus.OPENED, fault.breach_at), (EventStatus.CLOSED, fault.resolved_at)):
                events.append(
                    IncidentEvent(fault.id, EventKind.INCIDENT, status, at, fault.affected, "major", title=title)
                )
    for change in recording.changes:
        kind = _ANNOUNCED.get(change.kind)
        if kind is not None:
            services = () if change.service is None else (change.service,)
            name = f"{change.kind}-{change.started_at:.0f}"
            for status, at in ((EventStatus.OPENED, change.started_at), (EventStatus.CLOSED, change.ended_at)):
                events.append(IncidentEvent(name, kind, status, at, services, title=change.kind.replace("_", " ")))
    return tuple(sorted(events, key=attrgetter("at")))


def outgoing(recording: Recording, telemetry: str, incidents: str) -> Iterator[Outgoing]:
    """Yield every message in order of arrival: one for each service and scrape, and the declared events."""
    events = (
        Outgoing(event.at, incidents, b"".join(s.encode() for s in event.services[:1]), _encode_event(event))
        for event in declared(recording)
    )
    yield from merge(_telemetry(recording.rows, telemetry), events, key=attrgetter("due_at"))


async def replay(
    messages: Iterable[Outgoing],
    producer: Producer,
    clock: Clock,
    speed: float | None = 1.0,
    on_progress: Callable[[float, int], None] = lambda _at, _sent: None,
    *,
    keep_times: bool = False,
) -> Schedule:
    """Produce the messages ``speed`` times as fast as they were recorded; None: as fast as the broker takes them.

    ``on_progress`` is told the event time reached and the number of messages sent. ``keep_times`` gives the Kafka
    records the recording's times too; leave it off where retention deletes old records. Ends when the broker has all.
    """
    schedule = Schedule()
    started_at = clock.monotonic()
    first_at: float | None = None
    reached_at = 0.0
    sent = 0
    for message in messages:
        first_at = message.due_at if first_at is None else first_at
        due_s = 0.0 if speed is None else (message.due_at - first_at) / speed
        wait_s = due_s - (clock.monotonic() - started_at)
        if sent and (wait_s > _EARLY_S or sent % _BURST == 0):
            schedule.note(reached_at, clock.now())
            on_progress(reached_at, sent)
            await clock.sleep(max(0.0, wait_s))
        stamp = round(message.due_at * 1000) if keep_times else None
        producer.send(message.topic, key=message.key, value=message.value, timestamp_ms=stamp)
        reached_at = message.due_at
        sent += 1
    producer.flush()
    if sent:
        schedule.note(reached_at, clock.now())
        on_progress(reached_at, sent)
    return schedule


def _telemetry(rows: Sequence[Measured], topic: str) -> Iterator[Outgoing]:
    for (service, at, arrived_at), group in groupby(rows, key=lambda row: (row.service, row.at, row.arrived_at)):
        samples = [Row(row.metric, row.value, kind=_kind(row.metric)) for row in group]
        yield Outgoing(arrived_at, topic, service.encode(), encode_native(service, at, samples))


def _kind(metric: str) -> SampleKind | None:
    return SampleKind.COUNTER if metric.endswith(COUNTER_SUFFIX) else None


def _encode_event(event: IncidentEvent) -> bytes:
    services = {"services": event.services} if event.services else {}
    described = {"severity": event.severity} if event.severity else {}
    body = {"v": INCIDENT_VERSION, "id": event.id, "kind": event.kind, "status": event.status, "at": event.at}
    return json.dumps(body | services | described | {"title": event.title}).encode()
