"""From findings to at most one open anomaly of a service."""

import json
from typing import Any

import pytest

from detectors.anomalies.findings import WINDOW
from detectors.anomalies.fusion import STANDS, Fusion, FusionParams
from detectors.anomalies.outlook import Outlook
from detectors.calibration import score_of
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from tests.support.timelines import START

API = ServiceId("payments-api")
PARAMS = FusionParams()


def key(metric: str = "latency") -> SeriesKey:
    return SeriesKey.of(API, metric)


def evidence(nines: float, metric: str = "latency", at: float = START, detector: str = "level") -> Evidence:
    return Evidence(detector, key(metric), at, 9.0, 1.0, 0.0, 2.0, score_of(nines), at, "high")


def forecast(ahead: float, confidence: float = 0.8, at: float = START, metric: str = "disk") -> Forecast:
    return Forecast(key(metric), 10.0, False, at, at + ahead, at + 0.9 * ahead, at + 1.1 * ahead, confidence)


def lone() -> Fusion:
    return Fusion(API, FusionParams(persist=1), series=1, gap_s=1.0)


def phases(said: list[Anomaly]) -> list[AnomalyPhase]:
    return [anomaly.phase for anomaly in said]


def test_nothing_opens_below_the_bar_and_something_above_it() -> None:
    fusion = lone()
    fusion.found(AnomalyKind.LEVEL, evidence(PARAMS.alone - 0.1))
    assert fusion.settle(START) == []
    fusion.found(AnomalyKind.LEVEL, evidence(PARAMS.alone + 0.1))
    assert phases(fusion.settle(START)) == [AnomalyPhase.OPENED]
    assert fusion.settle(START + 1) == []


@pytest.mark.parametrize(("gap_s", "opens_at"), [(1.0, 2), (44.0, 2), (60.0, 1), (300.0, 1)])
def test_a_lone_series_must_be_unusual_in_two_of_three_samples_where_they_come_often(
    gap_s: float, opens_at: int
) -> None:
    fusion = Fusion(API, PARAMS, series=1, gap_s=gap_s)
    opened = []
    for number in (1, 2, 3):
        fusion.found(AnomalyKind.LEVEL, evidence(4.0, at=START + number * gap_s))
        opened += [number] * len(fusion.settle(START + number * gap_s))
    assert opened == [opens_at]


def test_one_sample_of_a_lone_series_that_comes_often_is_not_enough_unless_it_comes_again() -> None:
    fusion = Fusion(API, PARAMS, series=1, gap_s=1.0)
    said = []
    for number, unusual in enumerate((True, False, False, False, True, False, True)):
        if unusual:
            fusion.found(AnomalyKind.LEVEL, evidence(4.0))
        else:
            fusion.calm(key(), "level")
        said.append(len(fusion.settle(START + number)))
    assert said == [0, 0, 0, 0, 0, 0, 1]


def test_objectives_raise_the_bar_for_statistics_but_not_for_breaches() -> None:
    fusion = lone()
    fusion.has_objectives = True
    fusion.found(AnomalyKind.LEVEL, evidence(PARAMS.alone + 0.1))
    assert fusion.settle(START) == []
    fusion.found(AnomalyKind.BREACH, evidence(9.0, detector="objective"))
    assert fusion.settle(START)[0].kind is AnomalyKind.BREACH


@pytest.mark.parametrize(
    ("kind", "detector", "calm"),
    [(AnomalyKind.LEVEL, "level", PARAMS.clear_unusual), (AnomalyKind.BREACH, "objective", PARAMS.clear)],
)
@pytest.mark.parametrize("series", [1, 2])
def test_it_ends_when_its_finding_was_calm_for_long_enough(
    kind: AnomalyKind, detector: str, calm: int, series: int
) -> None:
    fusion = Fusion(API, FusionParams(persist=1), series=series, gap_s=1.0)
    fusion.found(kind, evidence(4.0, detector=detector))
    assert phases(fusion.settle(START)) == [AnomalyPhase.OPENED]
    for number in range(1, calm):
        fusion.calm(key(), detector)
        assert fusion.settle(START + number) == []
    fusion.calm(key(), detector)
    ended = fusion.settle(START + calm)
    assert phases(ended) == [AnomalyPhase.ENDED]
    assert ended[0].evidence
    assert fusion.idle


