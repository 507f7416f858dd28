"""What is quiet because those concerned know its cause, and what ends that."""

from typing import Any

import pytest

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.notice import Notify, Phase
from domain.telemetry import EventStatus
from tests.support.builders import (
    T0,
    a_client,
    a_journey,
    a_landscape,
    a_service,
    a_stage,
    a_watermark,
    an_anomaly,
    an_incident,
)
from tests.support.decide import BANK, SQUAD, answer, facts_of, feed, held_back, sent

PARAMS = AlertParams.model_validate(
    {"stale_after": "2d", "repeat_every": "0s", "correlate_within": "5m", "group_wait": "0s"}
)
DATA = "#squad-data"
LATE = T0 + 1000  # too late to join
UPDATED, ENDED = AnomalyPhase.UPDATED, AnomalyPhase.ENDED


def a_decide(**changes: Any) -> Decide:
    """ledger-db is in trouble; the squads of both services and the client, who depend on it, know."""
    decide = Decide(a_landscape(), PARAMS.model_copy(update=changes))
    feed(decide, an_anomaly("ledger-db"), a_watermark(T0 + 900))
    return decide


def test_a_consequence_of_what_people_know_is_held_and_says_so_in_both_places() -> None:
    decide = a_decide()

    late = decide.handle(an_anomaly(at=LATE))

    why = f"a consequence of ledger-db, in trouble since 15:06 UTC ({decide.open_alerts[0].alert}): told here if it "
    assert [(recipient, reason[: len(why)]) for recipient, reason in held_back(late)] == [(SQUAD, why), (BANK, why)]
    assert [transition.service for transition in late.transitions] == ["payments-api", "ledger-db"]
    assert sent(late) == [(DATA, Phase.UPDATE), (SQUAD, Phase.UPDATE)]
    (facts,) = facts_of(late, DATA)
    assert facts.notes[-1].startswith("payments-api is in trouble, too, and kept quiet as a consequence: ")


def test_what_stands_still_is_a_consequence_of_trouble_of_who_needs_it_and_what_is_unusual_is_not() -> None:
    decides = Decide(a_landscape(), PARAMS), Decide(a_landscape(), PARAMS)
    for decide in decides:
        feed(decide, an_anomaly(), a_watermark(T0 + 900))
    kinds = AnomalyKind.STUCK, AnomalyKind.LEVEL

    still, unusual = (
        decide.handle(an_anomaly("ledger-db", kind=kind, at=LATE)) for decide, kind in zip(decides, kinds, strict=True)
    )

    alert = decides[0].open_alerts[-1].alert
    why = f"a consequence of payments-api, in trouble since 15:06 UTC ({alert}): told here if it "
    assert (SQUAD, why) in [(who, reason[: len(why)]) for who, reason in held_back(still)]
    assert sent(still) == [(DATA, Phase.WARNING), (SQUAD, Phase.UPDATE)]  # whose service it is, was not told of it
    assert (SQUAD, Phase.WARNING) in sent(unusual)


def test_it_speaks_when_its_cause_is_over_and_it_goes_on() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(at=LATE), a_watermark(LATE + 60))

    calm = decide.handle(an_anomaly("ledger-db", phase=ENDED, at=LATE + 100, opened_at=T0))
    after = decide.handle(a_watermark(LATE + 120))

    assert sent(calm) == []
    assert sent(after) == [(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]
    reason = after.transitions[0].reason
    assert reason == "payments-api: latency_p95_ms is 420, expected 180 to 310; what was kept back is told"


def test_it_speaks_when_a_person_ends_its_cause() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(at=LATE), a_watermark(LATE + 60))

    answer(FeedbackKind.RESOLVE, decide, LATE + 61, alert=decide.open_alerts[0].alert)

    assert (SQUAD, Phase.WARNING) in sent(decide.handle(a_watermark(LATE + 70)))


def test_what_ends_with_its_cause_has_bothered_nobody() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(at=LATE))

    feed(decide, an_anomaly(phase=ENDED, at=LATE + 90, opened_at=LATE))
    over = feed(decide, an_anomaly("ledger-db", phase=ENDED, at=LATE + 100, opened_at=T0), a_watermark(LATE + 200))

    assert sent(over[1]) == [(DATA, Phase.ALL_CLEAR), (SQUAD, Phase.ALL_CLEAR), (BANK, Phase.ALL_CLEAR)]
    assert (decide.open_alerts, decide.debt()) == ((), 0)


def test_it_speaks_at_once_when_it_hurts_more_than_its_cause() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(at=LATE))

    hurts = decide.handle(an_anomaly(phase=UPDATED, at=LATE + 10, opened_at=LATE, kind=AnomalyKind.BREACH))

    assert {(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)} <= set(sent(hurts))


