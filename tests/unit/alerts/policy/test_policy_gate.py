import math

import pytest

from alerts.policy.gate import gate
from alerts.policy.impact import impact
from domain.anomaly import AnomalyKind
from domain.identity import ServiceId
from domain.journeys import Impact, NoticePolicy
from domain.notice import Decision, Hold, Notify, Suppress
from tests.support.builders import a_landscape

LEVEL = AnomalyKind.LEVEL
AFFECTED = impact(a_landscape(), ServiceId("payments-api"))


@pytest.mark.parametrize(
    ("approval", "confidence", "decision"),
    [
        ("automatic", 0.8, Notify("confidence 0.80 reaches the client's 0.80")),
        ("automatic", 0.79, Suppress("confidence 0.79 is below the client's 0.80")),
        ("automatic", math.nan, Suppress("confidence nan is below the client's 0.80")),
        ("required", 0.9, Hold("approval required: nobody has approved")),
        ("required", 0.1, Suppress("confidence 0.10 is below the client's 0.80")),
        ("never", 1.0, Suppress("the client is never written to")),
        ("AUTOMATIC", 1.0, Hold("approval required: nobody has approved")),
    ],
)
def test_the_clients_own_policy_decides(approval: str, confidence: float, decision: Decision) -> None:
    assert gate(NoticePolicy(approval, 0.8), LEVEL, confidence, AFFECTED) == decision


def test_without_an_affected_journey_nothing_passes() -> None:
    nothing = Impact(ServiceId("payments-api"), (), (), ())

    assert gate(NoticePolicy("automatic", 0.0), LEVEL, 1.0, nothing) == Suppress("no journey is affected")


def test_a_confidence_just_below_is_not_written_as_if_it_had_reached() -> None:
    decision = gate(NoticePolicy("automatic", 0.8), LEVEL, 0.7999, AFFECTED)

    assert decision == Suppress("confidence 0.799900 is below the client's 0.800000")


@pytest.mark.parametrize("kind", [AnomalyKind.SILENCE, AnomalyKind.STUCK, AnomalyKind.SCHEMA])
def test_doubts_about_the_telemetry_are_no_news_for_a_client(kind: AnomalyKind) -> None:
    decision = gate(NoticePolicy("automatic", 0.0), kind, 1.0, AFFECTED)

    assert isinstance(decision, Suppress)
    assert "only the telemetry is in doubt" in decision.reason
