"""What is kept in order as it changes is what sorting it anew would give; and it costs so much less."""

import sys
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.anomalies.findings import RANK, SURER, Finding, Findings, Forecasts, Mark
from detectors.anomalies.fusion import Fusion, FusionParams
from detectors.calibration import score_of
from detectors.detection import Detection
from detectors.incidents.precursor import Precursor, PrecursorParams
from detectors.params import DetectionParams
from detectors.series.bank import Bank
from detectors.services.service import ServiceState
from domain.anomaly import AnomalyKind, Evidence, Forecast
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import Sample, SampleKind
from tests.support.timelines import START, noise

PERSIST = 2
KINDS = {
    "level": AnomalyKind.LEVEL, AGREEMENT: AnomalyKind.LEVEL, "unit": AnomalyKind.UNIT, "schema": AnomalyKind.SCHEMA,
}  # fmt: skip
keys = st.integers(0, 1).map(lambda number: SeriesKey.of("api", f"m{number}"))
marks = st.tuples(keys, st.sampled_from(list(KINDS)))
nines = st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0])
deeds = st.one_of(
    st.tuples(st.just("take"), marks, nines),
    st.tuples(st.just("take"), marks, nines),  # a confirmation is what most samples bring
    st.tuples(st.sampled_from(["weaken", "drop", "forget"]), marks, st.just(0.0)),
)


def evidence(mark: Mark, rarity: float) -> Evidence:
    key, detector = mark
    return Evidence(detector, key, START, 2.0, 1.0, 0.0, 1.0, score_of(rarity), START)


@given(st.lists(deeds, max_size=40))
def test_findings_are_as_if_they_were_looked_through_anew_after_every_change(
    done: list[tuple[str, Mark, float]],
) -> None:
    findings, known = Findings(PERSIST), dict[Mark, Finding]()
    for what, mark, rarity in done:
        match what:
            case "take":
                findings.take(KINDS[mark[1]], evidence(mark, rarity), rarity)
                if mark in known:
                    known[mark].confirm(evidence(mark, rarity), rarity)
                else:
                    known[mark] = Finding(KINDS[mark[1]], evidence(mark, rarity), rarity, rarity, recent=(rarity,))
            case "weaken":
                findings.weaken(mark)
                if mark in known:
                    known[mark].weaken()
            case "drop":
                findings.drop(mark)
                known.pop(mark, None)
            case _:
                findings.forget({mark[0]})
                known = {other: each for other, each in known.items() if other[0] != mark[0]}
        ranked = sorted(known.values(), key=lambda f: (-RANK[f.kind], -f.peak, str(f.evidence.key)))
        alone = [f for (_, name), f in known.items() if f.kind is AnomalyKind.LEVEL and name != AGREEMENT]
        assert list(findings.items()) == list(known.items())
        assert findings.first(3) == ranked[:3]
        assert findings.peak == max((f.peak for f in ranked), default=0.0)
        assert findings.fresh == {f.kind for f in ranked if f.calm == 0}
        assert findings.lasting == max((f.persistent(PERSIST) for f in alone), default=0.0)
        assert list(findings.together) == [f for (_, name), f in known.items() if name == AGREEMENT]
        assert list(Findings(PERSIST, findings.items()).first(9)) == findings.first(9)


@pytest.mark.parametrize(
    ("sides", "reached"),
    [
        ("++", 1.5), ("--", 1.5), ("+-", 0.0), ("-+", 0.0), ("+-+", 1.5), ("-+-", 1.5), ("+.+", 1.5), ("+-.", 0.0),
        ("+..+", 0.0),
    ],
)  # fmt: skip
def test_of_the_last_samples_those_agree_that_are_on_the_same_side(sides: str, reached: float) -> None:
    mark = (SeriesKey.of("api", "pauses_ms"), "level")
    findings, high = Findings(PERSIST), evidence(mark, 1.5)
    for side in sides:
        if side == ".":
            findings.weaken(mark)
        else:
            findings.take(AnomalyKind.LEVEL, high if side == "+" else replace(high, actual=0.0), 1.5)
    assert findings.lasting == reached


def forecast(number: int, confidence: float, ahead: float = 60) -> Forecast:
    key, breach_at = SeriesKey.of("api", f"m{number}"), START + ahead
    return Forecast(key, 10.0, True, START, breach_at, breach_at - 10, breach_at + 10, confidence)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 0.5, 0.55, 0.6, 0.7])), max_size=30))
