"""What a client is told of a service of which nobody has promised anything, and of what is less sure than they ask.

portal has an objective and needs cache, which has none; the bank uses what meets the portal, and what meets the ledger.
"""

from dataclasses import replace

import pytest

from alerts.decide import Decide
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.feedback import FeedbackKind
from domain.journeys import Landscape, Objective
from domain.notice import ClientFacts
from domain.telemetry import IncidentEvent
from tests.support.builders import (
    T0,
    a_client,
    a_forecast,
    a_journey,
    a_landscape,
    a_service,
    a_stage,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)
from tests.support.decide import BANK, PARAMS, answer, facts_of, feed, held_back, sent

PROMISE = Objective("latency_p95_ms", 800.0, above=True)
HINT = "merely unusual, and no objective on its way to them is in danger"
FORECAST = AnomalyKind.FORECAST


def landscape(*, promised: bool = True, min_evidence: int = 1, direct: bool = False) -> Landscape:
    """``direct``: a journey of the bank meets the cache itself, too."""
    journeys = [a_journey("look", a_stage("look up", "portal"), title="Looking up")]
    journeys.append(a_journey("pay", a_stage("submit", "ledger"), title="Paying"))
    if direct:
        journeys.append(a_journey("quote", a_stage("ask", "cache"), title="Quotes"))
    return a_landscape(
        services=[
            a_service("portal", depends_on=["cache"], objectives=[PROMISE] if promised else []),
            a_service("ledger", depends_on=["cache", "portal"], objectives=[PROMISE] if promised else []),
            a_service("cache"),
        ],
        journeys=journeys,
        clients=[a_client(journeys=[each.id for each in journeys], min_confidence=0.6, min_evidence=min_evidence)],
    )


def told(decide: Decide, *items: Anomaly | IncidentEvent | Watermark) -> list[tuple[str, ...]]:
    """Return the journeys of each letter that is sent."""
    notices = [notice for decided in feed(decide, *items) for notice in decided.notices]
    letters = [
        notice for notice in notices if isinstance(notice.facts, ClientFacts) and notice.decision.kind == "notify"
    ]
    return [notice.facts.journeys for notice in letters if isinstance(notice.facts, ClientFacts)]


def unusual(service: str = "cache", at: float = T0, confidence: float = 0.9) -> Anomaly:
    return an_anomaly(service, at=at, confidence=confidence, evidence=[an_evidence(service, "clients", at)])


def foreseen(
    service: str, at: float = T0, confidence: float = 0.9, phase: AnomalyPhase = AnomalyPhase.OPENED
) -> Anomaly:
    forecast = a_forecast(T0 + 600, at, service, confidence=confidence)
    return an_anomaly(
        service, phase, at, T0 if phase is not AnomalyPhase.OPENED else at, FORECAST, confidence, forecast
    )


def test_what_is_merely_unusual_where_nothing_is_promised_is_told_to_squads_and_not_to_clients() -> None:
    decided = Decide(landscape(), PARAMS).handle(unusual())

    assert [recipient for recipient, _ in sent(decided)] == ["#squad-payments"]
    assert held_back(decided) == [(BANK, HINT)]


def test_where_nobody_has_promised_anything_clients_hear_of_what_is_unusual() -> None:
    assert told(Decide(landscape(promised=False), PARAMS), unusual()) == [("Looking up", "Paying")]


def test_a_client_who_meets_the_service_itself_hears_of_it() -> None:
    assert told(Decide(landscape(direct=True), PARAMS), unusual()) == [("Looking up", "Paying", "Quotes")]


@pytest.mark.parametrize("kind", [AnomalyKind.FORECAST, AnomalyKind.BREACH])
def test_what_is_more_than_unusual_is_no_hint(kind: AnomalyKind) -> None:
    assert told(Decide(landscape(), PARAMS), an_anomaly("cache", kind=kind))


def test_a_declared_incident_makes_it_more_than_a_hint() -> None:
    assert told(Decide(landscape(), PARAMS), unusual(), an_incident("INC-1", "cache", at=T0 + 5))


