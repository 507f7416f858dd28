import math
from dataclasses import replace

import pytest

from alerts.policy import wording
from domain.anomaly import AnomalyKind
from domain.identity import SeriesKey
from tests.support.builders import T0, a_forecast, an_anomaly, an_evidence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1, "1"),
        (0.5, "0.5"),
        (912.4, "912"),
        (99.96, "100"),
        (1234, "1,230"),
        (-1_234_567, "-1,230,000"),
        (0.001234, "0.00123"),
        (12.345, "12.3"),
        (1e-9, "1.00e-09"),
        (2e15, "2.00e+15"),
        (math.inf, "unbounded"),
        (math.nan, "unbounded"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (45, "45 s"),
        (89, "89 s"),
        (90, "2 min"),
        (540, "9 min"),
        (3569, "59 min"),
        (3571, "1 h"),
        (4800, "1 h 20 min"),
        (7190, "2 h"),
        (172_800, "2 d"),
        (180_000, "2 d 2 h"),
        (1e9, "a very long time"),
        (math.inf, "a very long time"),
        (math.nan, "a very long time"),
    ],
)
def test_durations_are_rough(seconds: float, text: str) -> None:
    assert wording.span(seconds) == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (AnomalyKind.LEVEL, "payments-api: latency_p95_ms is 420, expected 180 to 310"),
        (AnomalyKind.BREACH, "payments-api: latency_p95_ms has breached its objective: 420, expected 180 to 310"),
        (AnomalyKind.SILENCE, "payments-api: no latency_p95_ms for 2 min"),
        (AnomalyKind.STUCK, "payments-api: latency_p95_ms has stood still at 420 for 2 min"),
        (AnomalyKind.SCHEMA, "payments-api: latency_p95_ms does not look like before"),
        (AnomalyKind.UNIT, "payments-api: since 15:06 UTC latency_p95_ms looks as if its unit had changed"),
        (AnomalyKind.FORECAST, "payments-api: latency_p95_ms is 420, expected 180 to 310"),
    ],
)
def test_each_kind_of_finding_has_its_sentence(kind: AnomalyKind, text: str) -> None:
    assert wording.headline(an_anomaly(kind=kind), T0 + 120) == text


def test_a_single_number_that_is_expected_is_no_range() -> None:
    down = an_anomaly(evidence=[replace(an_evidence(actual=0.0), low=1.0, expected=1.0, high=1.0)])
    assert wording.headline(down, T0) == "payments-api: latency_p95_ms is 0, expected 1"


def test_what_outlasts_a_breach_is_not_called_one() -> None:
    limit = an_evidence(metric="pool_in_use", detector="objective")
    breach = an_anomaly(kind=AnomalyKind.BREACH, evidence=[an_evidence(), limit])
    outlasting = replace(breach, evidence=breach.evidence[:1])

    assert wording.trouble(breach, T0) == "pool_in_use has breached its objective: 420, expected 180 to 310"
    assert wording.trouble(outlasting, T0) == "latency_p95_ms is 420, expected 180 to 310"


@pytest.mark.parametrize(
    ("kind", "detector", "detail", "text"),
    [
        (AnomalyKind.UNIT, "unit", "1,000 times smaller", "since 15:06 UTC latency_p95_ms is 1,000 times smaller"),
        (AnomalyKind.SCHEMA, "schema", "a has stopped", "since 15:06 UTC a has stopped"),
        (AnomalyKind.SCHEMA, "integrity", "30 samples came twice", "since 15:06 UTC 30 samples came twice"),
        (AnomalyKind.SCHEMA, "level", "high", "latency_p95_ms does not look like before"),
    ],
)
def test_what_is_wrong_with_telemetry_is_said_as_it_was_found(
    kind: AnomalyKind, detector: str, detail: str, text: str
) -> None:
    found = an_anomaly(kind=kind, evidence=(replace(an_evidence(), detector=detector, detail=detail),))
    assert wording.trouble(found, T0 + 120) == text


@pytest.mark.parametrize(
    ("detector", "text"),
    [
        ("unit", "taken as usual from now on"),
        ("schema", "taken as usual from now on"),
        ("integrity", "back to normal"),
        ("level", "back to normal"),
    ],
)
def test_what_telemetry_has_become_for_good_does_not_end_as_back_to_normal(detector: str, text: str) -> None:
    assert wording.ending(an_anomaly(evidence=(replace(an_evidence(), detector=detector),))) == text


def test_a_forecast_tells_when_and_how_sure() -> None:
    anomaly = an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast(T0 + 540))

    assert wording.headline(anomaly, T0) == (
        "payments-api: latency_p95_ms is expected above its limit of 800 in about 9 min (6 min to 14 min, 80% sure)"
    )
    assert wording.headline(anomaly, T0 + 541).endswith("is expected above its limit of 800 by now (80% sure)")
    assert wording.headline(anomaly, T0 + 535.1).endswith("its limit of 800 any moment now (80% sure)")
    assert "its limit of 800 in about 5 s (" in wording.headline(anomaly, T0 + 535)


