"""Invented landscapes and histories of them, for properties."""

from dataclasses import replace

from hypothesis import strategies as st

from alerts.params import AlertParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.journeys import Landscape, Objective
from tests.support.builders import (
    T0,
    a_client,
    a_forecast,
    a_journey,
    a_landscape,
    a_service,
    a_squad,
    a_stage,
    a_watermark,
    an_anomaly,
    an_evidence,
)
from tests.support.decide import Item

PARAMS = AlertParams.model_validate(
    {
        "resolve_hold": "60s",
        "stale_after": "1h",
        "squad_update_gap": "30s",
        "escalate_after": "100s",
        "escalate_severity": "warning",
        "repeat_every": "300s",
        "silence_reminder": "20s",
        "incident_quiets": "1000s",
        "critical_ahead": "1000s",
    }
)
ADDRESSES = ("a@x.example", "B@X.example", "c@0.example")  # capitals make no other address
ON_CALL = "#on-call"
SERVICES = ("svc<0>", "svc<1>", "svc<2>")
PROMISE = Objective("metric<0>", 800.0, above=True)
METRICS = ("metric<0>", "metric<1>")
kinds = st.sampled_from(AnomalyKind)
metrics = st.sampled_from(METRICS)
confidences = st.sampled_from([0.0, 0.5, 0.79, 0.8, 0.99, 0.99])
services = st.sampled_from(SERVICES)


@st.composite
def landscapes(draw: st.DrawFn) -> Landscape:
    """Draw a landscape of the same services and clients, but with other ties, contacts, channels and consents."""
    needs = draw(st.lists(st.sampled_from([(1, 0), (2, 1), (2, 0)]), unique=True))
    met = draw(st.lists(services, min_size=2, max_size=2))
    clients = [
        replace(
            a_client(
                f"client<{number}>",
                f"Name<{number}>",
                journeys=draw(st.lists(st.sampled_from(["one", "two"]), unique=True, min_size=1)),
                emails=draw(
                    st.lists(st.sampled_from(["a@x.example", "b@x.example", f"c@{number}.example"]), max_size=3)
                ),
                approval=draw(st.sampled_from(["automatic", "automatic", "automatic", "required", "never"])),
                min_evidence=draw(st.sampled_from([1, 1, 1, 2])),
                quiet_hours=draw(st.sampled_from([None, None, (16 * 60, 18 * 60), (22 * 60, 6 * 60)])),
                max_per_day=draw(st.sampled_from([None, None, 1])),
            ),
            optional_notices=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    return a_landscape(
        services=[
            a_service(
                name,
                draw(st.sampled_from(["red", "blue", None])),
                [SERVICES[to] for by, to in needs if by == i],
                draw(st.sampled_from([[], [PROMISE]])),
            )
            for i, name in enumerate(SERVICES)
        ],
        journeys=[
            a_journey("one", a_stage("first", met[0]), title="Journey one", squad="red"),
            a_journey("two", a_stage("second", met[1]), title="Journey two", squad="blue", important=True),
        ],
        squads=[
            replace(
                a_squad("red", draw(st.sampled_from(["#red", "#both"]))),
                escalate_to=draw(st.sampled_from([None, ON_CALL])),
            ),
            a_squad("blue", "#both"),
        ],
        clients=clients,
        fallback_squad=draw(st.sampled_from(["red", None])),
    )


def a_finding(
    service: str,
    phase: AnomalyPhase,
    at: float,
    opened_at: float,
    kind: AnomalyKind,
    confidence: float,
    metric: str = METRICS[0],
) -> Anomaly:
    evidence = [an_evidence(service, metric, at)]
    if kind is AnomalyKind.BREACH:
        confidence = 0.95  # as detection says it: nobody doubts a limit that is passed
    found = an_anomaly(service, phase, at, opened_at, kind, confidence, evidence=evidence)
    if kind is not AnomalyKind.FORECAST:
        return found
    # The less sure what leads, the sooner it is due; what is sure is far ahead at first, and comes near by time alone.
    leads = a_forecast(at + 300 * (1 + confidence), at, service, metric, confidence)
    sure = a_forecast(at + 2000, at, service, METRICS[1], 0.93)
    return replace(found, forecast=leads, further=(sure,) if metric == METRICS[0] else ())


@st.composite
def histories(draw: st.DrawFn) -> list[list[Item]]:
    """Draw rounds; in each, a few findings of any services, then the time up to which it came."""
    rounds: list[list[Item]] = []
    findings: dict[str, float] = {}
    now = T0
    for _ in range(draw(st.integers(1, 6))):
        items: list[Item] = []
        for service in draw(st.lists(services, max_size=5)):
            now += 1
            kind, confidence = draw(kinds), draw(confidences)
            if service not in findings:
                findings[service] = now
                items.append(a_finding(service, AnomalyPhase.OPENED, now, now, kind, confidence, draw(metrics)))
            else:
                is_over = draw(st.booleans())
                opened_at = findings.pop(service) if is_over else findings[service]
                phase = AnomalyPhase.ENDED if is_over else AnomalyPhase.UPDATED
                items.append(a_finding(service, phase, now, opened_at, kind, confidence, draw(metrics)))
        now += draw(st.sampled_from([1, 40, 100, 400, 4000]))
        rounds.append([*items, a_watermark(now)])
    return rounds


@st.composite
def staggered(draw: st.DrawFn) -> list[list[Item]]:
    """Draw a history in which each service gets into trouble and out of it once, at once or too late to join."""
    rounds: list[list[Item]] = []
    opened: dict[str, float] = {}
    now = T0
    for service in draw(st.permutations(SERVICES)):
        now += draw(st.sampled_from([1, 400, 400]))
        opened[service] = now
        finding = a_finding(service, AnomalyPhase.OPENED, now, now, draw(kinds), draw(confidences))
        rounds.append([finding, a_watermark(now)])
    for service in draw(st.permutations(SERVICES)):
        now += draw(st.sampled_from([1, 100]))
        finding = a_finding(service, AnomalyPhase.ENDED, now, opened[service], AnomalyKind.LEVEL, 0.5)
        rounds.append([finding, a_watermark(now)])
    return [*rounds, [a_watermark(now + 100)]]


def flat(rounds: list[list[Item]]) -> list[Item]:
    return [item for items in rounds for item in items]
