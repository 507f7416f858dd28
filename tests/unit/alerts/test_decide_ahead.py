"""What is forecast for much later, and comes near by time alone: no finding says so, and nobody may miss it."""

import json
from dataclasses import replace
from typing import Any

from alerts.decide import Decide, Decided
from domain.alert import AlertStatus, Severity
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.notice import Phase
from tests.support.builders import (
    T0,
    a_feedback,
    a_forecast,
    a_journey,
    a_landscape,
    a_squad,
    a_watermark,
    an_anomaly,
)
from tests.support.decide import BANK, PARAMS, SQUAD, feed, sent, statuses

HOUR_S = 3600.0
DUE_AT = T0 + 8 * HOUR_S
NEAR_AT = DUE_AT - PARAMS.critical_ahead
ON_CALL = "#on-call"


def a_decide(**changes: Any) -> Decide:
    squads = [replace(a_squad(), escalate_to=changes.pop("escalate_to", None)), a_squad("data")]
    landscape = a_landscape(journeys=[a_journey(important=True)], squads=squads)
    patient = {"correlate_within": 0.0, "stale_after": 86_400.0, "partition_idle_after": 86_400.0}
    return Decide(landscape, PARAMS.model_copy(update=patient | changes))


def a_far_one(confidence: float = 0.9, **more: Any) -> Anomaly:
    forecast = a_forecast(DUE_AT, confidence=confidence)
    return an_anomaly(kind=AnomalyKind.FORECAST, confidence=confidence, forecast=forecast, **more)


def severities(decided: Decided) -> list[Severity]:
    return [transition.severity for transition in decided.transitions]


def test_what_was_far_becomes_critical_once_when_it_is_near_though_nothing_else_is_heard() -> None:
    decide = a_decide()
    opened, before = feed(decide, a_far_one(), a_watermark(NEAR_AT - 1))
    near = decide.handle(a_watermark(NEAR_AT))
    repeated, later = feed(decide, a_watermark(NEAR_AT), a_watermark(NEAR_AT + 300))

    assert (severities(opened), before.transitions) == ([Severity.WARNING], ())
    assert (severities(near), statuses([near])) == ([Severity.CRITICAL], [AlertStatus.UPDATE])
    assert near.transitions[0].reason.endswith("; now critical")
    assert "in about 6 h" in near.transitions[0].reason
    assert (SQUAD, Phase.UPDATE) in sent(near)
    assert (BANK, Phase.WARNING) in sent(near)  # who was to be told when it is near
    assert repeated == Decided()
    assert later.transitions == ()


def test_nobody_who_has_not_acknowledged_by_then_is_left_alone_with_it() -> None:
    decide = a_decide(escalate_to=ON_CALL)
    feed(decide, a_far_one(), a_watermark(NEAR_AT))
    assert (ON_CALL, Phase.WARNING) in sent(decide.handle(a_watermark(NEAR_AT + 1)))


def test_a_silence_below_critical_ends_for_it_then() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0 - 1))
    asked = a_feedback(FeedbackKind.SILENCE, None, T0 - 1, service="payments-api", lasts_s=10 * HOUR_S)
    decide.handle(replace(asked, below=Severity.CRITICAL))
    opened, near = feed(decide, a_far_one(), a_watermark(NEAR_AT))

    assert sent(opened) == []
    assert (SQUAD, Phase.WARNING) in sent(near)


def test_it_is_near_in_the_time_of_its_own_telemetry() -> None:
    decide = a_decide()
    feed(decide, a_far_one(), a_watermark(T0))
    ahead = decide.handle(a_watermark(NEAR_AT, partition=1))  # the other has not been read so far
    assert Severity.CRITICAL not in severities(ahead)
    assert severities(decide.handle(a_watermark(NEAR_AT))) == [Severity.CRITICAL]