def test_what_may_come_at_once_is_said_by_the_end_of_its_interval() -> None:
    said = wording.forecast_words(replace(a_forecast(T0 + 56), earliest_at=T0 + 4.9, latest_at=T0 + 120), T0)
    assert said == "latency_p95_ms is expected above its limit of 800 in about 56 s (at most 2 min, 80% sure)"


def test_a_limit_from_below_is_named_so() -> None:
    forecast = replace(a_forecast(), above=False)

    assert "below its limit of 800" in wording.forecast_words(forecast, T0)


def test_a_forecast_names_the_series_that_it_is_of() -> None:
    forecast = replace(a_forecast(T0 + 600), key=SeriesKey.of("payments-api", "consumer_lag", {"partition": "1"}))
    foreseen = an_anomaly(kind=AnomalyKind.FORECAST, forecast=forecast)

    assert wording.headline(foreseen, T0).startswith("payments-api: consumer_lag (partition=1) is expected above")
    assert wording.unfulfilled(foreseen) == "consumer_lag (partition=1) did not breach its objective"


def test_labels_are_part_of_the_metrics_name() -> None:
    evidence = an_evidence()
    labelled = replace(evidence, key=replace(evidence.key, attributes=(("bank", "x"), ("zone", "1"))))

    assert wording.metric(labelled) == "latency_p95_ms (bank=x, zone=1)"


def test_a_finding_without_evidence_still_has_a_sentence() -> None:
    assert wording.headline(an_anomaly(evidence=[]), T0) == "payments-api: something is not as usual"


def test_a_change_says_what_is_new() -> None:
    calm = an_anomaly()
    ahead = replace(calm, forecast=a_forecast(T0 + 540))
    moved = replace(calm, forecast=a_forecast(T0 + 300))
    breached = replace(moved, kind=AnomalyKind.BREACH)

    assert wording.change(calm, ahead, T0).startswith("payments-api: new forecast: latency_p95_ms is expected")
    assert wording.change(ahead, moved, T0).startswith("payments-api: forecast changed: ")
    assert wording.change(moved, calm, T0).startswith("payments-api: forecast withdrawn; latency_p95_ms is 420")
    assert wording.change(moved, breached, T0) == wording.headline(breached, T0)
    assert wording.change(calm, calm, T0) == wording.headline(calm, T0)


def test_another_series_beyond_its_limit_is_said_whatever_was_forecast_of_the_first() -> None:
    swift, portal = (an_evidence(metric=name, detector="objective") for name in ("swift_days", "portal_days"))
    first = an_anomaly(kind=AnomalyKind.BREACH, evidence=[swift], forecast=a_forecast())
    joined = an_anomaly(kind=AnomalyKind.BREACH, evidence=[portal, swift])
    back = an_anomaly(kind=AnomalyKind.BREACH, evidence=[swift], forecast=a_forecast())

    for before, after, named in ((first, joined, "portal_days"), (joined, back, "swift_days")):
        assert wording.change(before, after, T0).startswith(f"payments-api: {named} has breached its objective")


def test_a_forecast_of_an_incident_that_was_learnt_from_earlier_ones_speaks_by_its_evidence() -> None:
    likely = replace(an_evidence(), detail="an incident within 30m is 72% likely: pool_in_use moved like this")
    learnt = an_anomaly(kind=AnomalyKind.FORECAST, evidence=[likely])

    assert wording.headline(learnt, T0) == f"payments-api: {likely.detail}"


def test_of_series_that_are_unusual_together_no_value_is_called_unusual_that_is_not() -> None:
    detail = "4 of 8 series are unusual together, most of all queue"
    inside = replace(an_evidence(actual=200.0, detector="agreement"), detail=detail)

    assert wording.headline(an_anomaly(evidence=[inside]), T0) == f"payments-api: {detail}"
    assert wording.headline(an_anomaly(evidence=[replace(inside, actual=400.0)]), T0) == (
        "payments-api: latency_p95_ms is 400, expected 180 to 310"
    )
    assert wording.headline(an_anomaly(evidence=[replace(inside, detail="")]), T0).endswith(
        "is 200, expected 180 to 310"
    )


def test_a_change_says_what_else_has_come_to_be_foreseen_once() -> None:
    before = an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast(T0 + 600))
    pool = a_forecast(T0 + 300, metric="pool_in_use", confidence=0.61)
    after = replace(before, forecast=a_forecast(T0 + 600, at=T0 + 10), further=(pool,))

    said = wording.change(before, after, T0)
    assert said.startswith(
        "payments-api: forecast changed: latency_p95_ms is expected above its limit of 800 in about 10"
    )
    assert "; also pool_in_use is expected above its limit of 800 in about 5 min" in said
    later = replace(after, forecast=a_forecast(T0 + 660, at=T0 + 10))
    assert "pool_in_use" not in wording.change(after, later, T0)