def test_within_the_refractory_only_something_rarer_opens_again() -> None:
    fusion = lone()
    for at, nines, opens in ((0, 3.0, True), (10, 3.5, False), (20, 5.0, True), (70, 2.0, True)):
        fusion.found(AnomalyKind.LEVEL, evidence(nines, at=START + at))
        assert bool(fusion.settle(START + at)) is opens, at
        fusion.over(key(), "level")
        fusion.settle(START + at + 1)


def test_the_strongest_evidence_comes_first_and_a_breach_before_all() -> None:
    fusion = lone()
    for metric, nines in (("b", 3.0), ("a", 4.0), ("c", 2.0)):
        fusion.found(AnomalyKind.LEVEL, evidence(nines, metric))
    fusion.found(AnomalyKind.BREACH, evidence(9.0, "disk", detector="objective"))
    assert [e.key.metric for e in fusion.settle(START)[0].evidence] == ["disk", "a", "b", "c"]


def test_a_forecast_opens_an_update_follows_only_when_it_moves_and_a_breach_is_told_at_once() -> None:
    fusion = lone()
    fusion.forecast(key("disk"), 10.0, forecast(100.0))
    opened = fusion.settle(START)
    assert (opened[0].kind, opened[0].confidence) == (AnomalyKind.FORECAST, 0.8)
    fusion.forecast(key("disk"), 10.0, forecast(95.0, at=START + 10))
    assert fusion.settle(START + 10) == []
    fusion.forecast(key("disk"), 10.0, forecast(30.0, at=START + 20))
    moved = fusion.settle(START + 20)
    assert phases(moved) == [AnomalyPhase.UPDATED]
    assert moved[0].forecast == forecast(30.0, at=START + 20)
    fusion.found(AnomalyKind.BREACH, evidence(9.0, "disk", detector="objective"))
    assert [a.kind for a in fusion.settle(START + 21)] == [AnomalyKind.BREACH]


@pytest.mark.parametrize(
    "learnt", [None, Outlook(0.9, evidence(3.0, detector="precursor")), Outlook(0.1, against=True)]
)
def test_what_is_foreseen_is_told_with_its_own_confidence_whatever_else_is_unusual_or_was_learnt(
    learnt: Outlook | None,
) -> None:
    fusion = lone()
    fusion.found(AnomalyKind.LEVEL, evidence(9.0))
    (opened,) = fusion.settle(START)
    fusion.forecast(key("disk"), 10.0, forecast(100.0, confidence=0.65))
    fusion.outlook = learnt
    (told,) = fusion.settle(START + 60)
    assert opened.confidence == pytest.approx(0.75)
    assert told.forecast is not None
    assert (told.kind, told.confidence) == (AnomalyKind.FORECAST, told.forecast.confidence)


def test_a_forecast_that_is_not_sure_enough_opens_nothing() -> None:
    fusion = lone()
    fusion.forecast(key("disk"), 10.0, forecast(100.0, confidence=PARAMS.min_forecast - 0.01))
    assert fusion.settle(START) == []


def test_a_forecast_that_is_hardly_sure_holds_nothing_open_and_one_that_is_nearly_sure_enough_does() -> None:
    for share, held in ((STANDS - 0.1, False), (STANDS + 0.1, True)):
        fusion = lone()
        fusion.forecast(key("disk"), 10.0, forecast(100.0))
        fusion.settle(START)
        for i in range(PARAMS.lapse + 1):
            fusion.forecast(key("disk"), 10.0, forecast(100.0, confidence=share * PARAMS.min_forecast))
            fusion.settle(START + i)
        assert (fusion.open is not None) is held


def test_a_forecast_that_lapses_for_a_moment_is_not_withdrawn() -> None:
    fusion = lone()
    fusion.forecast(key("disk"), 10.0, forecast(100.0))
    fusion.settle(START)
    for number in range(1, PARAMS.lapse):
        fusion.forecast(key("disk"), 10.0, None)
        assert fusion.settle(START + number) == []
    fusion.forecast(key("disk"), 10.0, None)
    assert phases(fusion.settle(START + PARAMS.lapse)) == [AnomalyPhase.ENDED]


def watched() -> Fusion:
    """A service with an objective of its own, whose series was on its way to its limit just now."""
    fusion = Fusion(API, PARAMS, series=2, gap_s=1.0, has_objectives=True, has_own=True)
    fusion.approach(START, coming=True)
    return fusion


