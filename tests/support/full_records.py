"""Records of every type that Foreshock writes for itself, with every field filled that may be left out."""

from dataclasses import replace
from typing import Final

from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, Trace, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId, JourneyId, NoticeId, SeriesKey, ServiceId, SquadId
from domain.journeys import AffectedJourney
from domain.notice import (
    ChannelKind,
    ClientFacts,
    Decision,
    Deferred,
    Delivered,
    Facts,
    Failure,
    Hold,
    Notice,
    Notify,
    Outcome,
    Phase,
    Receipt,
    Rejected,
    SquadFacts,
    Suppress,
)
from domain.telemetry import DeadLetter, IncidentEvent, SourceRef
from streams.record.chain import Head, Place
from tests.support.builders import T0, a_feedback, a_forecast, an_anomaly, an_evidence, an_incident

SERVICE: Final = ServiceId("payments-api")
CLIENT: Final = ClientId("bank-042")
ALERT: Final = AlertId("alert-1")
KEY: Final = SeriesKey.of(SERVICE, "latency_p95_ms", {"endpoint": "/payments", "region": "eu"})
TRACE: Final = Trace(KEY, (T0 - 1.0, T0), (400.5, 420.0))
FORECAST: Final = replace(a_forecast(T0 + 600, confidence=0.83), key=KEY)
FURTHER: Final = (a_forecast(T0 + 900, metric="pool_in_use", confidence=0.61),)
EVIDENCE: Final = (
    replace(an_evidence(), key=KEY, detail="high: away from its recent level"),
    an_evidence(metric="queue_length", actual=None, detector="silence"),
)


def anomalies() -> tuple[Anomaly, ...]:
    found = an_anomaly(kind=AnomalyKind.FORECAST, confidence=0.83, evidence=EVIDENCE, forecast=FORECAST, partition=3)
    return (replace(found, trace=TRACE, further=FURTHER),)


def watermarks() -> tuple[Watermark, ...]:
    return (Watermark(3, T0 + 0.25),)


def incidents() -> tuple[IncidentEvent, ...]:
    return (replace(an_incident("INC-1", SERVICE, "ledger-db"), severity="high", title="Payments are slow"),)


def answers() -> tuple[Feedback, ...]:
    allowed = a_feedback(FeedbackKind.APPROVE, ALERT, client=CLIENT, lasts_s=3600.0, comment="seen", name="answer-1")
    silence = a_feedback(
        FeedbackKind.SILENCE, service=SERVICE, metric="latency_p95_ms", lasts_s=3600.0, name="answer-2"
    )
    left = a_feedback(FeedbackKind.UNSUBSCRIBE, client=CLIENT, by="link", name="answer-3")
    return (
        replace(allowed, text="Balances are correct."),
        replace(silence, below=Severity.CRITICAL),
        replace(left, address="ops@bank.example"),
    )


def transitions() -> tuple[Transition, ...]:
    return (
        Transition(
            alert=ALERT,
            service=SERVICE,
            status=AlertStatus.UPDATE,
            sequence=2,
            at=T0 + 1,
            opened_at=T0,
            severity=Severity.CRITICAL,
            reason="payments-api: latency_p95_ms is expected above its limit of 800 in about 10 min; now critical",
            anomaly=anomalies()[0],
            incident="INC-1",
            joined=AlertId("alert-2"),
        ),
    )


def notices() -> tuple[Notice, ...]:
    held = Hold("quiet hours until 06:00 Europe/Berlin", T0 + 3600)
    return (
        _notice(ChannelKind.SLACK, Notify("answers for payments-api"), _squad_facts()),
        _notice(ChannelKind.EMAIL, held, _client_facts()),
        _notice(ChannelKind.EMAIL, Suppress("the client is never written to"), _client_facts()),
    )


def _notice(channel: ChannelKind, decision: Decision, facts: Facts) -> Notice:
    is_squad = isinstance(facts, SquadFacts)
    return Notice(
        id=NoticeId("notice-1"),
        thread="thread-1",
        alert=ALERT,
        sequence=2,
        phase=Phase.WARNING,
        channel=channel,
        recipient="#squad-payments" if is_squad else "ops@bank.example",
        squad=SquadId("payments") if is_squad else None,
        client=None if is_squad else CLIENT,
        decision=decision,
        decided_at=T0 + 1,
        facts=facts,
    )


def _squad_facts() -> SquadFacts:
    return SquadFacts(
        service=SERVICE,
        severity=Severity.CRITICAL,
        headline="payments-api: latency_p95_ms is expected above its limit of 800 in about 10 min",
        opened_at=T0,
        changed_at=T0 + 1,
        evidence=EVIDENCE,
        forecast=FORECAST,
        journeys=(AffectedJourney(JourneyId("payment"), "Payment", "submit", "POST /payments", (SERVICE,)),),
        clients=(CLIENT,),
        client_decisions=("Example Bank (bank-042): told, 1 contact: 83% sure reaches the client's 80%",),
        reason="answers for payments-api",
        runbook="https://runbook.example/payments",
        also_affected=("gateway (needs payments-api): calm again for now",),
        probable_cause=SERVICE,
        notes=("acknowledged by anna",),
        similar=("2025-06-14: resolved after 5 min",),
        acknowledged_by="anna",
        waiting=(ClientId("fintech-7"),),
        trace=TRACE,
        more_points=1,
        more_clients=2,
        more_waiting=3,
        client_tally=("Payment: 2 told, 1 held",),
        without_contact=(ClientId("quiet-9"),),
        further=FURTHER,
    )


def _client_facts() -> ClientFacts:
    return ClientFacts(
        client_name="Example Bank",
        locale="de",
        timezone="Europe/Berlin",
        journeys=("Payment",),
        stages=("submit",),
        started_at=T0,
        expected_at=T0 + 600,
        earliest_at=T0 + 420,
        latest_at=T0 + 900,
        confidence=0.83,
        begun=True,
        tone="plain",
        optional=True,
        words="Balances are correct.",
    )


def receipts() -> tuple[Receipt, ...]:
    outcomes: tuple[Outcome, ...] = (
        Deferred(Failure.RATE_LIMITED, "429 Too Many Requests", 30.0),
        Rejected(Failure.UNKNOWN_RECIPIENT, "channel_not_found"),
        Delivered("C1:1750000001.000100"),
    )
    return tuple(
        Receipt(NoticeId("notice-1"), "thread-1", ALERT, ChannelKind.SLACK, outcome, attempt, T0 + attempt, T0 + 1)
        for attempt, outcome in enumerate(outcomes, start=1)
    )


def dead_letters() -> tuple[DeadLetter, ...]:
    return (
        DeadLetter(SourceRef("telemetry", 2, 41), "decode", "bad_number", "value: NaN", b'{"v": 1}', b"payments-api"),
        DeadLetter(SourceRef("telemetry", 2, 42), "rekey", "not_json", "too large", b'{"v": 1', cut_from=1_000_000),
    )


def heads() -> tuple[Head, ...]:
    return (Head(Place("foreshock.alerts", 0), 7, 6, "a1" * 32), Head(Place("foreshock.notices", 3), 2, 1, "b2" * 32))
