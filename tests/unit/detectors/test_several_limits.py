"""Limits of several series of one service: one that stays passed hides no other, and what is told is true then."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from detectors.anomalies.findings import Findings
from detectors.anomalies.fusion import Fusion, FusionParams
from detectors.anomalies.opened import ANEW_S
from detectors.calibration import score_of
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, together

PKI = ServiceId("pki")
HOUR_S = 3600.0
PAUSE = FusionParams().pause
BACK = FusionParams().clear
BREACH, LEVEL = AnomalyKind.BREACH, AnomalyKind.LEVEL
OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED


def cert(name: str) -> SeriesKey:
    return SeriesKey.of(PKI, "cert_days_left", {"cert": name})


def passed(name: str, nines: float = 9.0, detector: str = "objective", at: float = START) -> Evidence:
    return Evidence(detector, cert(name), at, 6.0, 7.0, 7.0, 12.0, score_of(nines), at)


def expected(name: str, breach_at: float) -> Forecast:
    return Forecast(cert(name), 7.0, False, START, breach_at, breach_at - 10, breach_at + 10, 0.9)


def breached(*names: str) -> Fusion:
    """A service of two series, of which these have passed their limits, one after the other."""
    fusion = Fusion(PKI, FusionParams(), series=2, gap_s=1.0, has_objectives=True, has_own=True)
    for number, name in enumerate(names):
        fusion.found(BREACH, passed(name))
        fusion.settle(START + number)
    return fusion


def leads(said: Iterable[Anomaly]) -> list[tuple[AnomalyPhase, str]]:
    return [(each.phase, dict(each.evidence[0].key.attributes)["cert"]) for each in said]


@pytest.mark.parametrize("second", ["a", "z"])
def test_a_second_series_beyond_its_limit_is_told_at_once_and_first(second: str) -> None:
    fusion = breached("swift")
    fusion.found(BREACH, passed(second, at=START + 1))
    assert leads(fusion.settle(START + 1)) == [(UPDATED, second)]
    fusion.found(BREACH, passed("swift", at=START + 99))
    fusion.found(BREACH, passed(second, at=START + 99))
    assert fusion.settle(START + 99) == []  # both are known


@pytest.mark.parametrize(("later_s", "told"), [(ANEW_S - 1, []), (ANEW_S, [(UPDATED, "portal")])])
def test_what_passes_its_limit_again_is_told_again_unless_it_comes_and_goes(
    later_s: float, told: list[tuple[AnomalyPhase, str]]
) -> None:
    fusion, later = breached("swift", "portal"), START + 1 + later_s
    fusion.calm(cert("swift"), "objective")
    fusion.over(cert("portal"), "objective")
    assert fusion.settle(later - 1) == []
    fusion.found(BREACH, passed("portal", at=later))
    assert leads(fusion.settle(later)) == told


def test_of_series_that_take_turns_beyond_their_limits_none_is_told_while_the_one_told_stays_there() -> None:
    fusion, later = breached("swift", "portal"), START + 1 + PAUSE
    fusion.over(cert("swift"), "objective")
    fusion.settle(later - 1)
    fusion.found(BREACH, passed("swift", at=later))
    assert fusion.settle(later) == []


def test_a_snapshot_from_before_it_was_kept_which_limits_were_told_is_read() -> None:
    first, second = breached("swift"), breached()
    saved: dict[str, Any] = json.loads(json.dumps(first.snapshot()))
    del saved["open"]["passed"]
    second.restore(saved)
    assert (second.open is None, first.open is None) == (False, False)
    second.found(BREACH, passed("portal", at=START + 1))
    assert leads(second.settle(START + 1)) == [(UPDATED, "portal")]


def test_when_the_one_that_was_told_is_back_the_other_is_told_if_its_newest_value_is_beyond() -> None:
    fusion, later = breached("swift", "portal"), START + 1 + PAUSE
    fusion.calm(cert("swift"), "objective")
    fusion.over(cert("portal"), "objective")
    assert fusion.settle(later) == []
    fusion.found(BREACH, passed("swift", at=later + 1))
    assert leads(fusion.settle(later + 1)) == [(UPDATED, "swift")]


def test_a_sample_that_shows_a_recovery_tells_of_no_breach_however_unusual_it_is() -> None:
    fusion, later = breached("swift", "portal"), START + 1 + PAUSE
    fusion.over(cert("portal"), "objective")
    fusion.calm(cert("swift"), "objective")
    fusion.found(LEVEL, passed("swift", nines=30.0, detector="level", at=later))
    assert fusion.settle(later) == []


@pytest.mark.parametrize("standing", ["its own", "of the first", "of a third", "overdue"])
def test_a_breach_is_told_with_its_own_forecast_or_with_what_is_still_to_come(standing: str) -> None:
    first, own, third = (
        expected(*each) for each in (("swift", START + 50), ("portal", START + 60), ("third", START + 500))
    )
    overdue = expected("third", START)
    fusion = breached()
    fusion.forecast(first.key, 7.0, first)
    fusion.found(BREACH, passed("swift"))
    (opened,) = fusion.settle(START)
    assert opened.forecast == first
    known = {"its own": [first, own], "of the first": [first], "of a third": [third], "overdue": [overdue]}[standing]
    fusion.forget([first.key])
    fusion.found(BREACH, passed("swift"))
    for each in known:
        fusion.forecast(each.key, 7.0, each)
    fusion.found(BREACH, passed("portal"))
    (joined,) = fusion.settle(START + 1)
    assert joined.forecast == {"its own": own, "of a third": third}.get(standing)


def test_a_breach_keeps_what_was_foretold_of_its_own_series_once_nothing_is() -> None:
    fusion, own = breached(), expected("swift", START + 9)
    fusion.forecast(own.key, 7.0, own)
    fusion.settle(START)
    fusion.forecasts.forget([own.key])
    fusion.found(BREACH, passed("swift"))
    (said,) = fusion.settle(START + 9)
    assert (said.kind, said.forecast) == (BREACH, own)


def test_in_which_order_limits_were_passed_outlives_a_restart() -> None:
    first, second = breached("swift", "portal", "middle"), breached()
    second.restore(json.loads(json.dumps(first.snapshot())))
    for fusion in (first, second):
        fusion.found(BREACH, passed("swift", at=START + 5))
        fusion.over(cert("middle"), "objective")
        assert leads(fusion.settle(START + 9)) == [(UPDATED, "portal")]
    assert second.snapshot() == first.snapshot()


def test_the_limit_that_was_passed_last_comes_first_until_its_series_is_back() -> None:
    findings = Findings(2)
    for name in ("b", "c", "a"):
        findings.take(BREACH, passed(name), 9.0)
    findings.take(LEVEL, passed("d", 30.0, "level"), 30.0)
    findings.take(BREACH, passed("b"), 9.0)
    assert [each.evidence.key for each in findings.first(8)] == [cert(name) for name in "acbd"]
    findings.drop((cert("a"), "objective"))
    assert [each.evidence.key for each in findings.first(8)] == [cert(name) for name in "cbd"]


def countdown(name: str, days: float, renewed_at: int, hours: int) -> list[Sample]:
    left = [days - hour / 24 if hour < renewed_at else 397 - (hour - renewed_at) / 24 for hour in range(hours)]
    return [Sample(cert(name), value, START + hour * HOUR_S) for hour, value in enumerate(left)]


def test_of_two_certificates_that_run_out_each_is_told_when_it_passes_its_limit_and_with_its_value() -> None:
    service = Service(PKI, objectives=(Objective("cert_days_left", 7.0, above=False, for_s=0.0),))
    watch, hours = Detection(DetectionParams(), (service,)), 24 * 13
    said = []
    for sample in together(countdown("swift", 12.0, hours, hours), countdown("portal", 15.0, 24 * 9, hours)):
        said += [each for each in watch.observe(sample)[1] if each.kind is BREACH]
    assert [((each.at - START) / HOUR_S, *leads([each])[0]) for each in said] == [
        (24 * 5 + 1, UPDATED, "swift"),
        (24 * 8 + 1, UPDATED, "portal"),
        (24 * 9 + BACK - 1, UPDATED, "swift"),
    ]
    assert [each.evidence[0].at for each in said] == [each.at for each in said]
    assert all(each.forecast is None or each.forecast.key == each.evidence[0].key for each in said)
