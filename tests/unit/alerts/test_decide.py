import json
import math
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from alerts.decide import Decide, Decided
from alerts.params import AlertParams
from domain.alert import AlertStatus, Severity
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.errors import StateError
from domain.feedback import Feedback, FeedbackKind
from domain.notice import Notify, Phase, SquadFacts
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_forecast,
    a_journey,
    a_landscape,
    a_stage,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)

PARAMS = AlertParams.model_validate({"resolve_hold": "60s", "stale_after": "30m", "partition_idle_after": "2h"})
Item: TypeAlias = Anomaly | IncidentEvent | Watermark | Feedback
ENDED = AnomalyPhase.ENDED
UPDATED = AnomalyPhase.UPDATED


def a_decide() -> Decide:
    return Decide(a_landscape(), PARAMS)


def feed(decide: Decide, *items: Item) -> list[Decided]:
    return [decide.handle(item) for item in items]


def statuses(decided: list[Decided]) -> list[AlertStatus]:
    return [transition.status for one in decided for transition in one.transitions]


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


def test_a_snapshot_survives_json_and_goes_on_alike() -> None:
    one, other = a_decide(), a_decide()
    story: list[Item] = [
        an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast()),
        an_incident("INC-1", "ledger-db", at=T0 + 1),
        a_watermark(T0 + 2, 3),
    ]
    rest: list[Item] = [
        an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0, kind=AnomalyKind.BREACH),
        an_anomaly("ledger-db", at=T0 + 61),
        an_anomaly(phase=ENDED, at=T0 + 90, opened_at=T0),
        *story,
        a_watermark(T0 + 3000, 3),
    ]
    feed(one, *story)

    other.restore(json.loads(json.dumps(one.snapshot())))

    assert other.snapshot() == one.snapshot()
    assert feed(other, *rest) == feed(one, *rest)


def test_a_fresh_state_can_be_saved_too() -> None:
    decide = a_decide()

    decide.restore(json.loads(json.dumps(a_decide().snapshot())))

    assert decide.open_alerts == ()


def test_an_open_ended_range_survives_a_snapshot() -> None:
    one, other = a_decide(), a_decide()
    feed(one, an_anomaly(evidence=[replace(an_evidence(), low=-math.inf)]))

    other.restore(one.snapshot())

    assert other.open_alerts == one.open_alerts


def damaged(change: dict[str, Any]) -> dict[str, Any]:
    decide = a_decide()
    feed(decide, an_anomaly())
    state = decide.snapshot()
    assert isinstance(state, dict)
    return {**state, **change}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "saved alerts have version None; this release reads version 2"),
        ([], "saved alerts have version None; this release reads version 2"),
        (damaged({"version": 1}), "saved alerts have version 1; this release reads version 2"),
        (damaged({"seen": 5}), "saved alerts are damaged at seen: Input should be a valid dictionary"),
        (damaged({"episodes": {"x": {"alert": "secret"}}}), "saved alerts are damaged at episodes.x.service: "),
    ],
)
def test_a_damaged_snapshot_is_refused_and_changes_nothing(state: Any, message: str) -> None:
    decide = a_decide()
    feed(decide, an_anomaly())
    before = decide.snapshot()

    with pytest.raises(StateError) as caught:
        decide.restore(state)

    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)
    assert decide.snapshot() == before


def test_what_is_remembered_is_bounded_in_number() -> None:
    decide = Decide(a_landscape(), PARAMS.model_copy(update={"remember_most": 10}))

    for number in range(50):
        feed(decide, an_anomaly(at=T0 + number, phase=ENDED), an_incident(f"INC-{number}", at=T0 + number))

    assert (len(decide._memory.seen), len(decide._memory.incidents)) == (10, 10)
    assert next(iter(decide._memory.incidents)) == "INC-40"


def test_what_is_long_past_is_forgotten_but_not_what_is_open() -> None:
    decide = Decide(a_landscape(), PARAMS.model_copy(update={"stale_after": 30 * 86400.0}))
    open_still = an_anomaly(at=T0 + 1)

    feed(decide, an_anomaly(phase=ENDED), an_incident(), open_still, a_watermark(T0 + 7 * 86400 + 2))

    assert (list(decide._memory.seen), decide._memory.incidents) == ([open_still.id], {})


def answer(kind: FeedbackKind, decide: Decide, at: float = T0 + 5, **more: Any) -> Decided:
    alert = more.pop("alert", decide.open_alerts[0].alert if decide.open_alerts else None)
    return decide.handle(a_feedback(kind, alert, at, **more))


def sent(decided: Decided) -> list[tuple[str, Phase]]:
    return [(notice.recipient, notice.phase) for notice in decided.notices if isinstance(notice.decision, Notify)]


def held_back(decided: Decided) -> list[tuple[str, str]]:
    decisions = [(notice.recipient, notice.decision) for notice in decided.notices]
    return [(recipient, decision.reason) for recipient, decision in decisions if not isinstance(decision, Notify)]


def asking() -> Decide:
    return Decide(a_landscape(squads=[], clients=[a_client(approval="required")]), PARAMS)


BANK = "ops@bank-042.example"
SQUAD = "#squad-payments"


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


def test_a_silence_outlives_the_forgetting_of_what_is_past() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0))
    answer(FeedbackKind.SILENCE, decide, T0, alert=None, service="payments-api", lasts_s=10_000.0)
    feed(decide, a_watermark(T0 + 5000))

    assert sent(decide.handle(an_anomaly(at=T0 + 5001))) == []
    assert len(decide._memory.mutes) == 1
    feed(decide, a_watermark(T0 + 20_000))
    assert decide._memory.mutes == {}


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


def test_nobody_is_warned_of_what_seems_over_when_a_silence_ends() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 1))
    answer(FeedbackKind.SILENCE, decide, T0 - 1, alert=None, service="payments-api", lasts_s=50.0)
    feed(decide, an_anomaly(), an_anomaly(phase=ENDED, at=T0 + 20, opened_at=T0))

    rest = feed(decide, a_watermark(T0 + 55), a_watermark(T0 + 90))

    assert statuses(rest) == [AlertStatus.RESOLVED]
    assert [sent(one) for one in rest] == [[], []]


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
