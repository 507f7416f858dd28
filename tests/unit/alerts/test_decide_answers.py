from dataclasses import replace

from alerts.decide import Decide, Decided
from domain.alert import AlertStatus, Severity
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.notice import Phase, SquadFacts
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import (
    T0,
    a_client,
    a_forecast,
    a_journey,
    a_landscape,
    a_stage,
    a_watermark,
    an_anomaly,
    an_incident,
)
from tests.support.decide import BANK, PARAMS, SQUAD, a_decide, answer, asking, feed, held_back, sent, statuses

ENDED = AnomalyPhase.ENDED
UPDATED = AnomalyPhase.UPDATED


def test_an_approval_lets_the_warning_go_and_its_repeat_does_nothing() -> None:
    decide = asking()
    feed(decide, an_anomaly())

    assert sent(answer(FeedbackKind.APPROVE, decide)) == [(BANK, Phase.WARNING)]
    assert answer(FeedbackKind.APPROVE, decide) == Decided()
    feed(decide, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0))
    assert sent(decide.handle(a_watermark(T0 + 70))) == [(BANK, Phase.ALL_CLEAR)]


def test_an_approval_of_another_client_or_one_that_ran_out_lets_nothing_go() -> None:
    decide = asking()
    feed(decide, an_anomaly(), a_watermark(T0 + 1000))

    assert sent(answer(FeedbackKind.APPROVE, decide, client="other")) == []
    late = answer(FeedbackKind.APPROVE, decide, T0 + 6, lasts_s=60.0)

    assert sent(late) == []
    assert held_back(late) == [(BANK, "approval required: that of person<anna> has run out")]


def test_an_approval_in_quiet_hours_that_runs_out_before_they_end_fails_closed() -> None:
    client = a_client(approval="required", quiet_hours=(17 * 60, 18 * 60))
    decide = Decide(a_landscape(squads=[], clients=[client]), PARAMS.model_copy(update={"stale_after": 1e6}))
    feed(decide, an_anomaly(), a_watermark(T0 + 1))

    approved = answer(FeedbackKind.APPROVE, decide, lasts_s=600.0)
    later = decide.handle(a_watermark(T0 + 3600))

    assert held_back(approved) == [(BANK, "quiet hours until 18:00 Europe/Berlin")]
    assert held_back(later) == [(BANK, "approval required: that of person<anna> has run out")]
    reason = later.transitions[0].reason
    assert reason == "payments-api: latency_p95_ms is 420, expected 180 to 310; nothing of what was kept back is told"


def test_a_client_hears_of_a_forecast_once_it_is_near_and_never_of_one_that_was_taken_back() -> None:
    forecast = a_forecast(breach_at=T0 + 48 * 3600)
    params = PARAMS.model_copy(update={"stale_after": 1e6})
    for taken_back in (False, True):
        decide = Decide(a_landscape(squads=[]), params)
        first = decide.handle(an_anomaly(kind=AnomalyKind.FORECAST, forecast=forecast))
        if taken_back:
            feed(decide, an_anomaly(phase=ENDED, kind=AnomalyKind.FORECAST, at=T0 + 3600, opened_at=T0))
        before = decide.handle(a_watermark(T0 + 41 * 3600))
        near = decide.handle(a_watermark(T0 + 42 * 3600))

        assert held_back(first) == [(BANK, "not due for more than 6 h: told when it is nearer")]
        assert sent(before) == []
        assert sent(near) == ([] if taken_back else [(BANK, Phase.WARNING)])


def test_a_person_can_hold_what_would_go_by_itself_and_a_hold_with_an_end_ends() -> None:
    decide = Decide(a_landscape(squads=[]), PARAMS)
    feed(decide, an_anomaly(confidence=0.5), a_watermark(T0 + 1))
    answer(FeedbackKind.HOLD, decide, lasts_s=100.0)

    held = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 20, opened_at=T0))
    after = decide.handle(a_watermark(T0 + 101))

    assert sent(held) == []
    assert sent(after) == [(BANK, Phase.WARNING)]


def test_an_acknowledgement_is_seen_by_the_squad() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    told = answer(FeedbackKind.ACKNOWLEDGE, decide)

    assert told.transitions[0].reason.startswith("acknowledged by person<anna>; payments-api: ")
    assert [notice.facts.notes for notice in told.notices if isinstance(notice.facts, SquadFacts)] == [
        ("acknowledged by person<anna>",)
    ]