def test_what_is_unsure_or_reaches_nothing_that_matters_stays_as_it_is() -> None:
    for landscape, confidence in ((a_landscape(journeys=[a_journey(important=True)]), 0.7), (a_landscape(), 0.9)):
        decide = Decide(landscape, PARAMS.model_copy(update={"stale_after": 86_400.0}))
        feed(decide, a_far_one(confidence))
        assert Severity.CRITICAL not in severities(decide.handle(a_watermark(NEAR_AT)))


def test_a_service_that_joined_an_episode_makes_that_critical() -> None:
    decide = a_decide(correlate_within=300.0)
    feed(decide, an_anomaly("ledger-db", confidence=0.5), a_far_one(at=T0 + 1))
    assert len(decide.open_alerts) == 2
    near = decide.handle(a_watermark(NEAR_AT))
    assert severities(near)[-2:] == [Severity.CRITICAL, Severity.CRITICAL]  # its own, and that of the whole
    assert (SQUAD, Phase.UPDATE) in sent(near)


def test_a_restart_in_between_changes_nothing() -> None:
    first, second = a_decide(), a_decide()
    feed(first, a_far_one(), a_watermark(NEAR_AT - 1))
    second.restore(json.loads(json.dumps(first.snapshot())))
    near = first.handle(a_watermark(NEAR_AT))
    assert second.handle(a_watermark(NEAR_AT)) == near
    third = a_decide()
    third.restore(json.loads(json.dumps(second.snapshot())))
    assert third.handle(a_watermark(NEAR_AT + 1)).transitions == ()


def test_nothing_is_missed_of_a_finding_before_what_it_foresees_is_due() -> None:
    decide = a_decide(stale_after=HOUR_S)
    feed(decide, a_far_one())
    _, _, waiting, over = feed(
        decide, *(a_watermark(at) for at in (T0 + 2 * HOUR_S, NEAR_AT, DUE_AT + HOUR_S, DUE_AT + HOUR_S + 1))
    )
    assert waiting.transitions == ()
    assert statuses([over]) == [AlertStatus.RESOLVED]


def test_an_end_that_is_held_back_is_no_time_to_raise_it() -> None:
    decide = a_decide(resolve_hold=9 * HOUR_S)
    feed(decide, a_far_one(), an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 60, opened_at=T0))
    assert Severity.CRITICAL not in severities(decide.handle(a_watermark(NEAR_AT)))


def test_what_is_sure_becomes_critical_when_it_is_near_though_something_doubtful_leads() -> None:
    decide = a_decide()
    doubtful = an_anomaly(kind=AnomalyKind.FORECAST, confidence=0.6, forecast=a_forecast(T0 + 600, confidence=0.6))
    full = a_forecast(DUE_AT, metric="disk_used_ratio", confidence=0.9)
    feed(decide, replace(doubtful, further=(full,)), a_watermark(NEAR_AT - 1))
    near = decide.handle(a_watermark(NEAR_AT))

    assert severities(near) == [Severity.CRITICAL]
    assert near.transitions[0].reason.startswith("payments-api: disk_used_ratio is expected above its limit")


def test_nothing_is_given_up_before_the_last_of_what_is_foreseen_is_due() -> None:
    decide = a_decide(stale_after=HOUR_S)
    sooner = replace(a_far_one(), forecast=a_forecast(T0 + HOUR_S), further=(a_forecast(DUE_AT, metric="disk"),))
    feed(decide, sooner)
    waiting, over = feed(decide, *(a_watermark(at) for at in (DUE_AT + HOUR_S, DUE_AT + HOUR_S + 1)))

    assert AlertStatus.RESOLVED not in statuses([waiting])
    assert statuses([over]) == [AlertStatus.RESOLVED]


def test_what_was_near_already_is_not_rated_anew_by_time_though_the_configuration_has_changed() -> None:
    before, after = a_decide(critical_confidence=0.95), a_decide(critical_confidence=0.8)
    feed(before, an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast(NEAR_AT)))
    after.restore(before.snapshot())

    assert after.handle(a_watermark(T0 + 60)).transitions == ()
