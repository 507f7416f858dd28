"""What can be asked of the record: episodes, and all that belongs to one alert or notice."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from domain.alert import ENDED, AlertStatus, Severity, Transition
from domain.anomaly import Anomaly
from domain.errors import DecodeError
from domain.identity import AlertId, NoticeId, ServiceId
from domain.notice import Notice, Notify, Receipt
from streams import records
from streams.record.database import Chained, read_entries
from streams.record.schema import entries

_IN_ORDER = (entries.c.at, entries.c.topic, entries.c.partition_no, entries.c.offset_no)


@dataclass(frozen=True, slots=True)
class Known:
    """An entry with the value that it holds; None when this release cannot read it."""

    chained: Chained
    value: Any

    @property
    def source(self) -> str:
        """Its address in Kafka."""
        return str(self.chained.entry.source)


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert from its opening to its last transition. ``ended_at`` None: open."""

    alert: AlertId
    service: ServiceId
    severity: Severity
    status: AlertStatus
    opened_at: float
    changed_at: float
    reason: str
    incident: str | None
    joined: AlertId | None
    squads: tuple[str, ...]
    clients: tuple[str, ...]
    held: tuple[str, ...]

    @property
    def ended_at(self) -> float | None:
        """When it ended."""
        return self.changed_at if self.status in ENDED else None

    def open_at(self, at: float) -> bool:
        """Whether it was open at a time."""
        return self.opened_at <= at and (self.ended_at is None or at <= self.ended_at)


@dataclass(frozen=True, slots=True)
class File:
    """All that the record has of one alert, each list in the order in which it was written."""

    transitions: tuple[tuple[Known, Transition], ...]
    notices: tuple[tuple[Known, Notice], ...]  # each id once, as it was first decided
    receipts: dict[NoticeId, list[tuple[Known, Receipt]]]
    anomalies: dict[tuple[str, float, str], Known]  # by id, time and phase
    others: tuple[Known, ...]  # feedback, and what this release cannot read


def episodes(connection: Connection) -> list[Episode]:
    """Return every episode, the latest first."""
    transitions = defaultdict[str, list[Transition]](list)
    for known in _ask(connection, entries.c.kind == "transition"):
        if isinstance(known.value, Transition):
            transitions[known.value.alert].append(known.value)
    told: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    query = select(entries.c.alert, entries.c.squad, entries.c.client, entries.c.verdict).where(
        entries.c.kind == "notice"
    )
    for row in connection.execute(
        query.order_by(entries.c.at, entries.c.topic, entries.c.partition_no, entries.c.offset_no)
    ):
        who = "squads" if row.client is None else "clients" if row.verdict == "notify" else "held"
        told[row.alert][who][row.client or row.squad or "?"] = None
    found = [_episode(theirs, told[alert]) for alert, theirs in transitions.items()]
    return sorted(found, key=lambda episode: (episode.opened_at, episode.alert), reverse=True)


def file_of(connection: Connection, alert: str) -> File:
    """Return all that belongs to an alert."""
    transitions, others = [], []
    notices: dict[NoticeId, tuple[Known, Notice]] = {}
    receipts = defaultdict[NoticeId, list[tuple[Known, Receipt]]](list)
    for known in _ask(connection, entries.c.alert == alert):
        match known.value:
            case Transition() as transition:
                transitions.append((known, transition))
            case Notice() as notice:
                notices.setdefault(notice.id, (known, notice))
            case Receipt() as receipt:
                receipts[receipt.notice].append((known, receipt))
            case _:
                others.append(known)
    transitions.sort(key=lambda pair: pair[1].sequence)
    ids = {transition.anomaly.id for _, transition in transitions}
    anomalies: dict[tuple[str, float, str], Known] = {}
    for known in _ask(connection, and_(entries.c.kind == "anomaly", entries.c.anomaly.in_(ids))):
        if isinstance(known.value, Anomaly):
            anomalies.setdefault((known.value.id, known.value.at, known.value.phase), known)
    ordered = sorted(notices.values(), key=lambda pair: (pair[1].sequence, pair[1].decided_at))
    return File(_once(transitions), tuple(ordered), dict(receipts), anomalies, tuple(others))


def notice_of(connection: Connection, notice: str) -> Notice | None:
    """Return a notice by its id."""
    for known in _ask(connection, and_(entries.c.kind == "notice", entries.c.notice == notice)):
        if isinstance(known.value, Notice):
            return known.value
    return None


def incident_address(connection: Connection, incident: str) -> str | None:
    """Return where a declared incident was first heard of."""
    for known in _ask(connection, entries.c.kind == "incident"):
        if getattr(known.value, "id", None) == incident:
            return known.source
    return None


def is_named(connection: Connection, client: str) -> bool:
    """Whether any notice, of whatever decision, is for this client."""
    here = and_(entries.c.client == client, entries.c.kind == "notice")
    return connection.execute(select(entries.c.offset_no).where(here).limit(1)).first() is not None


def refused(connection: Connection, after_ms: float, until_ms: float) -> list[tuple[str, int]]:
    """Return how many messages were refused in a span of time, by reason."""
    here = and_(entries.c.kind == "dead-letter", entries.c.written_ms > after_ms, entries.c.written_ms <= until_ms)
    rows = connection.execute(
        select(entries.c.verdict, func.count()).where(here).group_by(entries.c.verdict).order_by(entries.c.verdict)
    )
    return [(verdict or "unreadable", count) for verdict, count in rows]


def span_of(connection: Connection) -> tuple[float, float] | None:
    """Return the first and last event times of decisions in the record; None when there is none."""
    decided = or_(entries.c.kind == "anomaly", entries.c.kind == "transition", entries.c.kind == "notice")
    first, last = connection.execute(select(func.min(entries.c.at), func.max(entries.c.at)).where(decided)).one()
    return None if first is None else (first, last)


def _ask(connection: Connection, condition: ColumnElement[bool]) -> Iterator[Known]:
    query = select(entries).where(condition)
    for chained in read_entries(connection, query.order_by(*_IN_ORDER)):
        try:
            yield Known(chained, records.decode_any(chained.entry.value))
        except DecodeError:
            yield Known(chained, None)


def _once(transitions: Iterable[tuple[Known, Transition]]) -> tuple[tuple[Known, Transition], ...]:
    seen: dict[int, tuple[Known, Transition]] = {}
    for pair in transitions:
        seen.setdefault(pair[1].sequence, pair)
    return tuple(seen.values())


def _episode(transitions: list[Transition], told: dict[str, dict[str, None]]) -> Episode:
    last = max(transitions, key=lambda transition: transition.sequence)
    clients = tuple(told.get("clients", ()))
    return Episode(
        alert=last.alert,
        service=last.service,
        severity=last.severity,
        status=last.status,
        opened_at=last.opened_at,
        changed_at=last.at,
        reason=last.reason,
        incident=last.incident,
        joined=last.joined,
        squads=tuple(told.get("squads", ())),
        clients=clients,
        held=tuple(client for client in told.get("held", ()) if client not in clients),
    )


def is_told(notice: Notice) -> bool:
    """Whether a notice was decided to be sent."""
    return isinstance(notice.decision, Notify)
