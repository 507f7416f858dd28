"""One episode as the topics hold it, a source and heads in memory, and a record of it all."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, text

from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.identity import AlertId, ClientId, JourneyId, NoticeId, ServiceId, SquadId, derive
from domain.journeys import AffectedJourney
from domain.notice import (
    ChannelKind,
    ClientFacts,
    Decision,
    Deferred,
    Delivered,
    Failure,
    Hold,
    Notice,
    Notify,
    Outcome,
    Phase,
    Receipt,
    SquadFacts,
    Suppress,
)
from domain.telemetry import DeadLetter, IncidentEvent, SourceRef
from streams import records
from streams.record.anchors import Anchor, decode, encode
from streams.record.chain import Head, Place
from streams.record.database import Record, open_record
from streams.record.entries import Message
from streams.record.projector import Projector
from streams.topics import Topic
from tests.support.builders import T0, a_forecast, an_anomaly, an_incident
from tests.support.clock import ManualClock

ALERT: Final = AlertId("alert-00000000000000000001")
OTHER: Final = AlertId("alert-00000000000000000002")
PREFIX: Final = "foreshock."
TOPICS: Final = {
    f"{PREFIX}{topic}": topic
    for topic in (Topic.ANOMALIES, Topic.ALERTS, Topic.NOTICES, Topic.RECEIPTS, Topic.DEAD_LETTERS)
}
ENDED: Final = 300.0


@dataclass
class Log:
    """Topics in memory: what is said gets the next offset of its partition."""

    messages: list[Message] = field(default_factory=list)
    _ends: dict[Place, int] = field(default_factory=dict)

    def put(self, topic: Topic, value: bytes | None, key: str = "key", partition: int = 0) -> SourceRef:
        place = Place(f"{PREFIX}{topic}", partition)
        offset = self._ends.get(place, 0)
        self._ends[place] = offset + 1
        source = SourceRef(place.topic, partition, offset)
        written_ms = round((T0 + len(self.messages)) * 1000)
        self.messages.append(Message(source, written_ms, key.encode(), value))
        return source

    def say(
        self, value: Anomaly | Watermark | IncidentEvent | Transition | Notice | Receipt, partition: int = 0
    ) -> None:
        match value:
            case Anomaly() | Watermark() | IncidentEvent():
                self.put(Topic.ANOMALIES, records.encode(value))
            case Transition():
                self.put(Topic.ALERTS, records.encode(value), value.alert)
            case Notice():
                self.put(Topic.NOTICES, records.encode(value), value.id, partition)
            case Receipt():
                self.put(Topic.RECEIPTS, records.encode(value), value.notice, partition)


def a_transition(
    status: AlertStatus, sequence: int, at: float, anomaly: Anomaly, *, alert: AlertId = ALERT, reason: str = "because"
) -> Transition:
    """``at`` is seconds after T0, as everywhere below."""
    return Transition(
        alert, anomaly.service, status, sequence, T0 + at, T0, Severity.CRITICAL, reason, anomaly, incident=None
    )


def a_squad_notice(phase: Phase, sequence: int, at: float, *, alert: AlertId = ALERT) -> Notice:
    path = (ServiceId("ledger-db"), ServiceId("payments-api"))
    facts = SquadFacts(
        service=ServiceId("ledger-db"),
        severity=Severity.CRITICAL,
        headline="ledger-db: latency_p95_ms is 420, expected 180 to 310",
        opened_at=T0,
        changed_at=T0 + at,
        evidence=(),
        forecast=None,
        journeys=(AffectedJourney(JourneyId("payment"), "Payment", "submit", "POST /payments", path),),
        clients=(ClientId("bank-042"), ClientId("fintech-7"), ClientId("quiet-9")),
        client_decisions=(
            "Example Bank (bank-042): told, 1 contact: 90% sure reaches the client's 80%",
            "Fintech Seven (fintech-7): held: approval required: nobody has approved",
            "Quiet Nine (quiet-9): not told: no contact",
        ),
        reason="answers for ledger-db",
    )
    return Notice(
        id=NoticeId(derive("notice", alert, sequence, phase, "slack")),
        thread=derive("thread", alert, "slack"),
        alert=alert,
        sequence=sequence,
        phase=phase,
        channel=ChannelKind.SLACK,
        recipient="#squad-data",
        squad=SquadId("data"),
        client=None,
        decision=Notify("answers for ledger-db"),
        decided_at=T0 + at,
        facts=facts,
    )


def a_client_notice(
    phase: Phase, sequence: int, at: float, decision: Decision, *, client: str = "bank-042", alert: AlertId = ALERT
) -> Notice:
    facts = ClientFacts("Example Bank", "en", "UTC", ("Payment",), ("submit",), T0, T0 + 600, None, None, 0.9)
    return Notice(
        id=NoticeId(derive("notice", alert, sequence, phase, client)),
        thread=derive("thread", alert, client),
        alert=alert,
        sequence=sequence,
        phase=phase,
        channel=ChannelKind.EMAIL,
        recipient=f"ops@{client}.example",
        squad=None,
        client=ClientId(client),
        decision=decision,
        decided_at=T0 + at,
        facts=facts,
    )


def a_receipt(notice: Notice, outcome: Outcome, attempt: int = 1, at: float = 1.0) -> Receipt:
    return Receipt(
        notice.id,
        notice.thread,
        notice.alert,
        notice.channel,
        outcome,
        attempt,
        notice.decided_at + at,
        notice.decided_at,
    )


def an_episode(log: Log) -> None:
    """ledger-db is in trouble: its squad and a client are told, one is held, one suppressed; then it is over."""
    forecast = a_forecast(service="ledger-db")
    opened = an_anomaly("ledger-db", at=T0, kind=AnomalyKind.FORECAST, forecast=forecast)
    ended = replace(opened, phase=AnomalyPhase.ENDED, at=T0 + ENDED)
    log.say(Watermark(0, T0 - 5))
    log.say(opened)
    log.say(a_transition(AlertStatus.OPEN, 1, 0, opened, reason="ledger-db: a breach is expected"))
    squad = a_squad_notice(Phase.WARNING, 1, 0)
    client = a_client_notice(Phase.WARNING, 1, 0, Notify("90% sure reaches the client's 80%"))
    log.say(squad, 1)
    log.say(client, 2)
    log.say(a_client_notice(Phase.WARNING, 1, 0, Hold("approval required: nobody has approved"), client="fintech-7"), 2)
    low = Suppress("90% sure is below the client's 95%")
    log.say(a_client_notice(Phase.WARNING, 1, 0, low, client="wary-3"), 2)
    log.say(a_receipt(squad, Delivered("C1:1.0")), 1)
    log.say(a_receipt(client, Deferred(Failure.UNAVAILABLE, "451 try later")), 2)
    log.say(a_receipt(client, Delivered("<m@x>"), attempt=2, at=31.0), 2)
    log.say(an_incident("INC-7", "ledger-db", at=T0 + 120))
    log.say(Watermark(0, T0 + ENDED))
    log.say(ended)
    log.say(a_transition(AlertStatus.RESOLVED, 2, ENDED, ended, reason="back to normal after 5 min"))
    ending = Notify("was warned, so is told the end")
    for notice, partition in (
        (a_squad_notice(Phase.ALL_CLEAR, 2, ENDED), 1),
        (a_client_notice(Phase.ALL_CLEAR, 2, ENDED, ending), 2),
    ):
        log.say(notice, partition)
        log.say(a_receipt(notice, Delivered("ref")), partition)
    letter = DeadLetter(SourceRef("telemetry", 3, 99), "detect", "not_json", "not JSON", b"{secret", b"k")
    log.put(Topic.DEAD_LETTERS, records.encode_dead_letter(letter))


@dataclass
class MemorySource:
    """Reads a log as Kafka would: from offsets, partition by partition, in batches."""

    log: Log
    batch: int = 3
    committed: dict[Place, int] = field(default_factory=dict)
    trimmed: dict[Place, int] = field(default_factory=dict)
    _at: dict[Place, int] = field(default_factory=dict)

    def ends(self) -> Mapping[Place, tuple[int, int]]:
        found = {place: (self.trimmed.get(place, 0), 0) for topic in TOPICS for place in [Place(topic, 0)]}
        for message in self.log.messages:
            place = Place(message.source.topic, message.source.partition)
            found[place] = (self.trimmed.get(place, 0), message.source.offset + 1)
        return found

    def seek(self, offsets: Mapping[Place, int]) -> None:
        self._at = dict(offsets)

    def read(self) -> list[Message]:
        batch: list[Message] = []
        for message in self.log.messages:
            place = Place(message.source.topic, message.source.partition)
            if place in self._at and message.source.offset >= self._at[place] and len(batch) < self.batch:
                batch.append(message)
                self._at[place] = message.source.offset + 1
        return batch

    def done(self, offsets: Mapping[Place, int]) -> None:
        self.committed |= offsets


@dataclass
class MemoryAnchors:
    """The topic of heads."""

    written: list[bytes] = field(default_factory=list)

    def write(self, heads: Iterable[Head], at: float) -> None:
        self.written.append(encode(heads, at))

    def last(self) -> Anchor | str | None:
        return self.read()[-1] if self.written else None

    def read(self) -> list[Anchor | str]:
        return [
            decode(SourceRef(f"{PREFIX}record-heads", 0, number), value) for number, value in enumerate(self.written)
        ]


def record_of(log: Log, database: str, anchors: MemoryAnchors | None = None, batch: int = 3) -> Record:
    """Project a log into a database; the caller closes the record."""
    with ExitStack() as unless_projected:
        record = unless_projected.enter_context(closing(open_record(database, create=True)))
        Projector(record, MemorySource(log, batch), TOPICS, anchors or MemoryAnchors(), ManualClock()).catch_up()
        unless_projected.pop_all()
    return record


def a_record_file(folder: Path, anchors: MemoryAnchors | None = None, log: Log | None = None) -> str:
    """Make a record of one episode in an SQLite file, and return its path."""
    if log is None:
        log = Log()
        an_episode(log)
    file = str(folder / "record.sqlite")
    record_of(log, file, anchors).close()
    return file


def dumped(record: Record) -> list[tuple[Any, ...]]:
    """Return all rows of all tables."""
    with record.reading() as connection:
        tables = ("entries ORDER BY topic, partition_no, offset_no", "chains ORDER BY topic, partition_no", "seal")
        return [tuple(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608 - ours


def tamper(file: str, statements: Sequence[str]) -> None:
    """Change the database behind the record's back, as its owner can: without the triggers."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        drop_triggers(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def drop_triggers(connection: Connection) -> None:
    for verb in ("update", "delete"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS entries_never_{verb}")
