from dataclasses import replace

import pytest

from alerts.decide import Decided
from domain.alert import AlertStatus
from domain.anomaly import AnomalyPhase
from domain.notice import Phase
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import (
    T0,
    a_watermark,
    an_anomaly,
    an_incident,
)
from tests.support.decide import SQUAD, Item, a_decide, facts_of, feed, statuses

ENDED = AnomalyPhase.ENDED
UPDATED = AnomalyPhase.UPDATED


def test_an_alert_opens_changes_and_ends_and_nobody_is_owed_anything() -> None:
    decide = a_decide()

    opened = feed(decide, an_anomaly())
    assert (len(decide.open_alerts), decide.debt()) == (1, 2)
    rest = feed(
        decide,
        an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0),
        an_anomaly(phase=ENDED, at=T0 + 120, opened_at=T0),
        a_watermark(T0 + 180),
    )

    assert statuses(opened + rest) == [AlertStatus.OPEN, AlertStatus.UPDATE, AlertStatus.RESOLVED]
    assert (decide.open_alerts, decide.debt()) == ((), 0)


def test_a_repeat_changes_nothing_even_after_the_alert_has_ended() -> None:
    decide = a_decide()
    story: list[Item] = [
        an_anomaly(),
        an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0),
        an_anomaly(phase=ENDED, at=T0 + 120, opened_at=T0),
        a_watermark(T0 + 300),
    ]
    feed(decide, *story)

    assert feed(decide, *story) == [Decided()] * 4
    assert decide.open_alerts == ()


def test_trouble_that_returns_after_the_hold_is_a_new_alert_though_no_time_was_told_between() -> None:
    decide = a_decide()
    first = feed(decide, an_anomaly(), an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0))

    back = decide.handle(an_anomaly(at=T0 + 71))

    assert statuses([*first, back]) == [AlertStatus.OPEN, AlertStatus.RESOLVED, AlertStatus.OPEN]
    assert back.transitions[0].alert != back.transitions[1].alert


def test_an_end_waits_for_the_partition_of_its_service_not_for_the_fastest() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(partition=1), an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0, partition=1))

    ahead = feed(decide, a_watermark(T0 + 500, 0), a_watermark(T0 + 20, 1))
    back = decide.handle(an_anomaly(at=T0 + 40, partition=1))  # read late: its worker had been away

    assert statuses(ahead) == []
    assert statuses([back]) == [AlertStatus.UPDATE]


def test_an_end_waits_no_longer_for_a_partition_that_is_idle() -> None:
    decide = a_decide()
    story = feed(
        decide,
        an_anomaly(partition=1),
        a_watermark(T0 + 5, 1),
        an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0, partition=1),
        a_watermark(T0 + 7000, 0),
        a_watermark(T0 + 7300, 0),
    )

    assert statuses(story[:-1]) == [AlertStatus.OPEN]
    assert statuses(story[-1:]) == [AlertStatus.RESOLVED]


def test_a_finding_that_goes_on_after_its_alert_was_given_up_opens_another() -> None:
    decide = a_decide()

    story = feed(
        decide,
        an_anomaly(),
        a_watermark(T0 + 1801),
        an_anomaly(phase=UPDATED, at=T0 + 1900, opened_at=T0),
        an_anomaly(phase=ENDED, at=T0 + 2000, opened_at=T0),
        a_watermark(T0 + 2100),
    )

    assert statuses(story) == [AlertStatus.OPEN, AlertStatus.RESOLVED, AlertStatus.OPEN, AlertStatus.RESOLVED]
    assert len({transition.alert for one in story for transition in one.transitions}) == 2


def test_a_finding_whose_opening_was_missed_opens_an_alert_and_its_end_alone_opens_none() -> None:
    assert statuses(feed(a_decide(), an_anomaly(phase=UPDATED, at=T0 + 5, opened_at=T0))) == [AlertStatus.OPEN]
    assert statuses(feed(a_decide(), an_anomaly(phase=ENDED, at=T0 + 5, opened_at=T0))) == []


