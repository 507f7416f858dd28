"""What a new instance begins with: the ways of its siblings."""

import json
import math
from collections.abc import Iterable, Iterator

import pytest

from detectors.anomalies.fusion import FusionParams
from detectors.forecast.foretold import LIKELY, Foretold
from detectors.forecast.steepness import Steepness
from detectors.forecast.trend import TrendForecaster
from detectors.params import DetectionParams
from detectors.series.bank import Bank
from detectors.series.siblings import LATEST
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.state import Plain
from tests.support.timelines import START, noise

HEAP = Objective("heap_used", 1.0, above=True)
OPENS = FusionParams().min_forecast
SIZE = 4000  # samples after which an instance knows its ways


def a_bank() -> Bank:
    services = [Service(ServiceId(name), objectives=(HEAP,)) for name in ("accounts", "payments")]
    return Bank(DetectionParams(), services)


def born(bank: Bank, service: str = "accounts", metric: str = "heap_used", **labels: str) -> TrendForecaster:
    """The forecaster of a new series."""
    series = bank.get(SeriesKey.of(service, metric, labels))
    assert series is not None
    return series.objectives[0][1]


def saw(samples: int, seed: int) -> list[float]:
    """Memory that fills, now quickly and now slowly, and is emptied far from the limit."""
    wobble = noise(samples, seed, centre=0.0, spread=0.004)
    pace = iter(noise(samples, seed + 1000, centre=0.0, spread=1.0))
    values: list[float] = []
    while len(values) < samples:
        length = round(55 * min(3.0, max(0.3, 2.0 ** next(pace))))
        values += (0.2 + 0.55 * i / length for i in range(length))
    return [value + each for value, each in zip(values, wobble, strict=False)]


def opening(forecaster: TrendForecaster, values: Iterable[float], start: float = START) -> Iterator[int]:
    """The samples at which a forecast stands that opens an anomaly."""
    for i, value in enumerate(values):
        said = forecaster.observe(start + i, value, learn=True)
        if said is not None and said.confidence >= OPENS:
            yield i


def grown(bank: Bank, pods: Iterable[str] = "abc", **labels: str) -> None:
    """Let instances learn their ways."""
    for seed, pod in enumerate(pods):
        assert len(list(opening(born(bank, pod=pod, **labels), saw(SIZE, seed)))) < SIZE


def ways(forecaster: TrendForecaster) -> Plain:
    return json.loads(json.dumps(forecaster.snapshot()))  # type: ignore[no-any-return]


def test_a_new_instance_of_what_fills_and_empties_is_known_not_to_be_on_its_way() -> None:
    bank = a_bank()
    grown(bank)
    alone = (len(list(opening(born(a_bank(), pod="new"), saw(600, seed)))) for seed in range(50, 54))
    known = (len(list(opening(born(bank, pod=f"new-{seed}"), saw(600, seed)))) for seed in range(50, 54))
    assert sum(alone) > 20
    assert sum(known) <= 2


def test_a_leak_of_a_new_instance_is_foreseen_all_the_same() -> None:
    bank = a_bank()
    grown(bank)
    leak = [0.2 + 0.8 * i / 100 for i in range(100)]
    assert next(opening(born(bank, pod="new"), leak, START + SIZE)) < 90


@pytest.mark.parametrize(
    ("service", "labels"),
    [("payments", {"pod": "new"}), ("accounts", {"pod": "new", "zone": "b"}), ("accounts", {})],
    ids=["another service", "other names of labels", "no labels"],
)
def test_what_is_no_instance_of_the_same_thing_begins_anew(service: str, labels: dict[str, str]) -> None:
    bank = a_bank()
    grown(bank)
    assert ways(born(bank, service, **labels)) == ways(born(a_bank(), service, **labels))
    assert ways(born(bank, pod="new")) != ways(born(a_bank(), pod="new"))


def test_how_high_the_siblings_were_is_not_how_high_a_new_instance_is() -> None:
    bank = a_bank()
    old = born(bank, pod="old")
    for i in range(SIZE):
        old.observe(START + i, 0.6, learn=True)
    new = born(bank, pod="new")
    new.observe(START + SIZE, 0.2, learn=True)
    assert old.near is new.near is False
    assert list(new.points) == [(START + SIZE, 0.2)]
    new.observe(START + SIZE + 1, 0.3, learn=True)
    assert new.near  # of the way from where it began itself


def test_a_restored_bank_teaches_the_same() -> None:
    first, second = a_bank(), a_bank()
    grown(first, [f"pod-{number}" for number in range(4)])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert ways(born(first, pod="new")) == ways(born(second, pod="new")) != ways(born(a_bank(), pod="new"))


def test_a_bank_that_forgot_some_teaches_the_same_as_one_that_is_restored() -> None:
    first, second = a_bank(), a_bank()
    grown(first, ["kept", "gone"])
    first.drop([SeriesKey.of("accounts", "heap_used", {"pod": "gone"})])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert ways(born(first, pod="new")) == ways(born(second, pod="new")) != ways(born(a_bank(), pod="new"))


def test_no_more_than_the_latest_are_remembered() -> None:
    bank = a_bank()
    for number in range(5 * LATEST):
        born(bank, pod=str(number))
    assert [len(latest) for latest in bank._siblings._latest.values()] == [LATEST]


def test_one_instance_that_leaks_does_not_make_leaks_usual() -> None:
    steepness = Steepness()
    steepness.inherit([0.1, 50.0, 0.2])
    assert steepness.usual == pytest.approx(0.2)


@pytest.mark.parametrize("slopes", [[], [math.inf], [0.0]], ids=["none", "unknown", "stands still"])
def test_who_knows_no_slope_teaches_none(slopes: list[float]) -> None:
    steepness = Steepness()
    steepness.inherit(slopes)
    assert steepness.usual == math.inf


def test_what_the_forecasts_of_siblings_came_to_is_taken_over_from_those_that_know() -> None:
    record = Foretold()
    record.inherit([0.0, -1.0, 0.0, -2.0, 0.0, -3.0])
    assert record.corrected(LIKELY) == pytest.approx(LIKELY * math.exp(-2))
    record.inherit([0.0])
    assert record.corrected(LIKELY) == pytest.approx(LIKELY * math.exp(-2))
