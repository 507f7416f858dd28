from dataclasses import replace

import pytest

from alerts.params import AlertParams
from alerts.policy import lifecycle
from alerts.policy.episode import Episode, Step
from alerts.policy.lifecycle import Now
from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import AnomalyKind, AnomalyPhase, Forecast
from domain.identity import derive
from tests.support.builders import T0, a_forecast, an_anomaly

PARAMS = AlertParams.model_validate({"resolve_hold": "60s", "stale_after": "30m"})
AT_ONCE = AlertParams.model_validate({"resolve_hold": "0s"})


def an_episode(kind: AnomalyKind = AnomalyKind.LEVEL) -> Episode:
    return lifecycle.opened(an_anomaly(kind=kind), Severity.WARNING, None, again=False).episode


def ended(at: float, opened_at: float = T0) -> Step:
    return lifecycle.calmed(an_episode(), an_anomaly(phase=AnomalyPhase.ENDED, at=at, opened_at=opened_at), PARAMS)


def said(step: Step) -> Transition:
    assert step.transition is not None
    return step.transition


def test_the_first_finding_opens_an_alert_that_is_named_after_it() -> None:
    anomaly = an_anomaly()

    opened = said(lifecycle.opened(anomaly, Severity.WARNING, "INC-7", again=False))

    assert opened.alert == derive("alert", "payments-api", anomaly.id)
    assert (opened.status, opened.sequence, opened.at, opened.opened_at) == (AlertStatus.OPEN, 1, T0, T0)
    assert opened.incident == "INC-7"
    assert opened.reason == "payments-api: latency_p95_ms is 420, expected 180 to 310"


def test_a_finding_that_already_had_an_alert_opens_another_one() -> None:
    late = an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 7200, opened_at=T0)

    opened = said(lifecycle.opened(late, Severity.WARNING, None, again=True))

    assert opened.alert != an_episode().alert
    assert opened.opened_at == T0 + 7200


def test_an_alert_does_not_open_after_it_was_told() -> None:
    opened = said(lifecycle.opened(an_anomaly(opened_at=T0 + 60), Severity.INFO, None, again=False))

    assert opened.opened_at == opened.at == T0


def test_a_change_updates_the_alert_and_the_severity_never_falls() -> None:
    grown = lifecycle.continued(
        an_episode(), an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 10, opened_at=T0), Severity.CRITICAL
    )
    after = lifecycle.continued(
        grown.episode, an_anomaly(phase=AnomalyPhase.UPDATED, at=T0 + 20, opened_at=T0), Severity.INFO
    )

    assert said(grown).reason == "payments-api: latency_p95_ms is 420, expected 180 to 310; now critical"
    assert (said(grown).status, said(grown).sequence, grown.urgent) == (AlertStatus.UPDATE, 2, True)
    assert (said(after).severity, said(after).sequence, after.urgent) == (Severity.CRITICAL, 3, False)


def test_a_breach_and_a_first_forecast_are_urgent_and_a_moved_forecast_is_not() -> None:
    updated = replace(an_anomaly(opened_at=T0, at=T0 + 10), phase=AnomalyPhase.UPDATED)
    ahead = lifecycle.continued(an_episode(), replace(updated, forecast=a_forecast()), Severity.WARNING)
    moved = lifecycle.continued(ahead.episode, replace(updated, forecast=a_forecast(T0 + 300)), Severity.WARNING)
    breach = lifecycle.continued(moved.episode, replace(updated, kind=AnomalyKind.BREACH), Severity.WARNING)

    assert [ahead.urgent, moved.urgent, breach.urgent] == [True, False, True]


def test_the_end_waits_for_the_hold_and_then_comes_once() -> None:
    step = ended(T0 + 300)

    assert step.transition is None
    assert lifecycle.settled(step.episode, T0 + 359.9, PARAMS).transition is None
    end = lifecycle.settled(step.episode, T0 + 360, PARAMS)
    assert end.ended
    assert (said(end).status, said(end).at) == (AlertStatus.RESOLVED, T0 + 360)
    assert said(end).reason == "back to normal after 6 min"
    assert said(end).anomaly.phase is AnomalyPhase.ENDED


def test_without_a_hold_the_end_comes_at_once() -> None:
    step = lifecycle.calmed(an_episode(), an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 5, opened_at=T0), AT_ONCE)

    assert said(step).status is AlertStatus.RESOLVED