def test_a_single_odd_sample_of_an_objective_keeps_open_what_is_merely_unusual_but_opens_nothing() -> None:
    fusion = watched()
    fusion.found(AnomalyKind.BREACH, evidence(9.0, detector="objective"))
    fusion.settle(START)
    fusion.over(key(), "objective")
    for number in range(1, 3 * PARAMS.lapse):
        fusion.found(AnomalyKind.LEVEL, evidence(4.0, at=START + number))
        fusion.approach(START + number, coming=False)
        assert fusion.settle(START + number) == []
    fusion.over(key(), "level")
    assert phases(fusion.settle(START + 3 * PARAMS.lapse)) == [AnomalyPhase.ENDED]
    fusion.found(AnomalyKind.LEVEL, evidence(14.0, detector="agreement"))
    fusion.approach(START + 10 * PARAMS.lapse, coming=False)
    assert fusion.settle(START + 10 * PARAMS.lapse) == []


def test_a_return_to_normal_does_not_keep_a_breach_open_however_unusual_it_is() -> None:
    fusion = watched()
    fusion.found(AnomalyKind.BREACH, evidence(9.0, detector="objective"))
    fusion.settle(START)
    fusion.over(key(), "objective")
    for number in range(1, PARAMS.lapse + 1):
        fusion.found(AnomalyKind.LEVEL, evidence(4.0, at=START + number))
        assert fusion.settle(START + number) == []
    assert phases(fusion.settle(START + PARAMS.lapse + 1)) == [AnomalyPhase.ENDED]
    assert fusion.settle(START + PARAMS.lapse + 2) == []


def test_what_was_told_for_being_unusual_stays_for_as_long_as_it_is() -> None:
    fusion = watched()
    for number in range(2):
        fusion.found(AnomalyKind.LEVEL, evidence(9.0, at=START + number))
        fusion.settle(START + number)
    assert fusion.open is not None
    assert fusion.settle(START + 10 * PARAMS.lapse) == []


def test_when_quiet_nothing_opens_but_what_is_open_ends() -> None:
    fusion = lone()
    fusion.found(AnomalyKind.LEVEL, evidence(4.0))
    assert fusion.settle(START, quiet=True) == []
    fusion.settle(START)
    fusion.over(key(), "level")
    assert phases(fusion.settle(START + 1, quiet=True)) == [AnomalyPhase.ENDED]


def test_a_snapshot_continues() -> None:
    first, second = lone(), lone()
    first.found(AnomalyKind.LEVEL, evidence(4.0))
    first.forecast(key("disk"), 10.0, forecast(100.0))
    first.approach(START - 2, coming=True)
    first.approach(START - 1, coming=False)
    first.settle(START)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.snapshot() == first.snapshot()
    assert (second.near_at, second.coming_at) == (START - 1, START - 2)


@pytest.mark.parametrize("damaged", [None, [], {}, {"findings": 3}, "x"])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        lone().restore(damaged)  # type: ignore[arg-type]


def test_a_snapshot_from_before_limits_were_told_beside_the_leading_one_is_read() -> None:
    first, second = lone(), lone()
    first.forecast(key("disk"), 10.0, forecast(100.0))
    first.settle(START)
    saved: dict[str, Any] = json.loads(json.dumps(first.snapshot()))
    del saved["open"]["beside"]
    second.restore(saved)
    assert second.open == first.open


def test_a_snapshot_from_before_silences_made_way_for_news_is_read() -> None:
    first, second = lone(), lone()
    first.found(AnomalyKind.LEVEL, evidence(4.0))
    first.settle(START)
    saved: dict[str, Any] = json.loads(json.dumps(first.snapshot()))
    for _, _, finding in saved["findings"]:
        del finding["behind"]
    second.restore(saved)
    assert second.snapshot() == first.snapshot()


def foresee(fusion: Fusion, at: float, **ahead: tuple[float, float]) -> list[Anomaly]:
    """Take in forecasts by metric: how far ahead they are, and how sure; return what is said."""
    for metric, (ahead_s, confidence) in ahead.items():
        fusion.forecast(key(metric), 10.0, forecast(ahead_s, confidence, at, metric))
    return fusion.settle(at)


def beside(said: list[Anomaly]) -> list[str]:
    return [each.key.metric for anomaly in said for each in anomaly.further]


