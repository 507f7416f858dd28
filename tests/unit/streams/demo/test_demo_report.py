"""The account of a run.

Unless a test says otherwise, a fault of payments-api begins at 100 s, hurts at 200 s and is over at 230 s; Example Bank
(bank-042) depends on its journey, and the squad payments answers for it.
"""

import pytest

from domain.alert import AlertStatus
from domain.notice import Deferred, Failure, Hold, Phase, Suppress
from streams.demo.recording import Change, Fault
from streams.demo.report import Report, Result, report
from tests.support.builders import T0, a_client, a_journey, a_landscape
from tests.support.demo import Story, a_change, a_fault, a_good_story


def account(story: Story, *faults: Fault, changes: tuple[Change, ...] = ()) -> Report:
    return report(story.heard(), faults or (a_fault(),), changes, a_landscape())


def test_an_incident_of_which_squad_and_client_knew_before_counts_as_warned() -> None:
    result = account(a_good_story())
    (row,) = result.rows
    assert row.result is Result.WARNED
    assert [(told.who, told.lead_s) for told in (*row.squads, *row.clients)] == [
        ("payments", 50.0),
        ("Example Bank", 50.0),
    ]
    assert (result.warned, result.fully_warned, result.median_lead_s) == (1, 1, 50.0)
    assert not result.owed
    assert not result.false_alarms


def test_the_time_of_delivery_is_taken_from_the_lead() -> None:
    story = Story()
    story.alert(150, 240)
    story.squad(Phase.WARNING, 150, took=7.5)
    assert account(story).rows[0].squads[0].lead_s == pytest.approx(42.5)


def test_a_clock_that_ran_back_does_not_add_to_the_lead() -> None:
    story = Story()
    story.alert(150, 240)
    story.squad(Phase.WARNING, 150, took=-30)
    assert account(story).rows[0].squads[0].lead_s == pytest.approx(50.0)


def test_a_warning_after_the_impact_is_late() -> None:
    story = a_good_story(opened=205)
    result = account(story)
    assert result.rows[0].result is Result.LATE
    assert result.rows[0].squads[0].lead_s == -5.0
    assert (result.warned, result.fully_warned, result.median_lead_s) == (0, 0, None)


def test_a_warning_that_was_decided_in_time_and_delivered_late_is_late() -> None:
    story = Story()
    story.alert(195, 240)
    story.squad(Phase.WARNING, 195, took=8)
    assert account(story).rows[0].result is Result.LATE


def test_an_incident_of_which_nobody_heard_is_missed() -> None:
    row = account(Story()).rows[0]
    assert row.result is Result.MISSED
    assert [(told.who, told.at) for told in row.clients] == [("Example Bank", None)]


def test_a_notice_that_no_channel_took_tells_nobody_and_is_reported() -> None:
    story = Story()
    story.alert(150, 240)
    story.squad(Phase.WARNING, 150, took=None)
    story.answer(story.notices[0], Deferred(Failure.UNAVAILABLE, "down"))
    result = account(story)
    assert result.rows[0].result is Result.MISSED
    assert result.undelivered == (story.notices[0],)
    assert not result.owed


@pytest.mark.parametrize("decision", [Hold("approval required"), Suppress("the client is never written to")])
def test_a_client_who_was_not_told_by_decision_carries_the_reason(decision: Hold | Suppress) -> None:
    story = Story()
    story.alert(150, 240)
    story.client(Phase.WARNING, 150, decision=decision)
    (told,) = account(story).rows[0].clients
    assert told.at is None
    assert decision.reason in told.reason


def test_everyone_warned_and_not_told_the_end_is_owed_it() -> None:
    story = a_good_story()
    story.notices = [notice for notice in story.notices if notice.phase is Phase.WARNING]
    result = account(story)
    assert sorted(result.owed) == ["#payments: a1", "ops@bank-042.example: a1"]
    assert result.fully_warned == 0


def test_an_end_that_was_decided_and_not_delivered_is_still_owed() -> None:
    story = Story()
    story.alert(150, 240)
    story.squad(Phase.WARNING, 150)
    story.squad(Phase.ALL_CLEAR, 240, took=None)
    assert account(story).owed == ("#payments: a1",)


def test_a_retraction_is_an_end() -> None:
    story = Story()
    story.alert(150, 240)
    story.squad(Phase.WARNING, 150)
    story.squad(Phase.RETRACTION, 240)
    assert not account(story).owed


def test_an_alert_in_calm_time_is_a_false_alarm_and_names_the_clients_it_reached() -> None:
    story = a_good_story(opened=20, ended=60)
    result = account(story)
    (alarm,) = result.false_alarms
    assert (alarm.during, alarm.clients) == ("", ("Example Bank",))
    assert result.rows[0].result is Result.MISSED


def test_an_alert_that_was_open_before_the_fault_began_does_not_count_as_its_warning() -> None:
    result = account(a_good_story(opened=99, ended=240))
    assert result.rows[0].result is Result.MISSED
    assert len(result.false_alarms) == 1


def test_an_alert_during_a_harmless_change_is_a_false_alarm_that_names_the_change() -> None:
    result = account(a_good_story(opened=20, ended=60), changes=(a_change(10, 15),))
    assert [alarm.during for alarm in result.false_alarms] == ["load_burst"]


