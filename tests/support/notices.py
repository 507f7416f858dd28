"""Notices as the channels get them."""

from dataclasses import replace

from domain.alert import Severity
from domain.anomaly import Evidence, Forecast
from domain.identity import AlertId, ClientId, JourneyId, NoticeId, SeriesKey, ServiceId, SquadId, derive
from domain.journeys import AffectedJourney
from domain.notice import ChannelKind, ClientFacts, Decision, Facts, Notice, Notify, Phase, SquadFacts

T0 = 1_763_820_120.0  # Saturday 22 November 2025, 14:02:00 UTC
PAYMENTS, LEDGER = ServiceId("payments-api"), ServiceId("ledger-db")


def evidence(
    metric: str = "db_connections",
    actual: float | None = 87.0,
    low: float = 20.0,
    high: float = 45.0,
    service: str = LEDGER,
    detail: str = "",
    detector: str = "level",
    since: float = T0 - 240,
    **attributes: str,
) -> Evidence:
    key = SeriesKey.of(service, metric, attributes)
    return Evidence(detector, key, T0, actual, (low + high) / 2, low, high, 0.994, since, detail)


def forecast(breach_at: float = T0 + 540, earliest_at: float = T0 + 360, latest_at: float = T0 + 840) -> Forecast:
    key = SeriesKey.of(LEDGER, "db_connections")
    return Forecast(key, 100.0, True, T0, breach_at, earliest_at, latest_at, 0.8)


def journey(
    title: str = "Payment initiation", stage: str = "submit", touchpoint: str = "POST /payments"
) -> AffectedJourney:
    return AffectedJourney(JourneyId(title.lower().replace(" ", "-")), title, stage, touchpoint, (LEDGER, PAYMENTS))


SQUAD_FACTS = SquadFacts(
    service=LEDGER,
    severity=Severity.WARNING,
    headline="ledger-db: db_connections is expected above its limit of 100 in about 9 min",
    opened_at=T0 - 240,
    changed_at=T0,
    evidence=(
        evidence(detail="has risen without a break for 4 min"),
        evidence("latency_p95_ms", 312.0, 80.0, 140.0, PAYMENTS, endpoint="/payments", detector="seasonal"),
    ),
    forecast=forecast(),
    journeys=(journey(), journey("Account reporting", "statement", "GET /balances")),
    clients=(ClientId("bank-042"), ClientId("fintech-7")),
    client_decisions=(
        "Example Bank (bank-042): told, 2 contacts: automatic above a confidence of 80%",
        "Fintech Seven (fintech-7): held: approval required, and nobody has approved",
    ),
    reason="answers for ledger-db",
    runbook="https://wiki.example/runbooks/ledger-db",
)

CLIENT_FACTS = ClientFacts(
    client_name="Example Bank",
    locale="en",
    timezone="Europe/Berlin",
    journeys=("Payment initiation",),
    stages=("submit", "confirm"),
    started_at=T0 - 240,
    expected_at=T0 + 540,
    earliest_at=T0 + 360,
    latest_at=T0 + 840,
    confidence=0.82,
)


def a_notice(
    phase: Phase = Phase.WARNING,
    sequence: int = 1,
    *,
    facts: Facts | None = None,
    channel: ChannelKind = ChannelKind.SLACK,
    recipient: str | None = None,
    alert: str = "alert-5f0c3a9d2b7e4c118a6f",
    decision: Decision | None = None,
    at: float = T0,
) -> Notice:
    """Without facts, those of a squad on Slack and of a client by e-mail."""
    slack = channel is ChannelKind.SLACK
    to = recipient or ("#squad-payments" if slack else "ops@bank.example")
    what = facts or (replace(SQUAD_FACTS, changed_at=at) if slack else CLIENT_FACTS)
    return Notice(
        id=NoticeId(derive("notice", alert, sequence, phase, channel, to)),
        thread=derive("thread", alert, channel, to),
        alert=AlertId(alert),
        sequence=sequence,
        phase=phase,
        channel=channel,
        recipient=to,
        squad=SquadId("payments") if slack else None,
        client=None if slack else ClientId("bank-042"),
        decision=decision or Notify("journey Payment initiation is affected"),
        decided_at=at,
        facts=what,
    )


def an_email(
    phase: Phase = Phase.WARNING, sequence: int = 1, *, facts: ClientFacts = CLIENT_FACTS, at: float = T0
) -> Notice:
    return a_notice(phase, sequence, facts=facts, channel=ChannelKind.EMAIL, at=at)


NAMES = {  # as a client of that language is shown them; of another, in English
    "de": (("Zahlungsauslösung",), ("Einreichung", "Bestätigung")),
    "en": (CLIENT_FACTS.journeys, CLIENT_FACTS.stages),
    "fr": (("Initiation de paiement",), ("soumission", "confirmation")),
}


ADDED = {  # as somebody may add it when they approve a notice
    "de": "Wir haben zusätzliche Kapazität angefordert. Sammelaufträge können Sie bis 18 Uhr nachreichen.",
    "en": "We have asked for more capacity. Batch files can be handed in until 18:00.",
    "fr": "Nous avons demandé des capacités supplémentaires. Les remises groupées sont possibles jusqu'à 18 h.",
}


def letters(locale: str, tone: str) -> dict[str, Notice]:
    """Every kind of letter, in the order in which a client may get them."""
    journeys, stages = NAMES.get(locale, NAMES["en"])
    facts = replace(CLIENT_FACTS, locale=locale, tone=tone, journeys=journeys, stages=stages)
    begun = replace(facts, begun=True, expected_at=None, earliest_at=None, latest_at=None)
    return {
        "warning": an_email(Phase.WARNING, 1, facts=facts),
        "warning-added": an_email(
            Phase.WARNING, 1, facts=replace(facts, words=ADDED.get(locale, ADDED["en"]), optional=True)
        ),
        "warning-begun": an_email(Phase.WARNING, 1, facts=begun),
        "update": an_email(Phase.UPDATE, 2, facts=facts, at=T0 + 300),
        "update-begun": an_email(Phase.UPDATE, 2, facts=begun, at=T0 + 600),
        "all-clear": an_email(Phase.ALL_CLEAR, 3, facts=facts, at=T0 + 1200),
        "all-clear-begun": an_email(Phase.ALL_CLEAR, 3, facts=begun, at=T0 + 5400),
        "retraction": an_email(Phase.RETRACTION, 3, facts=facts, at=T0 + 900),
    }