def test_a_person_may_tell_clients_of_a_hint() -> None:
    decide = Decide(landscape(), PARAMS)
    decide.handle(unusual())

    assert (BANK, "warning") in sent(answer(FeedbackKind.APPROVE, decide))


def test_what_a_person_has_approved_grows_by_what_is_as_doubtful() -> None:
    decide = Decide(landscape(), PARAMS)
    decide.handle(unusual("ledger", confidence=0.5))
    answer(FeedbackKind.APPROVE, decide)

    assert told(decide, unusual("portal", T0 + 10, 0.5)) == [("Paying", "Looking up")]


def test_once_an_objective_is_in_danger_the_letter_names_what_that_affects_and_no_more() -> None:
    decide = Decide(landscape(), PARAMS)

    assert told(decide, unusual(), foreseen("ledger", T0 + 10)) == [("Paying",)]


def test_a_hint_beside_what_is_told_adds_no_journey_for_as_long_as_it_is_one() -> None:
    decide = Decide(landscape(), PARAMS)

    assert told(decide, foreseen("ledger"), unusual(at=T0 + 10)) == [("Paying",)]
    assert told(decide, foreseen("portal", T0 + 20)) == [("Paying", "Looking up")]


def test_a_hint_is_a_sign_that_agrees() -> None:
    assert told(Decide(landscape(min_evidence=2), PARAMS), foreseen("ledger")) == []
    assert told(Decide(landscape(min_evidence=2), PARAMS), unusual(), foreseen("ledger", T0 + 10)) == [("Paying",)]


def test_a_journey_is_named_once_what_affects_it_is_as_sure_as_the_client_asks() -> None:
    decide = Decide(landscape(), PARAMS)

    assert told(decide, foreseen("ledger"), unusual("portal", T0 + 10, 0.5)) == [("Paying",)]
    assert told(decide, foreseen("portal", T0 + 20, 0.7)) == [("Paying", "Looking up")]


def test_a_confidence_that_sinks_adds_no_doubtful_journey() -> None:
    decide = Decide(landscape(), PARAMS)
    told(decide, foreseen("ledger"), unusual("portal", T0 + 10, 0.5))
    sunk = foreseen("ledger", T0 + 20, 0.55, AnomalyPhase.UPDATED)
    moved = replace(sunk, at=T0 + 25, forecast=a_forecast(T0 + 6000, T0 + 25, "ledger", confidence=0.55))

    assert told(decide, sunk) == []
    assert told(decide, moved) == [("Paying",)]
    assert told(decide, foreseen("portal", T0 + 30, 0.9)) == [("Paying", "Looking up")]


def test_the_probable_cause_is_no_hint_that_began_after_what_needs_it() -> None:
    after = feed(Decide(landscape(), PARAMS), foreseen("portal"), unusual(at=T0 + 20))
    before = feed(Decide(landscape(), PARAMS), unusual(), foreseen("portal", T0 + 20))

    assert facts_of(after[-1])[-1].probable_cause == "portal"
    assert facts_of(before[-1])[-1].probable_cause == "cache"


def test_where_nobody_has_promised_anything_a_cause_may_show_after_its_effect() -> None:
    decided = feed(
        Decide(landscape(promised=False), PARAMS), unusual("portal"), unusual(at=T0 + 20), a_watermark(T0 + 60)
    )

    assert [facts.probable_cause for each in decided for facts in facts_of(each)][-1] == "cache"


def test_a_hint_that_is_known_keeps_no_forecast_from_squads_when_clients_are_told_of_it() -> None:
    decide = Decide(landscape(), PARAMS)
    feed(decide, unusual(), a_watermark(T0 + 399))

    assert sent(decide.handle(foreseen("portal", T0 + 400)))[:2] == [("#squad-payments", "warning"), (BANK, "warning")]


def test_what_is_merely_unusual_follows_from_a_hint_as_from_anything_else() -> None:
    decide = Decide(landscape(), PARAMS)
    feed(decide, unusual(), a_watermark(T0 + 399))

    (recipient, reason), *_ = held_back(decide.handle(unusual("portal", T0 + 400)))
    assert (recipient, reason.split(",")[0]) == ("#squad-payments", "a consequence of cache")
