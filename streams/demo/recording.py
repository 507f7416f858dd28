"""A recording of a real system, and its replay into Kafka with the event times kept.

A recording is a folder with `telemetry.csv.gz` (`ts,service,metric,value`, in order of arrival) and, where known,
`incidents.jsonl` (what failed, and when clients felt it) and `events.jsonl` (changes that hurt nobody).
"""

import csv
import gzip
import json
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol, TextIO

from domain.clock import Clock
from domain.errors import ForeshockError
from domain.identity import JourneyId, ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent, SampleKind
from streams.codecs.incident_native import VERSION as INCIDENT_VERSION
from streams.codecs.native import Row, encode_native

HEADER = ("ts", "service", "metric", "value")
COUNTER_SUFFIX = "_total"
DAY_S = 86_400.0
DATA_FAULT = "data"  # the system is healthy, only its telemetry lies
_EARLY_S = 0.02  # a message may go out this much before its time, so that not every one costs a sleep
_BURST = 500  # messages after which others get a turn, even when the replay is behind its time

# What the operators of the recorded system knew beforehand. A burst of load is announced by nobody.
_ANNOUNCED = {
    "deploy_restart": EventKind.DEPLOY,
    "config_change": EventKind.DEPLOY,
    "nightly_batch": EventKind.MAINTENANCE,
    "vacuum": EventKind.MAINTENANCE,
}


class RecordingError(ForeshockError):
    """A recording cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of telemetry; ``arrived_at`` never runs backwards, ``at`` may when data come late."""

    at: float
    arrived_at: float
    service: ServiceId
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the system. ``breach_at`` is when clients felt it; None: they never did."""

    id: str
    kind: str
    affected: tuple[ServiceId, ...]
    started_at: float
    breach_at: float | None
    resolved_at: float
    journeys: tuple[JourneyId, ...] = ()
    detail: str = ""

    @property
    def is_data(self) -> bool:
        """Only the telemetry was wrong, not the system."""
        return self.kind == DATA_FAULT


@dataclass(frozen=True, slots=True)
class Change:
    """A change that hurt nobody: nobody should be warned of it. No service: it concerns all of them."""

    kind: str
    started_at: float
    ended_at: float
    service: ServiceId | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What was measured, in order of arrival, and what is known to have happened."""

    rows: tuple[Measured, ...]
    faults: tuple[Fault, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def first_at(self) -> float:
        """Arrival of the first row."""
        return self.rows[0].arrived_at

    @property
    def last_at(self) -> float:
        """Arrival of the last row."""
        return self.rows[-1].arrived_at

    def moved(self, by_s: float) -> "Recording":
        """Return the same, so much later."""
        return Recording(
            tuple(replace(row, at=row.at + by_s, arrived_at=row.arrived_at + by_s) for row in self.rows),
            tuple(
                replace(
                    fault,
                    started_at=fault.started_at + by_s,
                    breach_at=None if fault.breach_at is None else fault.breach_at + by_s,
                    resolved_at=fault.resolved_at + by_s,
                )
                for fault in self.faults
            ),
            tuple(
                replace(change, started_at=change.started_at + by_s, ended_at=change.ended_at + by_s)
                for change in self.changes
            ),
        )

    def of_late(self, now: float) -> "Recording":
        """Return the same at the same time of the latest day on which it could have happened: links in letters expire.

        It ends before ``now``.
        """
        return self.moved(DAY_S * math.floor((now - self.last_at) / DAY_S))

    def between(self, start: float, end: float) -> "Recording":
        """Return the part that arrived in [start, end), with what began and ended in it."""
        return Recording(
            tuple(row for row in self.rows if start <= row.arrived_at < end),
            tuple(fault for fault in self.faults if start <= fault.started_at and fault.resolved_at < end),
            tuple(change for change in self.changes if start <= change.started_at and change.ended_at < end),
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to produce once the recording's time has come to ``due_at``."""

    due_at: float
    topic: str
    key: bytes
    value: bytes


class Producer(Protocol):
    """What a replay needs of a Kafka client; kafka-python's producer is one."""

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


def load(path: Path) -> Recording:
    """Read a folder, or a telemetry file and what lies beside it; raises RecordingError."""
    telemetry = path / "telemetry.csv.gz" if path.is_dir() else path
    try:
        rows = tuple(_read_rows(telemetry))
    except OSError as error:
        raise RecordingError(f"{telemetry}: cannot be read: {error.strerror or error}") from error
    except (EOFError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{telemetry}: {error}") from error
    if not rows:
        raise RecordingError(f"{telemetry}: no rows")
    faults = tuple(_read_objects(telemetry.with_name("incidents.jsonl"), _fault))
    changes = tuple(_read_objects(telemetry.with_name("events.jsonl"), _change))
    return Recording(rows, faults, changes)


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


def _read_rows(path: Path) -> Iterator[Measured]:
    latest = -math.inf
    with _open_text(path) as lines:
        reader = csv.reader(lines)
        if tuple(next(reader, ())) != HEADER:
            raise RecordingError(f"{path}:1: the first line must be {','.join(HEADER)}")
        for row in reader:
            try:
                stamp, service, metric, value = row
                at, number = float(stamp), float(value)
            except ValueError as error:
                raise RecordingError(f"{path}:{reader.line_num}: not a row of {','.join(HEADER)}") from error
            latest = max(latest, at)
            yield Measured(at, latest, ServiceId(service), metric, number)


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _read_objects(path: Path, build: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield build(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{path}:{number}: {type(error).__name__} {error}") from error


def _fault(row: dict[str, Any]) -> Fault:
    return Fault(
        id=row["id"],
        kind=row["kind"],
        affected=tuple(ServiceId(name) for name in row["affected"]),
        started_at=float(row["fault_started_at"]),
        breach_at=None if row["breach_at"] is None else float(row["breach_at"]),
        resolved_at=float(row["resolved_at"]),
        journeys=tuple(JourneyId(name) for name in row["journeys"]),
        detail=row.get("type", ""),
    )


def _change(row: dict[str, Any]) -> Change:
    service = row.get("service")
    return Change(
        kind=row["kind"],
        started_at=float(row["started_at"]),
        ended_at=float(row["ended_at"]),
        service=None if service is None else ServiceId(service),
    )
