"""Silences and maintenances of one episode or service: what they keep quiet, and what speaks all the same."""

from dataclasses import replace

from alerts.decide import Decide, Decided
from domain.alert import AlertStatus, Severity
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.notice import Phase
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import (
    T0,
    a_feedback,
    a_landscape,
    a_watermark,
    an_anomaly,
    an_incident,
)
from tests.support.decide import BANK, PARAMS, SQUAD, a_decide, answer, feed, held_back, sent, statuses

ENDED = AnomalyPhase.ENDED
UPDATED = AnomalyPhase.UPDATED


def test_a_silence_is_told_keeps_quiet_visibly_and_ends() -> None:
    decide = Decide(a_landscape(), PARAMS.model_copy(update={"correlate_within": 0.0}))
    feed(decide, an_anomaly(), a_watermark(T0 + 1))

    told = answer(FeedbackKind.SILENCE, decide, lasts_s=600.0, comment="known")
    worse = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0, kind=AnomalyKind.BREACH))
    again = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 90, opened_at=T0, kind=AnomalyKind.BREACH))
    after = decide.handle(a_watermark(T0 + 700))

    quiet = "silenced by person<anna>: known"
    assert sent(told) == [(SQUAD, Phase.UPDATE)]
    assert sent(worse) == sent(again) == []
    assert held_back(worse) == [(SQUAD, quiet), (BANK, quiet)]
    assert held_back(again) == []
    assert sent(after) == [(SQUAD, Phase.UPDATE), (BANK, Phase.UPDATE)]


def test_a_silence_below_a_severity_says_so_and_lets_what_reaches_that_speak() -> None:
    decide = a_decide(critical_clients=1)
    feed(decide, a_watermark(T0 - 1))
    asked = a_feedback(FeedbackKind.SILENCE, None, T0 - 1, service="payments-api", lasts_s=5000.0)
    decide.handle(replace(asked, below=Severity.CRITICAL))

    mild = decide.handle(an_anomaly(confidence=0.5))
    severe = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0, kind=AnomalyKind.BREACH))

    quiet = "silenced below critical by person<anna>"
    assert [transition.severity for transition in (*mild.transitions, *severe.transitions)] == ["warning", "critical"]
    assert held_back(mild) == [(SQUAD, quiet), (BANK, quiet)]
    assert sent(severe) == [(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]


def test_a_silence_of_a_service_quiets_what_opens_later_and_those_who_were_not_warned_hear_no_end() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 60))
    assert answer(FeedbackKind.SILENCE, decide, T0 - 60, alert=None, service="payments-api") == Decided()

    opened = decide.handle(an_anomaly())
    over = feed(decide, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0), a_watermark(T0 + 70))

    assert statuses([opened, *over]) == [AlertStatus.OPEN, AlertStatus.RESOLVED]
    assert held_back(opened) == [(SQUAD, "silenced by person<anna>"), (BANK, "silenced by person<anna>")]
    assert (sent(opened), over[1].notices) == ([], ())


def test_whoever_was_warned_is_told_the_end_in_spite_of_a_silence() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), a_watermark(T0 + 1))
    answer(FeedbackKind.SILENCE, decide)

    feed(decide, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0))

    assert sent(decide.handle(a_watermark(T0 + 70))) == [(SQUAD, Phase.ALL_CLEAR), (BANK, Phase.ALL_CLEAR)]


def test_a_silence_of_one_service_does_not_quiet_the_other_in_the_episode() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-api")
    quiet = decide.handle(an_anomaly())

    loud = decide.handle(an_anomaly("ledger-db", at=T0 + 1))

    assert sent(quiet) == []
    assert sent(loud) == [("#squad-data", Phase.WARNING), (SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]


def test_maintenance_keeps_quiet_and_when_it_is_closed_what_is_still_wrong_is_told() -> None:
    decide = a_decide()
    window = an_incident("CHG-1", "payments-api", at=T0 - 10, kind=EventKind.MAINTENANCE)
    feed(decide, window)

    during = decide.handle(an_anomaly())
    decide.handle(replace(window, status=EventStatus.CLOSED, at=T0 + 30))
    after = decide.handle(a_watermark(T0 + 31))

    assert held_back(during) == [(SQUAD, "maintenance CHG-1 goes on"), (BANK, "maintenance CHG-1 goes on")]
    assert sent(after) == [(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]
    assert decide.handle(window) == Decided()
    assert sent(decide.handle(an_anomaly("cache", at=T0 + 40))) == []


def test_a_maintenance_that_is_announced_ahead_is_quiet_once_it_begins() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 5))
    ahead = an_incident("CHG-1", "payments-api", at=T0 + 1000, kind=EventKind.MAINTENANCE)
    feed(decide, ahead)

    before = decide.handle(an_anomaly())
    during = decide.handle(a_watermark(T0 + 1000))
    later = decide.handle(replace(ahead, status=EventStatus.UPDATED, at=T0 + 5000))
    still = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 1100, opened_at=T0, kind=AnomalyKind.BREACH))

    assert sent(before) == [(SQUAD, Phase.WARNING), (BANK, Phase.WARNING)]
    assert held_back(during) == [(SQUAD, "maintenance CHG-1 goes on")]
    assert (later, sent(still)) == (Decided(), [])


def test_a_silence_outlives_the_forgetting_of_what_is_past() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0))
    answer(FeedbackKind.SILENCE, decide, T0, alert=None, service="payments-api", lasts_s=10_000.0)
    feed(decide, a_watermark(T0 + 5000))

    assert sent(decide.handle(an_anomaly(at=T0 + 5001))) == []
    assert len(decide._memory.mutes) == 1
    feed(decide, a_watermark(T0 + 20_000))
    assert decide._memory.mutes == {}


def test_nobody_is_warned_of_what_seems_over_when_a_silence_ends() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-api", lasts_s=50.0)
    feed(decide, an_anomaly(), an_anomaly(phase=ENDED, at=T0 + 20, opened_at=T0))

    rest = feed(decide, a_watermark(T0 + 55), a_watermark(T0 + 90))

    assert statuses(rest) == [AlertStatus.RESOLVED]
    assert [sent(one) for one in rest] == [[], []]


def test_a_maintenance_that_is_read_twice_is_looked_at_once() -> None:
    decide = a_decide()
    opened = an_incident("CHG-1", "payments-api", at=T0 - 10, kind=EventKind.MAINTENANCE)
    closed = replace(opened, status=EventStatus.CLOSED)
    feed(decide, opened, an_anomaly(), a_watermark(T0 + 1), opened)
    assert decide.open_alerts[0].due_at == opened.at + PARAMS.maintenance_most

    feed(decide, closed, closed, opened)

    assert decide._memory.mutes == {}