def test_whoever_was_not_told_of_the_cause_is_told_of_the_consequence() -> None:
    journeys = [a_journey(), a_journey("report", a_stage("send", "reports"), title="Report", squad="data")]
    services = [a_service(depends_on=["ledger-db"]), a_service("ledger-db", "data"), a_service("reports", "reporting")]
    clients = [a_client(approval="required"), a_client("bank-7", "Other Bank", journeys=["report"])]
    decide = Decide(a_landscape(services=services, journeys=journeys, clients=clients), PARAMS)
    feed(decide, an_anomaly("ledger-db"), a_watermark(T0 + 900))

    late = decide.handle(an_anomaly(at=LATE))

    assert held_back(late)[1] == (BANK, "approval required: nobody has approved")


def test_a_silence_of_the_cause_is_none_of_its_consequence() -> None:
    decide = Decide(a_landscape(), PARAMS)
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="ledger-db", lasts_s=5000.0)
    feed(decide, an_anomaly("ledger-db"), a_watermark(T0 + 900))

    assert sent(decide.handle(an_anomaly(at=LATE))) == [(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]


@pytest.mark.parametrize("name", ["api", "z-api"])  # looked at before the cause, and after it
def test_when_a_squad_silences_a_cause_the_consequence_that_it_kept_quiet_speaks(name: str) -> None:
    services = [a_service(name, depends_on=["ledger-db"]), a_service("ledger-db", "payments")]
    journeys = [a_journey("payment-initiation", a_stage("submit", name))]
    decide = Decide(a_landscape(services=services, journeys=journeys), PARAMS)
    feed(decide, an_anomaly("ledger-db"), a_watermark(T0 + 900))
    late = decide.handle(an_anomaly(name, at=LATE))

    answer(FeedbackKind.SILENCE, decide, LATE, alert=None, service="ledger-db", lasts_s=5000.0)
    after = feed(decide, a_watermark(LATE + 5), a_watermark(LATE + 10), a_watermark(LATE + 15))

    assert [recipient for recipient, _ in held_back(late)] == [SQUAD, BANK]
    assert [line for one in after for line in sent(one)] == [(SQUAD, Phase.WARNING)]
    (alert,) = (alert for alert in decide.open_alerts if alert.service == name)
    assert {n.alert for one in after for n in one.notices if isinstance(n.decision, Notify)} == {alert.alert}


def test_what_others_need_is_no_consequence_of_them() -> None:
    decide = Decide(a_landscape(), PARAMS)
    feed(decide, an_anomaly(), a_watermark(T0 + 900))

    assert (DATA, Phase.WARNING) in sent(decide.handle(an_anomaly("ledger-db", at=LATE)))


@pytest.mark.parametrize("closed", [True, False])
def test_a_declared_incident_keeps_squads_from_its_consequences_until_it_is_closed_or_long_past(
    *, closed: bool
) -> None:
    decide = Decide(a_landscape(), PARAMS)
    feed(decide, a_watermark(T0 - 1), an_incident("INC-7", "ledger-db", at=T0))

    opened = decide.handle(an_anomaly(at=LATE))
    if closed:
        feed(decide, an_incident("INC-7", "ledger-db", at=LATE + 50, status=EventStatus.CLOSED))
    after = decide.handle(a_watermark(LATE + 60 if closed else T0 + 14_401))

    why = "a consequence of incident INC-7 on ledger-db: told when that is closed or it gets critical"
    assert held_back(opened) == [(SQUAD, why)]
    assert sent(opened) == [(BANK, Phase.WARNING)]  # nobody has told the client of the incident
    assert sent(after) == [(SQUAD, Phase.WARNING)]


def test_no_incident_keeps_quiet_about_what_is_critical_about_its_own_service_or_when_it_is_switched_off() -> None:
    landscape = a_landscape(journeys=[a_journey(important=True)], clients=[])
    incident = an_incident("INC-7", "ledger-db", at=T0)
    critical, own, off = (
        Decide(landscape, PARAMS),
        Decide(a_landscape(clients=[]), PARAMS),
        Decide(a_landscape(clients=[]), PARAMS.model_copy(update={"incident_quiets": 0.0})),
    )
    for decide in (critical, own, off):
        feed(decide, incident)

    assert sent(critical.handle(an_anomaly(at=LATE))) == [(SQUAD, Phase.WARNING)]
    assert (DATA, Phase.WARNING) in sent(own.handle(an_anomaly("ledger-db", at=LATE)))
    assert sent(off.handle(an_anomaly(at=LATE))) == [(SQUAD, Phase.WARNING)]
