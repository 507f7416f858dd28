"""Which surprises are known because they come every day."""

import json
import sys

import pytest

from detectors.values.recurrence import ENOUGH, KEPT, NEVER, SOON, known, remembered, restored, saved
from domain.errors import StateError

DAY, NOON = 86_400.0, 1_700_049_600.0


class Surprises:
    """Those of one series."""

    def __init__(self) -> None:
        self.past = NEVER

    def remember(self, at: float, nines: float) -> None:
        self.past = remembered(self.past, at, nines)

    def known(self, at: float, nines: float, gap_s: float = 60.0, enough: int = ENOUGH) -> bool:
        return known(self.past, at, nines, gap_s, enough)


def after(days: list[int], nines: float = 4.0, hour: float = 0.0) -> Surprises:
    """A series that surprised on these days before today's noon."""
    past = Surprises()
    for day in sorted(days, reverse=True):
        past.remember(NOON - day * DAY + hour * 3600.0, nines)
    return past


def test_what_came_on_ten_of_the_last_days_is_known_and_on_nine_is_not() -> None:
    assert after(list(range(1, 11))).known(NOON, 4.0)
    assert not after(list(range(1, 10))).known(NOON, 4.0)


def test_ten_minutes_later_is_the_same_time_and_half_an_hour_is_not() -> None:
    past = after(list(range(1, 15)))
    assert past.known(NOON + 600, 4.0)
    assert not past.known(NOON + 1800, 4.0)
    assert not after(list(range(1, 15)), hour=12).known(NOON, 4.0)


def test_what_is_clearly_larger_than_before_is_news() -> None:
    past = after(list(range(1, 15)))
    assert past.known(NOON, 5.0)
    assert not past.known(NOON, 6.0)


def test_one_large_day_among_small_ones_makes_nothing_known() -> None:
    past = after(list(range(2, 15)), nines=2.0)
    past.remember(NOON - DAY, 8.0)
    assert not past.known(NOON, 6.0)


def test_a_job_of_the_working_week_is_known_on_a_monday() -> None:
    assert after([3, 4, 5, 6, 7, 10, 11, 12, 13, 14]).known(NOON, 4.0)


def test_where_objectives_tell_of_harm_two_nights_are_enough() -> None:
    assert after([1, 2]).known(NOON, 4.0, enough=SOON)
    assert not after([1]).known(NOON, 4.0, enough=SOON)
    assert not after([1, 2]).known(NOON, 6.0, enough=SOON)


def test_what_came_on_few_of_the_days_since_the_first_is_not_daily() -> None:
    assert not after([7, 8]).known(NOON, 4.0, enough=SOON)
    assert after([3, 4, 5]).known(NOON, 4.0, enough=SOON) is False
    assert after([3, 4, 5, 6, 7]).known(NOON, 4.0, enough=SOON)


def test_what_surprises_at_any_time_of_the_day_has_no_time_of_its_own() -> None:
    past = Surprises()
    for hour in range(48, 0, -4):
        past.remember(NOON - hour * 3600.0, 4.0)
    assert not past.known(NOON, 4.0, enough=SOON)


def test_surprises_of_a_sample_a_day_all_share_a_time_and_are_not_known_by_it() -> None:
    past = after(list(range(1, 15)))
    assert past.known(NOON, 4.0, gap_s=3600.0)
    assert not past.known(NOON, 4.0, gap_s=DAY)


def test_a_burst_of_surprises_is_one() -> None:
    past = after(list(range(2, 10)))
    for minute in range(10):
        past.remember(NOON - DAY + 60.0 * minute, 4.0)
    assert not past.known(NOON, 4.0)


def test_the_memory_is_bounded_and_keeps_what_is_largest() -> None:
    past = Surprises()
    for day in range(ENOUGH, 0, -1):
        past.remember(NOON - day * DAY, 4.0)
        for hour in range(1, 20):
            past.remember(NOON - day * DAY + hour * 3600.0, 1.5)
    assert past.known(NOON, 4.0)
    kept = saved(past.past)
    assert isinstance(kept, list)
    assert len(kept) == 2 * KEPT


def test_surprises_take_few_bytes() -> None:
    assert sys.getsizeof(after([1]).past) < 50
    assert sys.getsizeof(after(list(range(14))).past) < 260


def test_a_snapshot_continues() -> None:
    past = after(list(range(1, 11))).past
    assert restored(json.loads(json.dumps(saved(past)))) == past


@pytest.mark.parametrize("damaged", [None, "text", [1.0], [1.0, None], [1.0, "a"], {}])
def test_damaged_snapshots_are_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        restored(damaged)  # type: ignore[arg-type] # damaged on purpose
