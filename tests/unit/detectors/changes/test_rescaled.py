"""Series of one service that change their unit at the same moment, and incidents that hit several at once."""

import json
import math
import random  # noqa: TID251 - seeded
from collections.abc import Callable, Sequence

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.unit_doubt import Doubt, doubted, likeliest
from detectors.units.unit_jump import CLAIM, RECOGNISED, TOLD
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together

UNIT, LEVEL, BREACH = AnomalyKind.UNIT, AnomalyKind.LEVEL, AnomalyKind.BREACH
CHANGE, COUNT = 300, 400
CENTRES = {"checks": 3.0, "latency_ms": 40.0, "queue": 700.0, "rate": 90.0, "sent_kb": 15.0, "wait_ms": 250.0}
Shape = Callable[[random.Random, int], float]  # by what a value is multiplied, so many samples after the change


def telemetry(changed: dict[str, Shape], seed: int = 0, noise: float = 0.08, count: int = COUNT) -> list[Sample]:
    """A service of six series, of which some are changed."""
    lines = []
    for name, centre in CENTRES.items():
        chance = random.Random(f"{seed}/{name}")
        values = [centre * math.exp(noise * chance.gauss(0, 1)) for _ in range(count)]
        if name in changed:
            values[CHANGE:] = [changed[name](chance, i) * value for i, value in enumerate(values[CHANGE:])]
        lines.append(timeline(values, metric=name))
    return together(*lines)


def times(factor: float) -> Shape:
    return lambda _chance, _number: factor


def run(samples: Sequence[Sample], *services: Service) -> list[Anomaly]:
    return feed(Detection(DetectionParams(), services), samples)[1]


def named(said: Sequence[Anomaly]) -> list[str]:
    """What is said of units, each sentence once."""
    return list(dict.fromkeys(e.detail for anomaly in said for e in anomaly.evidence if e.detector == "unit"))


EIGHT = {name: times(8.0) for name in ("latency_ms", "queue", "sent_kb", "wait_ms")}


def test_several_series_show_what_one_alone_is_too_noisy_for() -> None:
    assert named(run(telemetry({"latency_ms": times(8.0)}))) == []
    said = run(telemetry(EIGHT))
    others = "3 other series have changed likewise: queue, sent_kb, wait_ms"
    assert named(said) == [f"8 times larger, spread and all: as if its unit had changed; {others}"]


@pytest.mark.parametrize("factor", [8.0, 60.0, 100.0, 1000.0, 1 / 60, 0.01, 0.001])
def test_it_is_one_finding_that_takes_the_place_of_whatever_was_told_of_them(factor: float) -> None:
    said = run(telemetry({name: times(factor) for name in EIGHT}))
    assert [(each.phase, each.kind) for each in said] == [
        (AnomalyPhase.OPENED, LEVEL),
        (AnomalyPhase.UPDATED, UNIT),
        (AnomalyPhase.ENDED, UNIT),
    ]
    _, renamed, ended = said
    assert renamed.at - START == CHANGE + RECOGNISED - 1
    assert [e.detector for e in renamed.evidence] == ["unit"]
    assert renamed.evidence[0].since == START + CHANGE
    assert ended.at == renamed.at + TOLD


def test_what_is_known_of_each_holds_from_then_on() -> None:
    detection = Detection(DetectionParams())
    feed(detection, telemetry(EIGHT))
    assert {each.key.metric: each.watch.factor for each in detection._bank if each.watch is not None} == dict.fromkeys(
        EIGHT, 8.0
    )


def test_a_return_of_all_is_one_finding_too() -> None:
    back = {name: (lambda _, number: 60.0 if number < 150 else 1.0) for name in EIGHT}
    said = run(telemetry(back, count=700))
    assert len(named(said)) == 2
    assert "back in its earlier unit; 3 other series have changed likewise" in named(said)[1]


def test_a_change_of_one_series_is_no_reason_to_convert_another_that_moved_with_it() -> None:
    detection = Detection(DetectionParams())
    feed(detection, telemetry({"latency_ms": times(1000.0), "queue": times(37.0)}, noise=0.01))
    assert {each.watch.factor for each in detection._bank if each.watch is not None} <= {1000.0}


def of_their_own(chance: random.Random, centre: float) -> Shape:
    factor = centre * math.exp(chance.gauss(0, 0.4))
    return lambda _chance, _number: factor


def wider(chance: random.Random, centre: float) -> Shape:
    factor = centre * math.exp(chance.gauss(0, 0.1))
    return lambda chance, _number: factor * math.exp(0.2 * chance.gauss(0, 1))


def rising(chance: random.Random, centre: float) -> Shape:
    height = centre * math.exp(chance.gauss(0, 0.1))
    return lambda chance, number: height * (0.7 + min(0.3, number / 40)) * math.exp(0.1 * chance.gauss(0, 1))


@pytest.mark.parametrize("incident", [of_their_own, wider, rising])
@pytest.mark.parametrize("centre", [10.0, 100.0])
def test_an_incident_that_makes_several_series_worse_is_no_change_of_unit(
    incident: Callable[[random.Random, float], Shape], centre: float
) -> None:
    for seed in range(15):
        chance = random.Random(seed)
        hit = {name: incident(chance, centre) for name in EIGHT}
        said = run(telemetry(hit, seed, count=CHANGE + 30))
        assert said, seed
        assert named(said) == [], seed


