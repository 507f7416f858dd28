"""What people add: words for the clients, opinions, and how past episodes like this one ended."""

import json
from dataclasses import replace
from typing import Any

import pytest

from alerts.decide import Decide, Decided
from alerts.memory import VERSION
from alerts.policy.history import KEPT
from domain.alert import Severity
from domain.anomaly import AnomalyKind, AnomalyPhase, Trace
from domain.feedback import FeedbackKind
from domain.identity import ClientId, SeriesKey
from domain.notice import ClientFacts, Phase
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_landscape,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)
from tests.support.decide import BANK, PARAMS, SQUAD, a_decide, answer, asking, facts_of, feed, sent

UPDATED, ENDED = AnomalyPhase.UPDATED, AnomalyPhase.ENDED
OVER = an_anomaly(phase=ENDED, at=T0 + 1860, opened_at=T0)


def approve(decide: Decide, text: str, at: float = T0 + 5, **more: Any) -> Decided:
    given = a_feedback(FeedbackKind.APPROVE, decide.open_alerts[0].alert, at, name=f"approval {at}", **more)
    return decide.handle(replace(given, text=text))


def words(decided: Decided) -> list[tuple[Phase, str]]:
    return [(notice.phase, notice.facts.words) for notice in decided.notices if isinstance(notice.facts, ClientFacts)]


def test_what_a_person_adds_to_an_approval_is_read_by_the_clients_and_seen_by_the_squads() -> None:
    decide = Decide(a_landscape(clients=[a_client(approval="required")]), PARAMS)
    (asked,) = facts_of(decide.handle(an_anomaly()))

    told = approve(decide, " We have switched\nto the\u202e second line.\x00 ", lasts_s=600.0)

    said = "We have switched to the second line."
    assert words(told) == [(Phase.WARNING, said)]
    (facts,) = facts_of(told)
    assert (asked.waiting, facts.waiting) == ((ClientId("bank-042"),), ())
    assert facts.notes == (f"notices to all clients approved by person<anna> until 15:16 UTC, adding: {said}",)
    assert f"client notices approved by person<anna>, adding: {said}; " in told.transitions[0].reason


def test_the_ending_does_not_repeat_what_was_said_of_the_trouble() -> None:
    decide = asking()
    feed(decide, an_anomaly())
    approve(decide, "Please wait.")

    over = feed(decide, OVER, a_watermark(T0 + 1960))[1]

    assert words(over) == [(Phase.ALL_CLEAR, "")]


def test_an_approval_with_other_words_is_an_update_and_one_without_or_with_the_same_is_none() -> None:
    decide = asking()
    feed(decide, an_anomaly())
    approve(decide, "Please wait.")

    same, none, other = (approve(decide, text, T0 + 10 + at) for at, text in enumerate(["Please wait.", "", "Go on."]))

    assert (words(same), words(none)) == ([], [])
    assert words(other) == [(Phase.UPDATE, "Go on.")]
    assert other.notices[0].decision.reason == "person<anna> has added words"


def test_words_end_with_the_approval_that_carried_them() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())
    approve(decide, "Please wait.", lasts_s=60.0)

    late = decide.handle(an_anomaly(phase=UPDATED, at=T0 + 100, opened_at=T0, kind=AnomalyKind.BREACH))

    assert words(late) == [(Phase.UPDATE, "")]


def test_words_for_one_client_are_not_read_by_another_and_are_cut_to_what_is_kept() -> None:
    clients = [a_client(approval="required"), a_client("bank-7", "Other Bank", approval="required")]
    decide = Decide(a_landscape(squads=[], clients=clients), PARAMS)
    feed(decide, an_anomaly())

    told = approve(decide, "x" * 600, client="bank-7")

    assert [
        (notice.client, len(notice.facts.words)) for notice in told.notices if isinstance(notice.facts, ClientFacts)
    ] == [("bank-7", 500)]


def test_the_squad_sees_who_looks_after_it() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    (facts,) = facts_of(answer(FeedbackKind.ACKNOWLEDGE, decide))

    assert facts.acknowledged_by == "person<anna>"


def past(decide: Decide, opened_at: float, *metrics: str, incident: str | None = None) -> str:
    """Let an alert come and go, and return its id."""
    evidence = [an_evidence(metric=metric, at=opened_at) for metric in metrics]
    decide.handle(an_anomaly(at=opened_at, evidence=evidence))
    alert = decide.open_alerts[0].alert
    if incident is not None:
        decide.handle(a_watermark(opened_at + 500))
        decide.handle(an_incident(incident, "payments-api", at=opened_at + 540))
    feed(decide, an_anomaly(phase=ENDED, at=opened_at + 1860, opened_at=opened_at), a_watermark(opened_at + 2000))
    assert decide.open_alerts == ()
    return alert


DAY = 86_400.0


