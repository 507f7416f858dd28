"""What must not be taken for a change of unit, and what is not looked at for one."""

import json
import math
import random  # noqa: TID251 - seeded
from collections.abc import Callable

import pytest

from detectors.units.unit_jump import PATIENCE, UnitWatch, bounds
from domain.anomaly import AnomalyKind
from tests.support.declarations import story
from tests.support.timelines import noise
from tests.support.unit_changes import jump, run, times, whole


@pytest.mark.parametrize("factor", [8.0, 1 / 8])
def test_round_numbers_that_are_no_multiples_are_no_evidence(factor: float) -> None:
    before, after = whole(noise(24, spread=12.0)), whole(noise(40, 9, spread=12.0))
    assert jump(before, [round(value * factor + 1, 2) for value in after]) is None


@pytest.mark.parametrize("limit", [512.0, 230.82])
def test_a_setting_that_is_raised_is_no_change_of_unit(limit: float) -> None:
    assert jump([limit] * 24, [limit * 8] * 40) is None
    assert jump([limit - 1.0, *[limit] * 23], [limit * 8] * 40) is None  # it was raised before


def test_settings_that_are_raised_by_round_numbers_are_no_change_of_unit() -> None:
    said = run([*[10.0] * 400, *[1000.0] * 100])
    assert {kind for _, kind in story(said)} == {AnomalyKind.LEVEL}


def test_values_near_the_latest_ones_are_not_looked_at() -> None:
    low, high = bounds([*noise(22), 5000.0, 0.001])  # one of each is odd
    assert 10 < low < 25
    assert 120 < high < 180
    assert bounds([0.0] * 24)[0] < 0 < bounds([0.0] * 24)[1]
    assert bounds([-1.0, 5.0]) == (-math.inf, math.inf)


def test_what_is_doubted_is_bounded() -> None:
    watch = UnitWatch(noise(24))
    asked = 0

    def known() -> int:
        nonlocal asked
        asked += 1
        return asked

    for number in range(200):  # of the right size and spread, and nobody is ever sure
        if watch.take(number, 50_000.0 + 2000.0 * (number % 3 - 1), known) is not None:
            watch.unsettled()
        assert len(json.dumps(watch.snapshot())) < 2000
    assert asked > 0
    assert len(json.loads(json.dumps(watch.snapshot()))[3]) < PATIENCE


Incident = Callable[[random.Random, float, float, int], float]


def slower(chance: random.Random, centre: float, noise: float, _: int) -> float:
    return centre * 10.0 * math.exp(2.5 * noise * chance.gauss(0, 1))


def nearly_nothing(chance: random.Random, centre: float, _noise: float, _: int) -> float:
    return centre / 1000 * sum(chance.random() < 0.05 for _ in range(60))


def saturating(chance: random.Random, centre: float, noise: float, number: int) -> float:
    return centre * (1 + 1200 * (1 - math.exp(-number / 6))) * math.exp(noise * chance.gauss(0, 1))


def timeouts(chance: random.Random, centre: float, _noise: float, _: int) -> float:
    return centre * 1000 * (1 + 0.0005 * chance.random())


def heavy(chance: random.Random, centre: float, noise: float, _: int) -> float:
    return centre * 100 * math.exp(6 * noise * abs(chance.gauss(0, 1)))


@pytest.mark.parametrize("incident", [slower, nearly_nothing, saturating, timeouts, heavy])
def test_incidents_of_any_size_and_noise_are_no_change_of_unit(incident: Incident) -> None:
    named = 0
    for seed in range(400):
        chance = random.Random(seed)
        centre, spread = 10 ** chance.uniform(-2, 6), 10 ** chance.uniform(-2, -0.5)
        size = 1.0 if incident is timeouts else chance.uniform(0.7, 1.5)
        before = [centre * math.exp(spread * chance.gauss(0, 1)) for _ in range(24)]
        after = [size * incident(chance, centre, spread, number) for number in range(40)]
        named += jump(before, after) is not None
    assert named <= 2  # of the right size by chance


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([10.0 ** (place * 7 % 24 / 2) for place in range(24)], [1e15] * 20),  # over many sizes, and then stuck
        ([*[1.0] * 20, 7.0, 6.0, 5.5, 1.0], [1e3, 1000.5, 999.4, 1000.7, 999.2, *times(20.0)]),  # stuck, and then not
    ],
)
def test_spreads_that_cannot_be_compared_are_no_change_of_unit_and_no_crash(
    before: list[float], after: list[float]
) -> None:
    assert jump(before, after) is None


def test_a_value_that_no_unit_explains_is_doubted_no_further_and_one_of_the_latest() -> None:
    watch = UnitWatch(noise(24))
    for at, value in enumerate([-5.0, 0.0, 5.0, 50.0]):
        assert watch.take(at, value, list) is None
        assert watch.done
