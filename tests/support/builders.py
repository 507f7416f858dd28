"""Builders of domain values: everything has a default, a test names what matters to it."""

from collections.abc import Sequence

from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, AnomalyId, ClientId, JourneyId, SeriesKey, ServiceId, SquadId, derive
from domain.journeys import (
    Client,
    Journey,
    Landscape,
    NoticePolicy,
    Objective,
    Service,
    Squad,
    Stage,
    Touchpoint,
)
from domain.telemetry import EventKind, EventStatus, IncidentEvent

T0 = 1_750_000_000.0
"""A time at which nothing special happens: 2025-06-15 15:06:40 UTC."""


def an_evidence(
    service: str = "payments-api",
    metric: str = "latency_p95_ms",
    at: float = T0,
    actual: float | None = 420.0,
    low: float = 180.0,
    high: float = 310.0,
    score: float = 0.99,
    since: float | None = None,
    detector: str = "level",
) -> Evidence:
    key = SeriesKey.of(service, metric)
    return Evidence(detector, key, at, actual, (low + high) / 2, low, high, score, at if since is None else since)


def a_forecast(
    breach_at: float = T0 + 600,
    at: float = T0,
    service: str = "payments-api",
    metric: str = "latency_p95_ms",
    confidence: float = 0.8,
) -> Forecast:
    ahead = breach_at - at
    return Forecast(
        SeriesKey.of(service, metric), 800.0, True, at, breach_at, at + 0.7 * ahead, at + 1.5 * ahead, confidence
    )


def an_anomaly(
    service: str = "payments-api",
    phase: AnomalyPhase = AnomalyPhase.OPENED,
    at: float = T0,
    opened_at: float | None = None,
    kind: AnomalyKind = AnomalyKind.LEVEL,
    confidence: float = 0.9,
    forecast: Forecast | None = None,
    evidence: Sequence[Evidence] | None = None,
    score: float = 0.99,
    partition: int = 0,
) -> Anomaly:
    """Without ``opened_at``, an anomaly that opened at ``at``; the id follows from the service and that time."""
    opened = at if opened_at is None else opened_at
    detector = "objective" if kind is AnomalyKind.BREACH else "level"
    return Anomaly(
        id=AnomalyId(derive("anomaly", service, float(opened))),
        service=ServiceId(service),
        phase=phase,
        kind=kind,
        opened_at=opened,
        at=at,
        score=score,
        confidence=confidence,
        evidence=(an_evidence(service, at=at, since=opened, detector=detector),)
        if evidence is None
        else tuple(evidence),
        forecast=forecast,
        partition=partition,
    )


def a_watermark(at: float = T0, partition: int = 0) -> Watermark:
    return Watermark(partition, at)


def an_incident(
    name: str = "INC-1",
    *services: str,
    at: float = T0,
    status: EventStatus = EventStatus.OPENED,
    kind: EventKind = EventKind.INCIDENT,
) -> IncidentEvent:
    return IncidentEvent(name, kind, status, at, tuple(ServiceId(service) for service in services), title="declared")


def a_feedback(
    kind: FeedbackKind,
    alert: str | None = None,
    at: float = T0,
    client: str | None = None,
    service: str | None = None,
    metric: str | None = None,
    lasts_s: float | None = None,
    by: str = "person<anna>",
    comment: str = "",
    name: str | None = None,
) -> Feedback:
    """An answer with an id of its own for each kind, alert and time, unless it is named."""
    return Feedback(
        id=derive("feedback", kind, str(alert), at) if name is None else name,
        kind=kind,
        alert=None if alert is None else AlertId(alert),
        by=by,
        at=at,
        client=None if client is None else ClientId(client),
        service=None if service is None else ServiceId(service),
        metric=metric,
        lasts_s=lasts_s,
        comment=comment,
    )


def a_service(
    name: str = "payments-api",
    squad: str | None = "payments",
    depends_on: Sequence[str] = (),
    objectives: Sequence[Objective] = (),
    runbook: str = "",
) -> Service:
    needed = tuple(ServiceId(service) for service in depends_on)
    return Service(ServiceId(name), None if squad is None else SquadId(squad), needed, tuple(objectives), runbook)


def a_stage(name: str = "submit", *services: str) -> Stage:
    return Stage(name, tuple(Touchpoint(f"call {service}", ServiceId(service)) for service in services))


def a_journey(
    name: str = "payment-initiation",
    *stages: Stage,
    title: str = "Payment initiation",
    squad: str = "payments",
    important: bool = False,
    impact_tolerance_s: float | None = None,
) -> Journey:
    steps = stages or (a_stage("submit", "payments-api"),)
    return Journey(JourneyId(name), title, SquadId(squad), steps, important, impact_tolerance_s)


def a_squad(name: str = "payments", slack: str | None = None) -> Squad:
    return Squad(SquadId(name), f"#squad-{name}" if slack is None else slack)


def a_client(
    name: str = "bank-042",
    title: str = "Example Bank",
    journeys: Sequence[str] = ("payment-initiation",),
    emails: Sequence[str] | None = None,
    approval: str = "automatic",
    min_confidence: float = 0.8,
    locale: str = "en",
    timezone: str = "Europe/Berlin",
    min_evidence: int = 1,
    quiet_hours: tuple[int, int] | None = None,
    quiet_override: bool = True,
    max_per_day: int | None = None,
) -> Client:
    return Client(
        id=ClientId(name),
        name=title,
        journeys=tuple(JourneyId(journey) for journey in journeys),
        emails=(f"ops@{name}.example",) if emails is None else tuple(emails),
        locale=locale,
        timezone=timezone,
        policy=NoticePolicy(approval, min_confidence, min_evidence, quiet_hours, quiet_override, max_per_day),
    )


def a_landscape(
    services: Sequence[Service] | None = None,
    journeys: Sequence[Journey] | None = None,
    squads: Sequence[Squad] | None = None,
    clients: Sequence[Client] | None = None,
    fallback_squad: str | None = None,
) -> Landscape:
    """Without arguments: payments-api needs ledger-db; one journey, two squads, one client who agreed to be told."""
    return Landscape(
        services=(a_service(depends_on=["ledger-db"]), a_service("ledger-db", "data"))
        if services is None
        else tuple(services),
        journeys=(a_journey(),) if journeys is None else tuple(journeys),
        squads=(a_squad(), a_squad("data")) if squads is None else tuple(squads),
        clients=(a_client(),) if clients is None else tuple(clients),
        fallback_squad=None if fallback_squad is None else SquadId(fallback_squad),
    )