def test_what_else_may_be_told_stands_beside_the_leading_forecast_the_soonest_first() -> None:
    (opened,) = foresee(lone(), START, disk=(100.0, 0.9), pool=(80.0, 0.7), heap=(50.0, 0.65), queue=(10.0, 0.5))
    assert opened.forecast is not None
    assert opened.forecast.key == key("disk")
    assert beside([opened]) == ["heap", "pool"]


def test_another_limit_that_may_be_passed_first_is_news_once() -> None:
    fusion = lone()
    assert beside(foresee(fusion, START, disk=(1000.0, 0.9))) == []
    assert foresee(fusion, START + 10, pool=(2000.0, 0.7)) == []  # it comes later: there is time to read of it
    first = foresee(fusion, START + 20, disk=(980.0, 0.9), heap=(400.0, 0.7))
    assert (phases(first), beside(first)) == ([AnomalyPhase.UPDATED], ["heap", "pool"])
    assert foresee(fusion, START + 30, heap=(390.0, 0.7)) == []
    for number in range(PARAMS.lapse):
        fusion.forecast(key("heap"), 10.0, None)
        assert fusion.settle(START + 40 + number) == []
    assert phases(foresee(fusion, START + 60, disk=(700.0, 0.9))) == [AnomalyPhase.UPDATED]  # it has moved
    assert foresee(fusion, START + 70, heap=(350.0, 0.7)) == []
    fusion.found(AnomalyKind.BREACH, evidence(9.0, "disk", detector="objective"))
    fusion.settle(START + 80)
    assert foresee(fusion, START + 90, queue=(300.0, 0.7)) == []  # what hurts already is what counts


def test_an_end_foresees_nothing() -> None:
    fusion = lone()
    foresee(fusion, START, disk=(100.0, 0.9), heap=(50.0, 0.7))
    fusion.forget({key("disk"), key("heap")})
    (ended,) = fusion.settle(START + 10)
    assert (ended.phase, ended.further) == (AnomalyPhase.ENDED, ())


def several(*, own: bool = False, objectives: bool = False) -> Fusion:
    return Fusion(API, PARAMS, series=10, gap_s=1.0, has_objectives=objectives, has_own=own)


def test_series_that_are_unusual_together_open_though_none_would_alone() -> None:
    fusion = several()
    fusion.found(AnomalyKind.LEVEL, evidence(PARAMS.together - 0.05, detector="agreement"))
    assert fusion.settle(START) == []
    fusion.found(AnomalyKind.LEVEL, evidence(PARAMS.together + 0.05, detector="agreement"))
    assert phases(fusion.settle(START)) == [AnomalyPhase.OPENED]


def test_with_objectives_one_odd_series_of_many_opens_nothing() -> None:
    for objectives, opens in ((False, True), (True, False)):
        fusion = several(objectives=objectives)
        for number in range(2):
            fusion.found(AnomalyKind.LEVEL, evidence(5.0, at=START + number))
        assert bool(fusion.settle(START + 1)) is opens


def test_statistics_of_a_service_with_objectives_open_only_when_one_of_them_is_on_its_way() -> None:
    fusion = several(objectives=True, own=True)
    fusion.found(AnomalyKind.LEVEL, evidence(3.0, detector="agreement"))
    assert fusion.settle(START) == []
    fusion.approach(START, coming=False)  # by a single odd sample
    assert fusion.settle(START) == []
    fusion.approach(START, coming=True)
    assert fusion.settle(START + WINDOW + 0.5) == []
    fusion.found(AnomalyKind.LEVEL, evidence(3.0, detector="agreement"))
    assert phases(fusion.settle(START + WINDOW)) == [AnomalyPhase.OPENED]


@pytest.mark.parametrize(("own", "more"), [(True, PARAMS.with_own), (False, PARAMS.without_own)])
def test_all_series_together_need_more_beside_objectives(own: bool, more: float) -> None:
    fusion = several(objectives=True, own=own)
    fusion.approach(START, coming=True)
    bar = PARAMS.together + more
    fusion.found(AnomalyKind.LEVEL, evidence(bar - 0.1, detector="agreement"))
    assert fusion.settle(START) == []
    fusion.found(AnomalyKind.LEVEL, evidence(bar + 0.1, detector="agreement"))
    assert phases(fusion.settle(START)) == [AnomalyPhase.OPENED]
