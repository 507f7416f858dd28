"""What people declared: events for detection, and the incidents that the report judges warnings by."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from domain.identity import JourneyId, ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from streams.backtest.cells import seconds
from streams.backtest.csv_file import delimiter_of
from streams.backtest.source import BacktestError


@dataclass(frozen=True, slots=True)
class Incident:
    """One declared incident. ``felt_at`` None: nobody felt it, so there was nothing to be early for.

    ``began_at`` is when the cause began, where somebody found out; ``ended_at`` None: nobody closed it.
    No ``services`` means all of them; ``journeys`` are those named with it.
    """

    id: str
    title: str
    felt_at: float | None
    began_at: float | None = None
    ended_at: float | None = None
    services: tuple[ServiceId, ...] = ()
    journeys: tuple[JourneyId, ...] = ()

    @property
    def at(self) -> float:
        """Where it stands in time."""
        return next(at for at in (self.felt_at, self.began_at, self.ended_at) if at is not None)


@dataclass(frozen=True, slots=True)
class Known:
    """Everything declared, in order of time."""

    events: tuple[IncidentEvent, ...] = ()
    incidents: tuple[Incident, ...] = ()


def read_events(path: Path) -> list[IncidentEvent]:
    """Return declared events in order of time; see ``read_declared``."""
    return list(read_declared(path).events)


def read_declared(path: Path) -> Known:
    """Return what a file of JSON lines, or a CSV file with a header, declares; raises BacktestError naming the line.

    A line has ``at``, ``kind`` and ``service`` (or ``services``); ``id``, ``status``, ``severity``, ``title`` if known.
    Names are a list, or a text parted by spaces or commas. In a CSV, what has no kind is an incident.
    Kinds that Foreshock has no word for are changes, like a deployment. An incident may be one line that also has
    ``resolved_at``, ``began_at`` and ``journeys``; a line of a recording (``breach_at`` instead of ``at``) is one too.
    """
    events: list[IncidentEvent] = []
    whole: list[Incident] = []
    number = 0
    try:
        for number, line in _lines(path):
            incident, said = _read(json.loads(line) if isinstance(line, str) else line, f"{path.name}:{number}")
            events += said
            whole += [incident] if incident is not None else []
    except KeyError as error:
        raise BacktestError(f"{path}:{number}: not an event (no {error}); needs at, kind and service") from None
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise BacktestError(f"{path}:{number}: not an event ({error}); needs at, kind and service") from None
    names = {incident.id for incident in whole}
    rest = incidents_of(event for event in events if event.id not in names)
    ordered = sorted(events, key=lambda event: event.at)
    return Known(tuple(ordered), tuple(sorted([*whole, *rest], key=lambda incident: incident.at)))


def incidents_of(events: Iterable[IncidentEvent]) -> tuple[Incident, ...]:
    """Put openings and closings of incidents together."""
    found: dict[str, Incident] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.kind is not EventKind.INCIDENT:
            continue
        known = found.get(event.id)
        closing = event.status is EventStatus.CLOSED
        if known is None:
            felt_at = event.at
            known = Incident(event.id, event.title or event.id, felt_at, services=event.services)
        found[event.id] = replace(known, ended_at=event.at) if closing else known
    return tuple(found.values())


def _lines(path: Path) -> Iterator[tuple[int, str | dict[str, Any]]]:
    """Yield every line with its number: of JSON as text, of a CSV file what its header makes of it."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = StringIO(text)
    if text.lstrip()[:1] in {"", "{", "["}:
        yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        return
    rows = csv.DictReader(lines, delimiter=delimiter_of(text.lstrip().partition("\n")[0]))
    for cells in rows:
        if None in cells:
            raise BacktestError(f"{path}:{rows.line_num}: more cells than columns: put what has a comma in quotes")
        row = {name.strip(): cell for name, cell in cells.items() if name and cell}
        yield rows.line_num, {"kind": EventKind.INCIDENT.value} | row


def _read(row: Any, name: str) -> tuple[Incident | None, list[IncidentEvent]]:
    if not isinstance(row, dict):
        raise TypeError("not a JSON object")
    if "breach_at" in row and "at" not in row:
        return _recorded(row, name)
    event = _event(row, name)
    if event.status is EventStatus.CLOSED:
        return None, [event]
    ended_at, began_at = _time(row, "resolved_at"), _time(row, "began_at")
    if event.kind is not EventKind.INCIDENT:
        return None, [event] if ended_at is None else [event, replace(event, status=EventStatus.CLOSED, at=ended_at)]
    if ended_at is None and began_at is None and not row.get("journeys"):
        return None, [event]
    incident = Incident(event.id, event.title, event.at, began_at, ended_at, event.services, _journeys(row))
    return incident, list(_declared(incident, event.severity))


def _recorded(row: dict[str, Any], name: str) -> tuple[Incident, list[IncidentEvent]]:
    """Read the line of a recording: an incident was declared when it was felt, and closed when it was over."""
    services = tuple(map(ServiceId, _names(row, "affected")))
    incident = Incident(
        id=str(row.get("id") or name),
        title=str(row.get("title") or row["kind"]).replace("_", " "),
        felt_at=_time(row, "breach_at"),
        began_at=_time(row, "fault_started_at"),
        ended_at=_time(row, "resolved_at"),
        services=services,
        journeys=_journeys(row),
    )
    if incident.felt_at is None and incident.began_at is None and incident.ended_at is None:
        raise ValueError("no time")
    return incident, list(_declared(incident, ""))


def _declared(incident: Incident, severity: str) -> Iterator[IncidentEvent]:
    if incident.felt_at is None:
        return
    for status, at in ((EventStatus.OPENED, incident.felt_at), (EventStatus.CLOSED, incident.ended_at)):
        if at is not None:
            yield IncidentEvent(
                incident.id, EventKind.INCIDENT, status, at, incident.services, severity, incident.title
            )


def _event(row: dict[str, Any], name: str) -> IncidentEvent:
    services = _names(row, "services") or ([str(row["service"])] if row.get("service") else [])
    kind = str(row["kind"]).strip().casefold()
    known = EventKind(kind) if kind in set(EventKind) else EventKind.DEPLOY
    return IncidentEvent(
        id=str(row.get("id") or name),
        kind=known,
        status=EventStatus(row.get("status") or "opened"),
        at=_moment(row["at"], "at"),
        services=tuple(map(ServiceId, services)),
        severity=str(row.get("severity") or ""),
        title=str(row.get("title") or kind),
    )


def _journeys(row: dict[str, Any]) -> tuple[JourneyId, ...]:
    return tuple(map(JourneyId, _names(row, "journeys")))


def _names(row: dict[str, Any], column: str) -> list[str]:
    """Return names that are a list, or parted by spaces or commas in a text."""
    found = row.get(column) or []
    return re.findall(r"[^\s,;]+", found) if isinstance(found, str) else [str(name) for name in found]


def _time(row: dict[str, Any], name: str) -> float | None:
    return None if row.get(name) is None else _moment(row[name], name)


def _moment(value: Any, name: str) -> float:
    try:
        return seconds(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