def test_trouble_that_returns_within_the_hold_continues_the_alert() -> None:
    back = lifecycle.continued(ended(T0 + 300).episode, an_anomaly(at=T0 + 320), Severity.WARNING)

    assert said(back).status is AlertStatus.UPDATE
    assert said(back).reason == (
        "payments-api: latency_p95_ms is 420, expected 180 to 310; back 20 s after it seemed over"
    )
    assert back.urgent
    assert lifecycle.settled(back.episode, T0 + 9999, PARAMS).transition is None


@pytest.mark.parametrize(
    ("forecast", "why"),
    [
        (a_forecast(), "latency_p95_ms did not breach its objective"),  # its limit may have been passed for a moment
        (None, "what was forecast did not come"),  # an incident, as learnt from earlier ones
    ],
)
def test_a_forecast_that_never_came_true_is_retracted(forecast: Forecast | None, why: str) -> None:
    over = replace(an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 120, opened_at=T0), forecast=forecast)

    step = lifecycle.calmed(an_episode(AnomalyKind.FORECAST), over, AT_ONCE)

    assert said(step).status is AlertStatus.RETRACTED
    assert said(step).reason == f"warning withdrawn after 2 min: {why}"


def test_a_forecast_that_was_followed_by_anything_real_is_not_retracted() -> None:
    over = an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 120, opened_at=T0)
    seen = lifecycle.continued(an_episode(AnomalyKind.FORECAST), an_anomaly(kind=AnomalyKind.BREACH), Severity.INFO)
    declared = lifecycle.linked(an_episode(AnomalyKind.FORECAST), "INC-1", T0 + 60)

    assert said(lifecycle.calmed(seen.episode, over, AT_ONCE)).status is AlertStatus.RESOLVED
    assert said(lifecycle.calmed(declared.episode, over, AT_ONCE)).status is AlertStatus.RESOLVED


def test_an_alert_lasts_until_its_last_finding_is_over() -> None:
    both = lifecycle.continued(an_episode(), an_anomaly(at=T0 + 10, kind=AnomalyKind.BREACH), Severity.WARNING).episode

    first = lifecycle.calmed(both, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 20, opened_at=T0 + 10), AT_ONCE)
    last = lifecycle.calmed(first.episode, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 30, opened_at=T0), AT_ONCE)

    assert both.lead.kind is AnomalyKind.BREACH
    assert said(first).reason.startswith("one of 2 findings is over; ")
    assert first.episode.lead.opened_at == T0
    assert said(last).status is AlertStatus.RESOLVED


def test_the_end_of_a_finding_that_is_not_part_of_it_changes_nothing() -> None:
    episode = an_episode()

    step = lifecycle.calmed(episode, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 9, opened_at=T0 - 99), AT_ONCE)

    assert step == Step(episode)


def test_an_alert_of_which_nothing_is_heard_is_closed_with_that_reason() -> None:
    episode = an_episode(AnomalyKind.FORECAST)

    assert lifecycle.ticked(episode, Now({0: T0 + 9000, 1: T0 + 1800}), PARAMS).transition is None
    end = said(lifecycle.ticked(episode, Now({0: T0 + 9000, 1: T0 + 1801}), PARAMS))
    assert (end.status, end.at) == (AlertStatus.RESOLVED, T0 + 9000)
    assert end.reason == "nothing has been heard of it for 30 min: closed without a sign of recovery"


def test_one_silent_finding_of_two_is_dropped_without_a_word() -> None:
    both = lifecycle.continued(an_episode(), an_anomaly(at=T0 + 900, confidence=0.5), Severity.WARNING).episode

    step = lifecycle.ticked(both, Now({0: T0 + 2000}), PARAMS)

    assert step.transition is None
    assert [known.opened_at for known in step.episode.open_anomalies] == [T0 + 900]
    assert step.episode.lead.opened_at == T0 + 900


def test_the_first_declared_incident_is_linked_and_stays() -> None:
    first = lifecycle.linked(an_episode(), "INC-1", T0 + 5)
    second = lifecycle.linked(first.episode, "INC-2", T0 + 6)

    assert said(first).incident == "INC-1"
    assert said(first).reason.startswith("incident INC-1 was declared; payments-api: ")
    assert second == Step(first.episode)


def test_time_never_runs_backwards_within_an_alert() -> None:
    early = lifecycle.continued(an_episode(), an_anomaly(at=T0 - 50), Severity.INFO)

    assert said(early).at == T0


def test_an_end_without_evidence_keeps_the_last_that_was_known() -> None:
    over = an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 5, opened_at=T0, evidence=[])

    assert said(lifecycle.calmed(an_episode(), over, AT_ONCE)).anomaly.evidence == an_anomaly().evidence
