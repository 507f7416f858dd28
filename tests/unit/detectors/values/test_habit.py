"""What keeps coming back counts for less, but for what is rarer than that."""

import pytest

from detectors.calibration import nines_of
from detectors.values.habit import REST, Habit
from domain.anomaly import Anomalous, Normal
from tests.support.detectors import a_level
from tests.support.timelines import START

ALLOWED = 4.0


def after(surprises: int) -> tuple[Habit, bytearray]:
    """So many, each a surprise of its own."""
    habit = Habit(ALLOWED, 1e9, 0)
    record = bytearray(habit.fresh)
    for _ in range(surprises):
        habit.count(record)
        for _ in range(REST):
            habit.fade(record)
    return habit, record


@pytest.mark.parametrize(("surprises", "left"), [(0, 2.0), (4, 2.0), (8, 0.5), (16, 0.125)])
def test_beyond_so_many_a_surprise_counts_by_the_square_of_how_often_they_come(surprises: int, left: float) -> None:
    habit, record = after(surprises)
    assert habit.damped(record, 2.0, 0.0) == pytest.approx(left, rel=1e-5)


def test_it_never_counts_for_less_than_it_passes_the_largest_of_late_nor_for_more_than_it_is() -> None:
    habit, record = after(16)
    assert habit.damped(record, 2.0, 1.4) == 1.4
    assert habit.damped(record, 2.0, 9.0) == 2.0


def test_what_lasts_is_one_surprise() -> None:
    habit, record = after(0)
    for _ in range(5):
        habit.count(record)
        habit.fade(record)
    assert habit.damped(record, 2.0, 0.0) == 2.0


def test_surprises_are_forgotten() -> None:
    habit = Habit(ALLOWED, 100.0, 0)
    _, record = after(16)
    for _ in range(140):
        habit.fade(record)
    assert habit.damped(record, 2.0, 0.0) == 2.0


def test_many_among_events_that_come_one_at_a_time_are_told_however_often_those_come() -> None:
    detector = a_level()
    values = [float(i % 97 == 0) for i in range(12_000)]
    values[11_000] = 6.0
    verdicts = [detector.observe(START + 60.0 * i, value) for i, value in enumerate(values)]
    told = [nines_of(v.score) if isinstance(v, Normal | Anomalous) else 0.0 for v in verdicts]
    assert told[11_000] > 1.63
    assert max(told[6000:11_000]) < 1.3