def test_staleness_waits_for_the_slowest_partition_but_not_for_an_idle_one() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), a_watermark(T0, 0), a_watermark(T0 + 10, 1))

    behind = feed(decide, a_watermark(T0 + 7000, 1))
    idle = feed(decide, a_watermark(T0 + 7201, 1))

    assert statuses(behind) == []
    assert statuses(idle) == [AlertStatus.RESOLVED]


def test_a_watermark_that_falls_back_does_not_turn_time_back() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0), a_watermark(T0 + 65))

    assert statuses(feed(decide, a_watermark(T0))) == []
    assert statuses(feed(decide, a_watermark(T0 + 70))) == [AlertStatus.RESOLVED]


def test_an_update_that_had_to_wait_is_told_when_its_time_comes() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly(phase=UPDATED, at=T0 + 5, opened_at=T0))

    late = decide.handle(a_watermark(T0 + 40))

    assert late.transitions == ()
    assert [(notice.phase, notice.decided_at) for notice in late.notices] == [(Phase.UPDATE, T0 + 40)]


def test_an_incident_is_linked_to_the_open_alerts_of_its_services() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db"), an_anomaly("cache"))

    linked = decide.handle(an_incident("INC-1", "payments-api", "ledger-db", at=T0 + 5))

    assert [(told.service, told.incident) for told in linked.transitions] == [
        ("ledger-db", "INC-1"),
        ("payments-api", "INC-1"),
    ]


def test_an_incident_without_services_concerns_all_of_them() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db"))

    assert len(decide.handle(an_incident(at=T0 + 5)).transitions) == 2


def test_an_incident_with_a_wrong_clock_does_not_carry_an_alert_into_the_future() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), a_watermark(T0 + 60))

    ahead = decide.handle(an_incident("INC-1", "payments-api", at=T0 + 1e9))
    behind = feed(decide, an_anomaly("cache", at=T0 + 70), an_incident("INC-2", "cache", at=0.0))[1]

    assert ahead.transitions[0].at == T0 + 360
    assert behind.transitions[0].at == T0 + 70


def test_an_alert_that_opens_during_an_incident_names_it_and_one_after_it_does_not() -> None:
    decide = a_decide()
    feed(decide, an_incident("INC-1", "payments-api", at=T0 - 60), an_incident("INC-2", "cache", at=T0 - 90))

    during = decide.handle(an_anomaly())
    feed(decide, an_incident("INC-2", "cache", at=T0 - 30, status=EventStatus.CLOSED))
    after = decide.handle(an_anomaly("cache"))

    assert during.transitions[0].incident == "INC-1"
    assert after.transitions[0].incident is None


def test_the_close_of_an_incident_ends_no_alert_and_its_replay_opens_it_not_again() -> None:
    decide = a_decide()
    declared = an_incident("INC-1", "payments-api", at=T0 + 5)
    feed(decide, an_anomaly(), declared, replace(declared, status=EventStatus.CLOSED, at=T0 + 9))

    assert len(decide.open_alerts) == 1
    assert decide.handle(declared) == Decided()
    feed(decide, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0), a_watermark(T0 + 70))
    assert decide.handle(an_anomaly(at=T0 + 80)).transitions[0].incident is None


@pytest.mark.parametrize("kind", [EventKind.DEPLOY, EventKind.MAINTENANCE])
def test_other_declared_events_are_no_incidents(kind: EventKind) -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    assert decide.handle(an_incident(kind=kind, at=T0 + 5)) == Decided()


def test_a_squad_reads_why_a_client_is_not_told_as_it_is_now() -> None:
    decide = a_decide()
    opened = decide.handle(an_anomaly(confidence=0.5))
    surer = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0, confidence=0.6))
    why = "Example Bank (bank-042): not told: {} sure is below the client's 80%"
    for decided, sure in ((opened, "50%"), (surer, "60%")):
        assert facts_of(decided)[0].client_decisions == (why.format(sure),)
    assert [notice.recipient for notice in surer.notices] == [SQUAD]  # it is no other decision