def test_what_a_person_ends_is_over_until_it_ends_by_itself_or_begins_to_hurt() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db", at=T0 + 1))

    ended = answer(FeedbackKind.RESOLVE, decide, alert=decide.open_alerts[1].alert, comment="planned test")

    assert sent(ended) == [(SQUAD, Phase.ALL_CLEAR), ("#squad-data", Phase.ALL_CLEAR), (BANK, Phase.ALL_CLEAR)]
    assert ended.transitions[-1].reason == "ended by person<anna>: planned test"
    assert (decide.open_alerts, decide.debt()) == ((), 0)
    assert feed(decide, an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0)) == [Decided()]
    hurts = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 70, opened_at=T0, kind=AnomalyKind.BREACH))
    assert statuses([hurts]) == [AlertStatus.OPEN]
    over = an_anomaly("ledger-db", phase=ENDED, at=T0 + 80, opened_at=T0 + 1)
    anew = an_anomaly("ledger-db", at=T0 + 90)
    assert statuses(feed(decide, over, anew))[0] is AlertStatus.OPEN


def test_words_that_can_never_count_again_are_let_go() -> None:
    decide = asking()
    feed(decide, an_anomaly(), a_watermark(T0 + 1))
    for number in range(50):
        kind = FeedbackKind.HOLD if number % 2 else FeedbackKind.APPROVE
        answer(kind, decide, T0 + 10 + number, client="bank-042" if number % 3 else None, lasts_s=600.0)
        decide.handle(a_watermark(T0 + 10 + number))
    answer(FeedbackKind.APPROVE, decide, T0 + 70, lasts_s=700.0)

    (word,) = decide.open_alerts[0].words
    assert word.until == T0 + 59 + 700
    answer(FeedbackKind.HOLD, decide, T0 + 71, lasts_s=6000.0)
    assert len(decide.open_alerts[0].words) == 2


def test_an_opinion_is_noted_and_an_answer_about_nothing_known_is_not() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    noted = answer(FeedbackKind.NOT_USEFUL, decide)

    assert (statuses([noted]), noted.notices) == ([AlertStatus.UPDATE], ())
    assert answer(FeedbackKind.RESOLVE, decide, alert="alert-unknown") == Decided()
    assert answer(FeedbackKind.SILENCE, decide, alert="alert-unknown") == Decided()


def test_an_episode_of_forecasts_in_which_something_was_real_is_not_withdrawn() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast()), an_anomaly("ledger-db", at=T0 + 1))
    over = an_anomaly("ledger-db", phase=ENDED, at=T0 + 10, opened_at=T0 + 1)
    feed(decide, over, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0, kind=AnomalyKind.FORECAST))

    ended = decide.handle(a_watermark(T0 + 70))

    assert {notice.phase for notice in ended.notices} == {Phase.ALL_CLEAR}


def test_an_episode_is_as_bad_as_the_worst_in_it() -> None:
    landscape = a_landscape(journeys=[a_journey(important=True)])
    decide = Decide(landscape, PARAMS)
    feed(decide, an_anomaly(confidence=0.5))

    joined = decide.handle(an_anomaly("ledger-db", at=T0 + 1, kind=AnomalyKind.BREACH))

    assert [transition.severity for transition in joined.transitions] == [Severity.CRITICAL, Severity.CRITICAL]
    assert decide.open_alerts[1].severity is Severity.CRITICAL


def test_an_episode_that_nobody_heard_of_any_more_ends_with_its_last_consequence_and_says_why() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db", at=T0 + 1), a_watermark(T0 + 1))
    alive = an_anomaly("ledger-db", phase=UPDATED, at=T0 + 1700, opened_at=T0 + 1)

    waiting = feed(decide, alive, a_watermark(T0 + 1801))
    ended = decide.handle(a_watermark(T0 + 3501))

    assert AlertStatus.RESOLVED not in statuses(waiting)
    assert [(told.service, told.status) for told in ended.transitions] == [
        ("ledger-db", AlertStatus.RESOLVED),
        ("payments-api", AlertStatus.UPDATE),
        ("payments-api", AlertStatus.RESOLVED),
    ]
    assert ended.transitions[-1].reason.startswith("nothing has been heard of it for 30 min")
    assert (decide.open_alerts, decide.debt()) == ((), 0)