def test_the_forecast_to_tell_is_the_surest_with_a_bonus_for_the_one_that_was_told(
    done: list[tuple[int, float | None]],
) -> None:
    forecasts, known, told = Forecasts(0.6), dict[int, Forecast](), None
    for number, confidence in done:
        given_now = forecast(number, confidence or 0.0)
        if confidence is None:
            forecasts.lapse((given_now.key, given_now.limit), 1)
            known.pop(number, None)
        else:
            forecasts.take((given_now.key, given_now.limit), given_now)
            known[number] = given_now
        best, surest = None, -1.0
        for each in known.values():
            bonus = SURER if told is not None and each.key == told.key else 0.0
            if each.confidence + bonus > surest:
                best, surest = each, each.confidence + bonus
        assert forecasts.best(told, START) == best
        told = best


@pytest.mark.parametrize(
    ("confidence", "ahead", "leads"),
    [(0.6, 120, True), (0.59, 120, False), (0.6, 20_000, False)],
    ids=["likely and due long before", "too unlikely to be told", "due not so long before"],
)
def test_what_is_due_in_days_does_not_hide_what_is_due_in_minutes(confidence: float, ahead: float, leads: bool) -> None:
    forecasts = Forecasts(0.6)
    disk, pool = forecast(1, 0.9, 2 * 86_400), forecast(2, confidence, ahead)
    forecasts.take((disk.key, disk.limit), disk)
    forecasts.take((pool.key, pool.limit), pool)
    assert forecasts.best(disk, START) == (pool if leads else disk)
    forecasts.lapse((pool.key, pool.limit), 1)
    assert forecasts.best(pool, START) == disk


def calls_per_sample(count: int) -> float:
    """Return how many functions a sample calls while all series of a service are unusual at once."""
    series = [SeriesKey.of("api", f"m{number}") for number in range(count)]
    values, detection, calls = noise(120 * count, centre=0.0, spread=1.0), Detection(DetectionParams()), 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    for number, value in enumerate(values):
        sample, place = divmod(number, count)
        storm = 60.0 if sample >= 100 else 1.0
        if sample == 110 and place == 0:
            sys.setprofile(note)
        detection.observe(Sample(series[place], 100 + storm * value, START + 10.0 * (sample + place / count)))
    sys.setprofile(None)
    return calls / (10 * count)


def test_a_sample_costs_no_more_among_many_series_that_are_unusual_at_once() -> None:
    few, many = calls_per_sample(30), calls_per_sample(300)
    assert many == pytest.approx(few, rel=0.25)


def test_the_gap_of_a_service_is_that_of_its_slowest_series_whatever_each_does() -> None:
    """It falls when the slowest becomes quicker, and what happens while there is nothing to settle counts, too."""
    bank, service = Bank(DetectionParams(), ()), ServiceState(ServiceId("api"), DetectionParams())
    known = [bank.get(SeriesKey.of("api", f"m{number}")) for number in range(8)]
    series = [each for each in known if each is not None]
    for each in series:
        service.add(each)
    at = START
    for number, gap_s in enumerate(noise(2000, centre=3.0, spread=0.5)):
        at += gap_s
        spoke = series[int(1000 * gap_s) % len(series)]
        spoke.take(at, 1.0, SampleKind.GAUGE)
        if number % 50 == 20:
            service.fused().found(AnomalyKind.LEVEL, evidence((series[0].key, "level"), 1.0))
        elif number % 50 == 40:
            service.forget({series[0].key})
        service.settle(at, spoke)
        if not service.idle:
            assert service.fused().gap_s == max(each.cadence.usual_s for each in series)


@given(st.lists(st.tuples(keys, nines, st.sampled_from([0.0, 1.0, 40.0, 90.0])), max_size=40))
def test_what_is_noted_of_a_change_is_what_noting_everything_anew_gives(
    done: list[tuple[SeriesKey, float, float]],
) -> None:
    """A precursor that has just been restored notes all findings: so does, in effect, one that notes what changed."""
    fusion, precursor, at = Fusion(ServiceId("api"), FusionParams(), series=4), Precursor(PrecursorParams()), START
    for key, rarity, later in done:
        at += later
        if later == 1.0:
            fusion.calm(key, "level")
        else:
            fusion.found(AnomalyKind.LEVEL, replace(evidence((key, "level"), rarity), at=at))
        anew = Precursor(PrecursorParams())
        anew.restore(precursor.snapshot())
        precursor.consider(at, fusion, frozen=False)
        anew.consider(at, fusion, frozen=False)
        assert anew.snapshot() == precursor.snapshot()
        fusion.settle(at)


def test_a_forecast_that_was_let_go_is_no_news_any_more() -> None:
    forecasts = Forecasts(0.5)
    goals = [(each.key, each.limit) for each in (forecast(0, 0.6), forecast(1, 0.6))]
    for number, goal in enumerate(goals):
        forecasts.take(goal, forecast(number, 0.6))
    forecasts.lapse(goals[0], 1)
    assert list(forecasts.changed) == goals[1:]
    forecasts.forget({goals[1][0]})
    assert not forecasts.changed
