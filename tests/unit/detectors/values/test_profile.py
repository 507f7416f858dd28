"""What is usual at this time of day."""

import math

import pytest

from detectors.values.profile import FAR, LARGEST, NO_SCALE, SCALE, Profile

HOUR, DAY = 3600.0, 86400.0


class Hours:
    """What a series knows of the hours of its days, since its first hour."""

    def __init__(self, share: float = 0.2, slots: int = 24, began: int = 0) -> None:
        self._profile = Profile(slots, share, place=5, scale=5 + 2 * slots)
        self._began = began
        self.record = bytearray(b"front" + self._profile.fresh + NO_SCALE + b"back")
        self._scale = 5 + len(self._profile.fresh)

    def usual(self, hour: int) -> float:
        return self._profile.usual(self.record, hour)

    def learn(self, hour: int, mean: float, then: int = 0) -> float:
        base, unit = SCALE.unpack_from(self.record, self._scale)
        age = hour - self._began
        return self._profile.leave(self.record, base, unit, hour, self.usual(hour), mean, age, then)

    def follow(self, level: float, spread: float) -> None:
        self._profile.follow(self.record, level, spread)


def test_a_slot_is_unknown_until_it_was_learnt() -> None:
    hours = Hours()
    assert math.isnan(hours.usual(0))
    hours.learn(0, 6.0)
    assert hours.usual(24) == 6.0
    assert math.isnan(hours.usual(1))
    assert hours.record[:5] + hours.record[-4:] == b"frontback"


def test_who_leaves_a_slot_is_told_what_is_usual_in_the_next() -> None:
    hours = Hours()
    assert math.isnan(hours.learn(0, 6.0, then=1))
    assert hours.learn(1, 7.0, then=24) == 6.0


def test_the_first_visits_weigh_as_in_a_plain_mean() -> None:
    hours = Hours(began=3)
    for day, mean in enumerate([2.0, 4.0, 9.0]):
        hours.learn(3 + 24 * day, mean)
    assert hours.usual(3) == pytest.approx(5.0, rel=1e-3)


def test_newer_days_count_more() -> None:
    hours = Hours(share=0.5)
    for day in range(40):
        hours.learn(24 * day, 0.0 if day < 20 else 10.0)
    assert hours.usual(0) == pytest.approx(10.0, abs=0.01)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e12, 1e30])
def test_a_mean_keeps_three_digits_of_its_distance_whatever_the_unit(scale: float) -> None:
    hours, means = Hours(), [5.0, 5.001, 5.01, 5.1, 6.0, 7.0, -3.0, 50.0, math.pi, 500.0]
    for hour, mean in enumerate(means):
        hours.learn(hour, mean * scale)
    for hour, mean in enumerate(means):
        assert hours.usual(hour) / scale == pytest.approx(mean, abs=abs(mean - means[0]) / 1000 + 1e-4)


def test_a_constant_is_kept_as_it_is() -> None:
    hours = Hours()
    for hour in range(100):
        hours.learn(hour, 0.1)
        hours.follow(0.1, 0.0)
    assert {hours.usual(hour) for hour in range(24)} == {0.1}


@pytest.mark.parametrize("wild", [1e12, -1e12, 1e90, -1e90])
def test_a_wild_mean_rounds_off_no_other_and_is_forgotten_like_any(wild: float) -> None:
    hours = Hours()
    means = [10.0 + math.sin(hour) for hour in range(24)]
    for hour, mean in enumerate(means):
        hours.learn(hour, mean)
    hours.learn(24, wild)
    assert [hours.usual(hour) for hour in range(1, 24)] == pytest.approx(means[1:], abs=0.01)
    assert hours.usual(0) * math.copysign(1.0, wild) > 1000
    for day in range(2, 60):
        hours.learn(24 * day, means[0])
    assert hours.usual(0) == pytest.approx(means[0], abs=0.01)


@pytest.mark.parametrize("huge", [1e39, -1e90])
def test_a_mean_that_does_not_fit_is_the_largest_that_does(huge: float) -> None:
    hours = Hours()
    hours.learn(0, huge)
    assert hours.usual(0) == pytest.approx(math.copysign(LARGEST, huge), rel=1e-3)
    for day in range(1, 80):
        hours.learn(24 * day, 1.0)
        hours.follow(1.0, 1.0)
    assert abs(hours.usual(0)) < 1e34  # forgotten like any other value


def test_after_a_shift_of_the_level_small_seasons_are_seen_as_before() -> None:
    """Ten thousand spreads away from the first value a slot would otherwise be rounded to whole spreads."""
    hours = Hours()
    for hour in range(24):
        hours.learn(hour, math.sin(hour))
    means = [10_000.0 + math.sin(hour) for hour in range(24)]
    for day in range(1, 60):
        for hour, mean in enumerate(means):
            hours.learn(24 * day + hour, mean)
        hours.follow(10_000.0, 0.5)
    assert [hours.usual(hour) for hour in range(24)] == pytest.approx(means, abs=0.05)


def test_what_is_known_stays_when_the_base_moves() -> None:
    hours = Hours()
    means = [100.0 + hour for hour in range(24)]
    for hour, mean in enumerate(means):
        hours.learn(hour, mean)
    before = [hours.usual(hour) for hour in range(24)]
    hours.follow(100.0 + 2 * FAR, 1.0)
    assert [hours.usual(hour) for hour in range(24)] == pytest.approx(before, abs=0.02)


@pytest.mark.parametrize("hour", [-1, -24, 10**15, int(1e297), -int(1e297)])
def test_any_time_has_a_slot(hour: int) -> None:
    hours = Hours(slots=168, began=hour)
    hours.learn(hour, 3.0)
    assert hours.usual(hour) == 3.0
