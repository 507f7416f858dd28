"""A level that has moved for good is told once and hides nothing; what is as wild as it is far is no level."""

import math

import pytest

from detectors.calibration import nines_of
from detectors.values.shift import AGE, ROW, Shift
from domain.anomaly import Anomalous, Normal
from tests.support.detectors import a_level
from tests.support.timelines import START, noise

LEVEL, LIMIT = 0.0, 15.0


def rarities(values: list[float], step_s: float) -> list[float]:
    detector = a_level()
    verdicts = [detector.observe(START + i * step_s, value) for i, value in enumerate(values)]
    return [nines_of(v.score) if isinstance(v, Normal | Anomalous) else 0.0 for v in verdicts]


def moves(
    values: list[float], age: int = 500, step: int = 1, level: float = LEVEL, limit: float = LIMIT
) -> list[float]:
    """By how much the level moves with each gigantic value."""
    shift = Shift(0)
    record = bytearray(shift.fresh)
    return [shift.by(record, age + i * step, level, limit, value) for i, value in enumerate(values)]


@pytest.mark.parametrize("away", [200.0, -1e4, 1e7])
def test_a_level_that_has_moved_is_told_once_and_hides_no_fault(away: float) -> None:
    values = [value + (away if i >= 3000 else 0.0) for i, value in enumerate(noise(5000, spread=2.0))]
    for i in range(3400, 3405):
        values[i] += 20.0
    told = rarities(values, 60.0)
    assert told[3000] > 2.0
    assert not [i for i in range(3010, 5000) if told[i] >= 1.3 and not 3400 <= i < 3415]
    assert max(told[3400:3405]) > 1.3


def test_the_seasons_move_with_the_level() -> None:
    moved, fault, count = 4000, 5200, 5600
    wave = [8.0 * math.sin(2 * math.pi * i / 288) for i in range(count)]
    values = [a + b for a, b in zip(wave, noise(count, spread=1.0), strict=True)]
    values = [value + (1e4 if i >= moved else 0.0) for i, value in enumerate(values)]
    for i in range(fault, fault + 5):
        values[i] += 12.0
    told = rarities(values, 300.0)
    assert max(told[fault : fault + 5]) > 1.3
    assert max(told[moved + 30 : fault]) < 1.3


def test_so_many_in_a_row_on_one_side_that_are_near_to_each_other_are_another_level() -> None:
    near = [100.0 + i for i in range(ROW)]
    assert moves(near) == [0.0] * (ROW - 1) + [near[-1] - LEVEL]
    assert moves([-value for value in near])[-1] == -near[-1]
    assert not any(moves([value * (-1) ** i for i, value in enumerate(near)]))
    assert not any(moves([100.0 * 2.0**i for i in range(3 * ROW)]))
    assert not any(moves(near, step=2))


def test_a_level_that_moves_again_at_once_moves_from_where_it_was_last() -> None:
    shift = Shift(0)
    record = bytearray(shift.fresh)
    steps = [(0.0, 100.0)] * ROW + [(100.0, 1000.0)] * ROW
    moved = [shift.by(record, 500 + i, level, LIMIT, value) for i, (level, value) in enumerate(steps)]
    assert [each for each in moved if each != 0] == [100.0, 900.0]


def test_a_way_up_of_some_samples_is_no_part_of_the_new_level_but_counts_from_the_old_one() -> None:
    assert moves([40.0, 80.0, *[120.0] * ROW]) == [0.0] * (ROW + 1) + [120.0 - LEVEL]


def test_near_is_measured_by_what_was_usual_before_the_first_of_them() -> None:
    shift = Shift(0)
    record = bytearray(shift.fresh)
    assert not any(shift.by(record, 500 + i, LEVEL, LIMIT * 10**i, 100.0 + 50.0 * i) for i in range(2 * ROW))


def test_the_next_move_needs_as_many_again_and_an_age_may_be_anything() -> None:
    assert [i for i, moved in enumerate(moves([100.0] * 2 * ROW, age=AGE - 3)) if moved != 0] == [ROW - 1, 2 * ROW - 1]


@pytest.mark.parametrize(("level", "limit"), [(LEVEL, LIMIT), (1e60, LIMIT), (1e60, 1e50)])
def test_what_is_too_large_to_be_kept_is_no_level(level: float, limit: float) -> None:
    assert not any(moves([3e60] * 2 * ROW, level=level, limit=limit))


def test_a_level_of_which_nothing_may_be_learnt_moves_nothing() -> None:
    frozen, other = a_level(), a_level()
    for i, value in enumerate(noise(500)):
        assert frozen.observe(START + i, value) == other.observe(START + i, value)
    for i in range(2 * ROW):
        frozen.observe(START + 500 + i, 1e4, learn=False)
    assert frozen.observe(START + 600, 50.0) == other.observe(START + 600, 50.0)
    assert frozen.record == other.record