def test_a_series_that_only_goes_on_creeping_at_that_moment_speaks_for_nothing() -> None:
    disk = timeline(
        [round(234.45 - 0.01 * (number // 20), 2) for number in range(CHANGE, CHANGE + COUNT)], metric="disk"
    )
    assert disk[CHANGE].value < disk[CHANGE - 1].value
    changed: dict[str, Shape] = {"latency_ms": times(1000.0)}
    (detail,) = named(run(together(disk, telemetry(changed, noise=0.02))))
    assert detail.startswith("about 1,000 times larger")


def test_series_that_moved_by_no_factor_at_that_moment_speak_for_an_incident() -> None:
    pair: dict[str, Shape] = {name: times(60.0) for name in ("latency_ms", "wait_ms")}
    assert len(named(run(telemetry(pair, noise=0.1)))) == 1
    others: dict[str, Shape] = {name: times(2.7) for name in ("checks", "queue", "rate")}
    moved = telemetry(pair | others, noise=0.1)
    assert named(run(moved)) == []
    rescaled = [  # another unit since long before, which is watched from then on
        sample._replace(value=1000.0 * sample.value)
        if sample.key.metric in others and sample.observed_at >= START + CHANGE - 100
        else sample
        for sample in moved
    ]
    (detail,) = named(run(rescaled))
    assert detail.startswith("about 1,000 times larger")


def wide(shapes: Sequence[Shape]) -> Detection:
    """A service of as many series, after the change of some."""
    lines = []
    for number, shape in enumerate(shapes):
        chance = random.Random(number)
        before, after = noise(CHANGE, number, 50.0, 3.0), noise(20, 99 - number, 50.0, 3.0)
        after = [shape(chance, i) * value for i, value in enumerate(after)]
        lines.append(timeline([*before, *after], metric=f"part_{number:02}"))
    detection = Detection(DetectionParams())
    feed(detection, together(*lines))
    return detection


@pytest.mark.parametrize("changed", [8, 12, 20])
def test_a_change_of_very_many_series_is_one_of_all_of_them(changed: int) -> None:
    detection = wide([times(60.0)] * changed + [times(1.0)] * (20 - changed))
    assert sum(each.watch is not None and each.watch.factor == 60.0 for each in detection._bank) == changed


@pytest.mark.parametrize("other", [240.0, 100.0])
def test_of_very_many_series_those_that_moved_otherwise_speak_for_an_incident_wherever_they_stand(
    other: float,
) -> None:
    detection = wide([times(60.0)] * 12 + [times(other)] * 8)
    assert all(each.watch is None or each.watch.factor == 1.0 for each in detection._bank)


@pytest.mark.parametrize(("wider", "recognised"), [(1.0, True), (3.0, False)])
def test_spreads_that_widen_together_speak_for_an_incident(wider: float, *, recognised: bool) -> None:
    values = [(noise(24, seed), noise(12, seed + 9, 50.0, 2.0 * wider)) for seed in range(4)]
    first, *others = [doubted(before, [60.0 * value for value in after]) for before, after in values]
    assert first is not None
    assert (likeliest(first, [other for other in others if other is not None])[1] >= CLAIM) is recognised


def test_nothing_is_told_as_long_as_two_factors_are_as_likely() -> None:
    seen = Doubt(START, 1.0, 0.0, off=0.25, growth=0.0, unsure=0.2, drift=0.0, still=0.1)
    plain, between = (seen._replace(distance=math.log(factor)) for factor in (60.0, math.sqrt(60.0 * 100.0)))
    assert likeliest(plain, [plain] * 7)[1] > CLAIM
    assert likeliest(between, [between] * 7)[1] < CLAIM


def test_what_is_beyond_its_limit_may_change_with_the_others_and_is_told_for_as_long_as_it_is_there() -> None:
    limit = Service(ServiceId("payments-api"), objectives=(Objective("latency_ms", 100.0, above=True),))
    said = run(telemetry(EIGHT), limit)
    assert [(each.phase, each.kind) for each in said] == [(AnomalyPhase.OPENED, BREACH), (AnomalyPhase.UPDATED, UNIT)]
    (detail,) = named(said)
    assert "3 other series have changed likewise" in detail


def test_objectives_of_any_of_them_hold_for_the_unit_of_before() -> None:
    limit = Service(ServiceId("payments-api"), objectives=(Objective("queue", 20_000.0, above=True),))
    (detail,) = named(run(telemetry({name: times(1 / 60) for name in EIGHT}), limit))
    assert detail.endswith("likewise: queue, sent_kb, wait_ms; their objectives hold for the unit of before")


@pytest.mark.parametrize("cut", [0, 1, 5, 6, 7, 8, 20, 70])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    samples, place = telemetry(EIGHT), (CHANGE + cut) * len(CENTRES) + 3
    whole, first, second = (Detection(DetectionParams()) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:place])[1]
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert said + feed(second, samples[place:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())


@pytest.mark.parametrize("trouble", [False, True])
def test_a_series_that_falls_while_its_service_is_in_trouble_takes_more_evidence(*, trouble: bool) -> None:
    limit = Service(ServiceId("payments-api"), objectives=(Objective("wait_ms", 1000.0, above=True),))
    falls: dict[str, Shape] = {"latency_ms": times(1 / 60)}
    samples = telemetry(falls, noise=0.12, count=CHANGE + 40)
    beside = range(CHANGE - 30, CHANGE + 30) if trouble else range(0)
    slow = [each._replace(value=each.value * 9) if each.key.metric == "wait_ms" and
            each.observed_at - START in beside else each for each in samples]  # fmt: skip
    detection = Detection(DetectionParams(), (limit,))
    _, said = feed(detection, slow)
    assert (said[0].kind is BREACH) is trouble
    assert any(each.watch is not None and each.watch.factor != 1.0 for each in detection._bank) is not trouble
