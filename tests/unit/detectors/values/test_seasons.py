"""What is usual by time of day and by hour of the week, from one quarter of an hour to the next."""

import math

import pytest

from detectors.values.seasons import BOTH, DAY, DAY_SLOTS, NEITHER, QUARTER_S, WEEK_SLOTS, Seasons

WEEK_QUARTERS = 4 * WEEK_SLOTS
START = 1_700_000_000.0 // (QUARTER_S * WEEK_QUARTERS) * QUARTER_S * WEEK_QUARTERS


class Life:
    """A series of one sample a quarter, or fewer, with what it knows of its seasons."""

    def __init__(self) -> None:
        self.seasons = Seasons(0.2, 0.3, 7)
        self.record = bytearray(b"at once" + self.seasons.fresh + b"behind")
        self.seasons.begin(self.record, START)
        self.value = 0.0

    def at(self, quarter: int, value: float) -> tuple[float, float, int]:
        """Turn to a quarter, counted from the start, in which the value is so much; return what is usual in it."""
        usual = self.seasons.turn(self.record, START + quarter * QUARTER_S, 3 * self.value, 3)
        self.value = value
        return usual


def test_who_takes_part_follows_from_what_is_known() -> None:
    life = Life()
    known = [life.at(quarter, 1.0)[2] for quarter in range(1, 2 * WEEK_QUARTERS)]
    assert known[: DAY_SLOTS - 1] == [NEITHER] * (DAY_SLOTS - 1)
    assert known[DAY_SLOTS - 1 : WEEK_QUARTERS - 1] == [DAY] * (WEEK_QUARTERS - DAY_SLOTS)
    assert set(known[WEEK_QUARTERS - 1 :]) == {BOTH}


@pytest.mark.parametrize("every", [1, 4, 8])
def test_a_day_and_a_week_are_learnt_whatever_the_rhythm_of_the_data(every: int) -> None:
    life = Life()
    for quarter in range(every, 6 * WEEK_QUARTERS, every):
        hour = quarter // 4
        day, week, known = life.at(quarter, 10.0 * (hour % 24) + (100.0 if hour % WEEK_SLOTS >= 5 * 24 else 0.0))
        if quarter >= 5 * WEEK_QUARTERS:
            assert known == BOTH
            assert week == pytest.approx(life.value, abs=0.5)
            assert 10.0 * (hour % 24) - 1.0 <= day <= 10.0 * (hour % 24) + 101.0


def test_the_hour_of_the_week_is_the_mean_of_all_its_samples() -> None:
    life = Life()
    for quarter, value in enumerate([8.0, 1.0, 2.0, 3.0, 50.0], start=1):
        life.at(quarter, value)
    assert life.seasons.usual(life.record, START)[1] == pytest.approx((0.0 + 8.0 + 1.0 + 2.0) / 4, abs=0.01)


def test_what_is_usual_then_is_what_a_turn_to_that_time_finds() -> None:
    life = Life()
    for quarter in range(1, WEEK_QUARTERS + 40):
        life.at(quarter, math.sin(quarter))
    then = START + (WEEK_QUARTERS + 40) * QUARTER_S
    assert life.seasons.usual(life.record, then) == life.at(WEEK_QUARTERS + 40, 0.0)


def test_the_rest_of_the_record_is_left_alone() -> None:
    life = Life()
    for quarter in range(1, 300):
        life.at(quarter, 1e6 * math.sin(quarter))
        life.seasons.follow(life.record, 1e9, 1.0)
    assert life.record.startswith(b"at once")
    assert life.record.endswith(b"behind")