def test_all_of_an_episode_can_be_given_up_in_one_moment() -> None:
    decide = a_decide()
    feed(decide, an_anomaly("ledger-db"), an_anomaly(at=T0 + 1), a_watermark(T0 + 1))

    ended = decide.handle(a_watermark(T0 + 2000))

    assert statuses([ended]).count(AlertStatus.RESOLVED) == 2
    assert (decide.open_alerts, decide.debt()) == ((), 0)


def test_an_incident_on_a_joined_service_is_one_of_the_episode() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db", at=T0 + 1))

    linked = decide.handle(an_incident("INC-1", "ledger-db", at=T0 + 5))

    assert [(told.service, told.incident) for told in linked.transitions] == [
        ("ledger-db", "INC-1"),
        ("payments-api", "INC-1"),
    ]
    assert sent(linked) == [(SQUAD, Phase.UPDATE), ("#squad-data", Phase.UPDATE)]


def test_an_episode_that_a_person_ends_while_its_own_end_was_due_ends_once() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db", at=T0 + 1), a_watermark(T0 + 2))
    feed(decide, an_anomaly(phase=ENDED, at=T0 + 10, opened_at=T0), a_watermark(T0 + 200))

    ended = answer(FeedbackKind.RESOLVE, decide, T0 + 200, alert=decide.open_alerts[1].alert)

    assert [told.status for told in ended.transitions if told.service == "payments-api"] == [
        AlertStatus.UPDATE,
        AlertStatus.RESOLVED,
    ]
    assert decide.open_alerts == ()


def test_a_service_that_comes_and_goes_in_alerts_of_their_own_is_suspended_too_but_not_when_they_are_far_apart() -> (
    None
):
    def story(apart_s: float) -> list[AlertStatus]:
        decide = a_decide()
        times = [T0 + number * apart_s for number in range(5)]
        every = [
            item
            for at in times
            for item in (
                an_anomaly(at=at),
                an_anomaly(phase=ENDED, at=at + 10, opened_at=at),
                a_watermark(at + 80),
            )
        ]
        return statuses(feed(decide, *every))

    assert story(100.0).count(AlertStatus.SUSPENDED) == 1
    assert story(200.0).count(AlertStatus.SUSPENDED) == 0


def test_another_look_at_what_was_kept_back_that_finds_nothing_to_tell_leaves_no_trace() -> None:
    decide = a_decide()
    window = an_incident("CHG-1", "cache", at=T0 - 10, kind=EventKind.MAINTENANCE)
    feed(decide, window, an_anomaly(), replace(window, status=EventStatus.CLOSED, at=T0 + 10))
    before = decide.open_alerts[0].sequence

    assert decide.handle(a_watermark(T0 + 20)) == Decided()
    assert decide.open_alerts[0].sequence == before


def test_a_client_is_not_told_twice_of_a_journey_that_is_affected_again() -> None:
    landscape = a_landscape(
        journeys=[a_journey(), a_journey("report", a_stage("send", "ledger-db"), title="Report", squad="data")],
        clients=[a_client(journeys=["payment-initiation", "report"])],
    )
    decide = Decide(landscape, PARAMS)
    again = an_anomaly("ledger-db", at=T0 + 100)
    feed(decide, an_anomaly(), a_watermark(T0 + 1))

    first = decide.handle(an_anomaly("ledger-db", at=T0 + 2))
    feed(decide, an_anomaly("ledger-db", phase=ENDED, at=T0 + 5, opened_at=T0 + 2), a_watermark(T0 + 70))
    begun = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 80, opened_at=T0, kind=AnomalyKind.BREACH))
    second = decide.handle(again)

    assert (BANK, Phase.UPDATE) in sent(first)
    assert (BANK, Phase.UPDATE) in sent(begun)
    assert [line for line in sent(second) if line[0] == BANK] == []


def test_a_late_update_speaks_of_what_is_still_in_trouble() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(), an_anomaly("ledger-db", at=T0 + 1), a_watermark(T0 + 1))
    feed(decide, an_anomaly(phase=ENDED, at=T0 + 5, opened_at=T0))
    feed(decide, an_anomaly("ledger-db", phase=UPDATED, at=T0 + 6, opened_at=T0 + 1))

    late = decide.handle(a_watermark(T0 + 40))

    assert [notice.facts.headline[:10] for notice in late.notices if isinstance(notice.facts, SquadFacts)] == [
        "ledger-db:",
        "ledger-db:",
    ]