def test_an_alert_on_a_service_that_needs_the_failing_one_belongs_to_the_incident() -> None:
    result = account(a_good_story(), a_fault(affected="ledger-db"))
    assert result.rows[0].result is Result.WARNED


def test_an_alert_on_a_service_that_the_failing_one_needs_is_counted_beside_it() -> None:
    story = Story()
    story.alert(150, 240, service="ledger-db")
    result = account(story, a_fault(affected="payments-api"))
    assert [stray.during for stray in result.beside] == ["disk_fill"]
    assert result.false_alarms == ()
    assert result.rows[0].result is Result.MISSED


def test_an_alert_right_after_an_incident_belongs_to_it_but_warned_of_nothing() -> None:
    result = account(a_good_story(opened=280, ended=300))
    assert not result.false_alarms
    assert result.rows[0].result is Result.LATE


def test_a_telemetry_fault_hurts_nobody_and_a_client_who_is_told_is_told_without_need() -> None:
    result = account(a_good_story(), a_fault(kind="data", breach=None, journeys=()))
    (row,) = result.rows
    assert row.result is Result.HARMLESS
    assert [told.who for told in row.needless] == ["Example Bank"]
    assert not result.hurtful


def test_a_client_of_another_journey_is_told_without_need() -> None:
    landscape = a_landscape(
        journeys=[a_journey(), a_journey("other", title="Other")], clients=[a_client(journeys=["other"])]
    )
    (row,) = report(a_good_story().heard(), [a_fault()], [], landscape).rows
    assert not row.clients
    assert [told.who for told in row.needless] == ["Example Bank"]


def test_the_earliest_of_several_alerts_counts() -> None:
    story = a_good_story(opened=180)
    story.alert(150, 240, name="a2", service="payments-api")
    story.squad(Phase.WARNING, 150, name="a2")
    story.squad(Phase.ALL_CLEAR, 240, name="a2")
    assert account(story).rows[0].squads[0].lead_s == 50.0


def test_what_was_said_twice_counts_once() -> None:
    story = a_good_story()
    story.transitions *= 2
    story.notices *= 2
    story.receipts *= 2
    assert account(story) == account(a_good_story())


def test_an_alert_that_is_still_open_at_the_end_has_no_end() -> None:
    story = Story()
    story.alert(150)
    story.transition(AlertStatus.UPDATE, 160, 2, "a1", "payments-api")
    (episode,) = account(story).rows[0].episodes
    assert (episode.opened_at, episode.ended_at) == (T0 + 150, None)


def test_alerts_that_open_after_the_recording_has_ended_are_counted_apart() -> None:
    story = Story()
    story.alert(400)
    story.squad(Phase.WARNING, 400)
    result = report(story.heard(), [a_fault()], [], a_landscape(), until=T0 + 399)
    assert (result.afterwards, result.false_alarms, result.owed) == (1, (), ())
    assert len(account(story).false_alarms) == 1


@pytest.mark.parametrize(("changed", "owed"), [(200, 1), (350, 0)])
def test_the_end_of_an_alert_that_moved_until_the_recording_ended_is_not_owed_yet(changed: float, owed: int) -> None:
    story = Story()
    story.alert(150)
    story.squad(Phase.WARNING, 150)
    story.transition(AlertStatus.UPDATE, changed, 2, "a1", "payments-api")
    result = report(story.heard(), [a_fault()], [], a_landscape(), until=T0 + 400)
    assert (len(result.owed), result.still_open) == (owed, 1 - owed)


def test_a_telemetry_fault_excuses_no_alert_on_another_service() -> None:
    story = Story()
    story.alert(150, 240, service="ledger-db")
    result = account(story, a_fault(kind="data", breach=None, affected="payments-api"))
    assert [stray.during for stray in result.false_alarms] == [""]


def test_an_alert_belongs_to_the_incident_that_is_going_on_rather_than_to_one_that_is_just_over() -> None:
    result = account(
        a_good_story(opened=250, ended=300), a_fault("f1"), a_fault("f2", start=240, breach=290, resolved=310)
    )
    assert [len(row.episodes) for row in result.rows] == [0, 1]


def test_what_is_told_in_the_thread_of_an_older_episode_counts_from_when_the_alert_joined_it() -> None:
    story = Story()
    story.alert(50, 300, "older", "ledger-db")
    story.squad(Phase.WARNING, 50, "older")
    story.client(Phase.WARNING, 50, "older")
    story.alert(150, 240, "joined", joined="older")
    story.squad(Phase.UPDATE, 150, "older")
    story.client(Phase.UPDATE, 160, "older")
    story.squad(Phase.ALL_CLEAR, 300, "older")
    story.client(Phase.ALL_CLEAR, 300, "older")

    result = account(story)

    assert result.rows[0].result is Result.WARNED
    assert [told.lead_s for told in (*result.rows[0].squads, *result.rows[0].clients)] == [50.0, 40.0]
    assert result.fully_warned == 1


def test_an_older_episode_in_which_nothing_was_said_of_the_incident_did_not_warn_of_it() -> None:
    story = Story()
    story.alert(50, 300, "older", "ledger-db")
    story.squad(Phase.WARNING, 50, "older")
    story.alert(150, 240, "joined", joined="older")
    story.squad(Phase.ALL_CLEAR, 300, "older")

    assert account(story).rows[0].result is Result.MISSED
