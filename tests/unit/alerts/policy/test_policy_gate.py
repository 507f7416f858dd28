import math
from dataclasses import replace
from typing import Any

import pytest

from alerts.policy.episode import Word
from alerts.policy.gate import Moment, gate, signs
from alerts.policy.impact import impact
from domain.alert import Severity
from domain.anomaly import AnomalyKind
from domain.identity import ClientId, ServiceId
from domain.journeys import Impact, NoticePolicy
from domain.notice import Decision, Hold, Notify, Suppress
from tests.support.builders import T0, a_forecast, a_landscape, an_anomaly, an_evidence

LEVEL = AnomalyKind.LEVEL
AFFECTED = impact(a_landscape(), ServiceId("payments-api"))


@pytest.mark.parametrize(
    ("approval", "confidence", "decision"),
    [
        ("automatic", 0.8, Notify("80% sure reaches the client's 80%")),
        ("automatic", 0.79, Suppress("79% sure is below the client's 80%")),
        ("automatic", math.nan, Suppress("nan% sure is below the client's 80%")),
        ("required", 0.9, Hold("approval required: nobody has approved")),
        ("required", 0.1, Suppress("10% sure is below the client's 80%")),
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

    assert decision == Suppress("79.9900% sure is below the client's 80.0000%")


@pytest.mark.parametrize("kind", [AnomalyKind.SILENCE, AnomalyKind.STUCK, AnomalyKind.SCHEMA, AnomalyKind.UNIT])
def test_doubts_about_the_telemetry_are_no_news_for_a_client(kind: AnomalyKind) -> None:
    decision = gate(NoticePolicy("automatic", 0.0), kind, 1.0, AFFECTED)

    assert isinstance(decision, Suppress)
    assert "only the telemetry is in doubt" in decision.reason


NOON = T0  # 17:06 in Berlin


def a_moment(**bearing: Any) -> Moment:
    usual = Moment(
        NOON, "Europe/Berlin", Severity.WARNING, frozenset({"payments-api pool_in_use"}), client=ClientId("bank")
    )
    return replace(usual, **bearing)


def word(*, allows: bool, client: str | None = "bank", until: float | None = None, by: str = "anna") -> Word:
    return Word(allows, None if client is None else ClientId(client), by, until)


@pytest.mark.parametrize(
    ("kind", "ahead_s", "decision"),
    [
        (AnomalyKind.FORECAST, 7201.0, Hold("not due for more than 2 h: told when it is nearer", NOON + 1.0)),
        (AnomalyKind.FORECAST, 7200.0, Notify("90% sure reaches the client's 80%")),
        (LEVEL, 7201.0, Notify("90% sure reaches the client's 80%")),
    ],
    ids=["due later", "due by then", "something is wrong already"],
)
def test_what_is_due_much_later_waits_until_it_is_nearer(kind: AnomalyKind, ahead_s: float, decision: Decision) -> None:
    moment = a_moment(expected_at=NOON + ahead_s)

    assert gate(NoticePolicy("automatic", 0.8, ahead_s=7200.0), kind, 0.9, AFFECTED, moment) == decision


QUIET = NoticePolicy("automatic", 0.8, quiet_hours=(17 * 60, 18 * 60))
TO_QUIET_END = 17 * 3600 + 3600 - (17 * 3600 + 6 * 60 + 40)


@pytest.mark.parametrize(
    ("policy", "bearing", "decision"),
    [
        (
            NoticePolicy("automatic", 0.8, min_evidence=2),
            {},
            Hold("the client wants 2 signs that agree; there is payments-api pool_in_use"),
        ),
        (
            NoticePolicy("automatic", 0.8, min_evidence=2),
            {"evidence": frozenset({"payments-api pool_in_use", "a declared incident"})},
            Notify("90% sure reaches the client's 80%"),
        ),
        (QUIET, {}, Hold("quiet hours until 18:00 Europe/Berlin", NOON + TO_QUIET_END)),
        (QUIET, {"severity": Severity.CRITICAL}, Notify("90% sure reaches the client's 80%")),
        (
            replace(QUIET, quiet_override=False),
            {"severity": Severity.CRITICAL},
            Hold("quiet hours until 18:00 Europe/Berlin", NOON + TO_QUIET_END),
        ),
        (
            NoticePolicy("automatic", 0.8, max_per_day=2),
            {"told_today": 1},
            Notify("90% sure reaches the client's 80%"),
        ),
        (
            NoticePolicy("automatic", 0.8, max_per_day=2),
            {"told_today": 2},
            Hold("the client's limit of 2 notices a day is reached", NOON + 24_800),
        ),
        (NoticePolicy("required", 0.8), {"words": (word(allows=True),)}, Notify("approved by anna")),
        (NoticePolicy("required", 0.8), {"words": (word(allows=True, client=None),)}, Notify("approved by anna")),
        (
            NoticePolicy("required", 0.8),
            {"words": (word(allows=True, client="other"),)},
            Hold("approval required: nobody has approved"),
        ),
        (
            NoticePolicy("required", 0.8),
            {"words": (word(allows=True, until=NOON),)},
            Hold("approval required: that of anna has run out"),
        ),
        (NoticePolicy("automatic", 0.8), {"words": (word(allows=False),)}, Hold("held by anna")),
        (
            NoticePolicy("automatic", 0.8),
            {"words": (word(allows=False), word(allows=True, by="ben"))},
            Notify("approved by ben"),
        ),
        (
            NoticePolicy("automatic", 0.8),
            {"words": (word(allows=False), word(allows=True, by="ben", until=NOON))},
            Hold("held by anna"),
        ),
        (NoticePolicy("never"), {"words": (word(allows=True),)}, Suppress("the client is never written to")),
        (
            replace(QUIET, approval="required"),
            {"words": (word(allows=True),)},
            Hold("quiet hours until 18:00 Europe/Berlin", NOON + TO_QUIET_END),
        ),
        (
            NoticePolicy("automatic", 0.8),
            {"suspended": True},
            Hold("the trouble comes and goes; told once it is steady or has begun to hurt"),
        ),
    ],
)
def test_the_moment_bears_on_the_decision(policy: NoticePolicy, bearing: dict[str, Any], decision: Decision) -> None:
    assert gate(policy, LEVEL, 0.9, AFFECTED, a_moment(**bearing)) == decision


def test_an_approval_stands_for_confidence() -> None:
    moment = a_moment(words=(word(allows=True),))

    assert gate(NoticePolicy("required", 0.8), LEVEL, 0.1, AFFECTED, moment) == Notify("approved by anna")


def test_a_series_is_one_sign_however_it_is_seen_to_be_unusual() -> None:
    breached, level = an_evidence(detector="objective"), an_evidence()
    findings = [an_anomaly(evidence=[breached, level], forecast=a_forecast())]

    assert signs(findings, declared=False) == {"payments-api latency_p95_ms"}
    assert signs([an_anomaly(evidence=[], forecast=a_forecast())], declared=True) == {
        "payments-api latency_p95_ms",
        "a declared incident",
    }


def test_another_series_of_any_service_is_another_sign_and_a_doubt_about_telemetry_is_none() -> None:
    one, other, silent = an_evidence(), an_evidence(metric="other"), an_evidence(metric="mute", detector="silence")
    findings = [an_anomaly(evidence=[one, other, silent]), an_anomaly("ledger-db")]

    assert signs(findings, declared=False) == {
        "payments-api latency_p95_ms",
        "payments-api other",
        "ledger-db latency_p95_ms",
    }


def test_each_series_that_is_expected_beyond_its_limit_is_a_sign() -> None:
    found = an_anomaly(evidence=[], forecast=a_forecast())

    assert signs([replace(found, further=(a_forecast(metric="pool_in_use"),))], declared=False) == {
        "payments-api latency_p95_ms",
        "payments-api pool_in_use",
    }


def test_series_that_are_unusual_together_and_what_began_like_this_before_are_signs_of_their_own() -> None:
    together, learnt = an_evidence(detector="agreement"), an_evidence(detector="precursor")

    assert signs([an_anomaly(evidence=[together, learnt])], declared=False) == {
        "payments-api latency_p95_ms",
        "payments-api as a whole",
        "earlier incidents of payments-api",
    }
