"""What comes due by itself: escalation, reminders, and the end of a silence."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.alert import Severity
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.notice import Notify, Phase
from tests.support.builders import T0, a_journey, a_landscape, a_service, a_squad, a_watermark, an_anomaly
from tests.support.decide import SQUAD, answer, facts_of, feed, held_back, sent

PARAMS = AlertParams.model_validate(
    {"stale_after": "2d", "repeat_every": "0s", "escalate_severity": "warning", "group_wait": "0s"}
)
ON_CALL = "#on-call"


def a_decide(**changes: Any) -> Decide:
    squads = [replace(a_squad(), escalate_to=ON_CALL), a_squad("data")]
    return Decide(a_landscape(squads=squads, clients=[]), PARAMS.model_copy(update=changes))


def test_what_nobody_acknowledges_is_told_to_a_further_channel_once_with_the_reason() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    before = decide.handle(a_watermark(T0 + 599))
    due = decide.handle(a_watermark(T0 + 600))
    later = decide.handle(a_watermark(T0 + 1300))

    assert (sent(before), sent(later)) == ([], [])
    assert sent(due) == [(SQUAD, Phase.UPDATE), (ON_CALL, Phase.WARNING)]
    assert [notice.decision for notice in due.notices][1] == Notify("nobody at payments has acknowledged for 10 min")
    assert due.transitions[0].reason.startswith("nobody at payments has acknowledged for 10 min: #on-call is told; ")


def test_the_further_channel_hears_on_and_is_told_the_end() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), a_watermark(T0 + 600))

    worse = decide.handle(an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 700, opened_at=T0, kind=AnomalyKind.BREACH))
    over = feed(decide, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 800, opened_at=T0), a_watermark(T0 + 900))

    assert (ON_CALL, Phase.UPDATE) in sent(worse)
    assert (ON_CALL, Phase.ALL_CLEAR) in sent(over[1])
    assert decide.debt() == 0


def test_an_acknowledgement_or_a_low_severity_keeps_it_where_it_is() -> None:
    acknowledged, mild = a_decide(), a_decide(escalate_severity=Severity.CRITICAL)
    feed(acknowledged, an_anomaly())
    feed(mild, an_anomaly())
    answer(FeedbackKind.ACKNOWLEDGE, acknowledged)

    assert sent(acknowledged.handle(a_watermark(T0 + 700))) == []
    assert sent(mild.handle(a_watermark(T0 + 700))) == []


def test_what_gets_severe_after_it_was_left_alone_is_escalated_at_once() -> None:
    decide = a_decide(escalate_severity=Severity.CRITICAL, critical_clients=0, correlate_within=0.0)
    feed(decide, an_anomaly(confidence=0.5), a_watermark(T0 + 700))

    feed(decide, an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 710, opened_at=T0, kind=AnomalyKind.BREACH))

    assert (ON_CALL, Phase.WARNING) in sent(decide.handle(a_watermark(T0 + 720)))


def test_nothing_is_escalated_while_it_seems_over_or_is_silenced() -> None:
    calm, muted = a_decide(), a_decide()
    feed(calm, an_anomaly(), an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 590, opened_at=T0))
    feed(muted, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, muted, T0 - 1, alert=None, service="payments-api", lasts_s=1000.0)
    feed(muted, an_anomaly())

    assert sent(calm.handle(a_watermark(T0 + 610))) == []
    assert sent(muted.handle(a_watermark(T0 + 610))) == []


def test_a_squad_that_was_quiet_for_a_silence_is_given_its_time_before_it_is_escalated() -> None:
    decide = a_decide(silence_reminder=0.0)
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-api", lasts_s=1000.0)
    feed(decide, an_anomaly(), a_watermark(T0 + 1000))

    assert sent(decide.handle(a_watermark(T0 + 1590))) == []
    assert (ON_CALL, Phase.WARNING) in sent(decide.handle(a_watermark(T0 + 1600)))


def test_a_squad_hears_that_it_goes_on_at_longer_and_longer_intervals() -> None:
    decide = a_decide(repeat_every=3600.0, escalate_severity=Severity.CRITICAL)
    feed(decide, an_anomaly())

    told = [hour for hour in range(1, 12) if sent(decide.handle(a_watermark(T0 + hour * 3600)))]

    assert told == [1, 3, 7]
    assert decide.open_alerts[0].reminders == 3


def test_a_reminder_says_for_how_long_it_has_been_going_on() -> None:
    decide = a_decide(repeat_every=3600.0, escalate_severity=Severity.CRITICAL)
    feed(decide, an_anomaly())

    due = decide.handle(a_watermark(T0 + 3600))

    (facts,) = facts_of(due)
    assert facts.headline.startswith("still going on after 1 h, and nobody has acknowledged; payments-api: ")
    assert due.transitions[0].reason == facts.headline


def test_any_other_word_about_it_counts_as_a_reminder_and_an_acknowledgement_ends_them() -> None:
    decide = a_decide(repeat_every=3600.0, escalate_severity=Severity.CRITICAL)
    feed(decide, an_anomaly(), an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 3000, opened_at=T0))

    quiet = decide.handle(a_watermark(T0 + 3600))
    still = decide.handle(a_watermark(T0 + 7300))
    answer(FeedbackKind.ACKNOWLEDGE, decide, T0 + 7301)
    after = decide.handle(a_watermark(T0 + 40_000))

    assert [len(one.transitions) for one in (quiet, still, after)] == [0, 1, 0]


@pytest.mark.parametrize("lasts_s", [3600.0, 1200.0])
def test_before_a_silence_ends_its_squads_hear_that_the_trouble_goes_on(lasts_s: float) -> None:
    decide = a_decide(escalate_severity=Severity.CRITICAL)
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="pay*", lasts_s=lasts_s, comment="migration")
    feed(decide, an_anomaly())

    early = decide.handle(a_watermark(T0 + lasts_s - 610))
    due = decide.handle(a_watermark(T0 + lasts_s - 601))
    again = decide.handle(a_watermark(T0 + lasts_s - 300))
    ended = decide.handle(a_watermark(T0 + lasts_s))

    said = "the silence of pay* by person<anna> ends in 10 min, and payments-api is still in trouble"
    assert (sent(early), sent(again)) == ([], [])
    assert [(notice.recipient, notice.decision) for notice in due.notices] == [(SQUAD, Notify(said))]
    assert sent(ended) == [(SQUAD, Phase.UPDATE)]


def test_a_silence_that_ends_between_two_updates_ends_neither_reminders_nor_escalation() -> None:
    decide = a_decide(squad_update_gap=300.0)
    feed(decide, an_anomaly(), a_watermark(T0 + 1))
    answer(FeedbackKind.SILENCE, decide, T0 + 1, lasts_s=100.0)
    assert held_back(decide.handle(a_watermark(T0 + 2))) == [(SQUAD, "silenced by person<anna>")]

    ended = decide.handle(a_watermark(T0 + 101))
    early = decide.handle(a_watermark(T0 + 700))
    late = decide.handle(a_watermark(T0 + 701))

    assert (sent(ended), sent(early)) == ([(SQUAD, Phase.UPDATE)], [])
    assert (ON_CALL, Phase.WARNING) in sent(late)


def test_the_word_that_a_silence_ends_soon_does_not_end_it() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), a_watermark(T0 + 1))
    answer(FeedbackKind.SILENCE, decide, T0 + 1, lasts_s=3600.0)

    soon = decide.handle(a_watermark(T0 + 3001))
    quiet = decide.handle(a_watermark(T0 + 3002))

    assert (sent(soon), held_back(soon)) == ([(SQUAD, Phase.UPDATE)], [])
    assert (quiet.transitions, quiet.notices) == ((), ())


def test_a_short_silence_one_that_is_calm_and_a_maintenance_end_without_a_word_before() -> None:
    decide = a_decide(escalate_severity=Severity.CRITICAL)
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-api", lasts_s=1000.0)
    feed(decide, an_anomaly())
    assert decide.handle(a_watermark(T0 + 500)).notices == ()

    calm = a_decide()
    feed(calm, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, calm, T0 - 1, alert=None, service="payments-api", lasts_s=5000.0)
    assert calm.handle(a_watermark(T0 + 4500)).notices == ()


def test_a_silence_of_many_services_by_their_beginning_covers_those_and_no_others() -> None:
    landscape = a_landscape(services=[a_service(), a_service("cache", "data")], journeys=[a_journey()], clients=[])
    decide = Decide(landscape, PARAMS)
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-*", metric="latency*")

    covered, other = feed(decide, an_anomaly(), an_anomaly("cache", at=T0 + 1))

    assert held_back(covered) == [(SQUAD, "silenced by person<anna>")]
    assert sent(other) == [("#squad-data", Phase.WARNING)]


def test_a_repeated_watermark_makes_nothing_due() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 + 5), an_anomaly())
    answer(FeedbackKind.SILENCE, decide, lasts_s=5000.0)

    repeated = decide.handle(a_watermark(T0 + 5))

    assert (repeated.transitions, repeated.notices) == ((), ())
    assert held_back(decide.handle(a_watermark(T0 + 6))) == [(SQUAD, "silenced by person<anna>")]