def test_a_squad_reads_how_episodes_like_this_one_ended_the_most_alike_first() -> None:
    decide = a_decide()
    past(decide, T0 - 5 * DAY, "disk_used")
    past(decide, T0 - 4 * DAY, "pool_in_use", "latency_p95_ms")
    past(decide, T0 - 3 * DAY, "pool_in_use", incident="INC-7")

    (facts,) = facts_of(decide.handle(an_anomaly(evidence=[an_evidence(metric="pool_in_use")])))

    assert facts.similar == (
        "12 Jun 2025, 15:06 UTC: pool_in_use rose too; incident INC-7 after 9 min; back to normal after 33 min",
        "11 Jun 2025, 15:06 UTC: pool_in_use rose too; back to normal after 33 min",
    )


def test_the_other_way_round_is_not_alike_and_no_more_than_three_are_shown_of_a_bounded_number() -> None:
    decide = a_decide()
    fell = replace(an_evidence(metric="pool_in_use"), actual=1.0)
    for day in range(KEPT + 5):
        past(decide, T0 - (50 - day) * DAY, "pool_in_use")

    (facts,) = facts_of(decide.handle(an_anomaly(evidence=[an_evidence(metric="pool_in_use")])))
    feed(decide, OVER, a_watermark(T0 + 2000))
    (other,) = facts_of(decide.handle(an_anomaly(at=T0 + 5000, evidence=[fell])))

    assert [line[:11] for line in facts.similar] == ["20 May 2025", "19 May 2025", "18 May 2025"]
    assert other.similar == ()
    assert [len(known) for known in decide._memory.past.values()] == [KEPT]


def test_an_opinion_counts_also_after_the_end_and_is_shown_with_what_is_alike() -> None:
    decide = a_decide()
    alert = past(decide, T0 - DAY, "latency_p95_ms")
    late = a_feedback(FeedbackKind.NOT_USEFUL, alert, T0 - 100)
    unknown = a_feedback(FeedbackKind.USEFUL, "alert-unknown", T0 - 100)

    assert (decide.is_news(late), decide.is_news(unknown)) == (True, False)
    assert decide.handle(late) == Decided()
    assert not decide.is_news(late)
    (facts,) = facts_of(decide.handle(an_anomaly()))
    assert facts.similar == (
        "14 Jun 2025, 15:06 UTC: latency_p95_ms rose too; back to normal after 33 min; called not useful",
    )


def test_an_opinion_of_an_open_alert_is_kept_with_it() -> None:
    decide = a_decide()
    feed(decide, an_anomaly(at=T0 - DAY))
    answer(FeedbackKind.USEFUL, decide, T0 - DAY + 5)
    feed(decide, an_anomaly(phase=ENDED, at=T0 - DAY + 10, opened_at=T0 - DAY), a_watermark(T0 - DAY + 100))

    (facts,) = facts_of(decide.handle(an_anomaly()))

    assert facts.similar[0].endswith("; called useful")


def test_only_the_finding_that_leads_keeps_its_trace_and_no_transition_carries_one() -> None:
    decide = a_decide()
    trace = Trace(SeriesKey.of("payments-api", "latency_p95_ms"), (T0 - 1, T0), (1.0, 2.0))
    first = replace(an_anomaly(), trace=trace)
    weaker = replace(an_anomaly(at=T0 + 1, confidence=0.5), trace=trace)

    told = feed(decide, first, weaker)

    (episode,) = decide.open_alerts
    assert episode.lead.trace == trace
    assert [anomaly.trace for anomaly in episode.open_anomalies] == [None, None]
    assert [transition.anomaly.trace for one in told for transition in one.transitions] == [None, None]
    assert facts_of(told[0])[0].trace == trace


def test_a_snapshot_of_an_earlier_release_is_read() -> None:
    decide, later = a_decide(), a_decide()
    feed(decide, an_anomaly(), a_watermark(T0 + 1))
    new = {"kinds", "moves", "linked_at", "useful", "not_useful", "reminders", "waits_for", "judges", "grown"}
    saved: Any = json.loads(json.dumps(decide.snapshot()))
    saved |= {"version": 2, "swings": {"ledger-db": [T0]}}
    for name in ("bars", "past", "comings"):
        del saved[name]
    for episode in saved["episodes"].values():
        for name in (*new, "comings"):
            del episode[name]
        for thread in episode["threads"]:
            del thread["warned_at"], thread["escalated"]
        episode["swings"] = [T0]

    later.restore(saved)
    over = feed(later, OVER, a_watermark(T0 + 2000))[1]

    assert sent(over) == [(SQUAD, Phase.ALL_CLEAR), (BANK, Phase.ALL_CLEAR)]
    assert later.snapshot()["version"] == VERSION  # type: ignore[index, call-overload] # it is a mapping


@pytest.mark.parametrize("severity", list(Severity))
def test_what_is_remembered_of_an_ended_alert_survives_a_restart(severity: Severity) -> None:
    decide, later = a_decide(), a_decide()
    alert = past(decide, T0 - DAY, "latency_p95_ms")
    service, known = next(iter(decide._memory.past.items()))
    decide._memory.past[service] = (replace(known[0], severity=severity),)

    later.restore(json.loads(json.dumps(decide.snapshot())))

    found = later._memory.find_past(known[0].alert)
    assert found is not None
    assert (found[1].alert, found[1].severity) == (alert, severity)
