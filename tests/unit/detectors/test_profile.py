"""What is usual at this time of day."""

import math

import pytest

from detectors.profile import Profile

HOUR, DAY = 3600.0, 86400.0


class Hours:
    """What a series knows of the hours of its days."""

    def __init__(self, share: float = 0.2, began_at: float = 0.0, slots: int = 24) -> None:
        self._profile = Profile(HOUR, slots, share, 5)
        self._began_at = began_at
        self.record = bytearray(b"front" + self._profile.fresh + b"back")

    def usual(self, at: float) -> float:
        return self._profile.usual(self.record, int(at // HOUR))

    def learn(self, at: float, mean: float) -> None:
        self._profile.learn(self.record, int(at // HOUR), self.usual(at), mean, self._began_at)


def test_a_slot_is_unknown_until_it_was_learnt() -> None:
    hours = Hours()
    assert math.isnan(hours.usual(60.0))
    hours.learn(60.0, 6.0)
    assert hours.usual(DAY + 1800.0) == 6.0
    assert math.isnan(hours.usual(HOUR))
    assert hours.record[:5] + hours.record[-4:] == b"frontback"


def test_the_first_visits_weigh_as_in_a_plain_mean() -> None:
    hours = Hours()
    for day, mean in enumerate([2.0, 4.0, 9.0]):
        hours.learn(day * DAY, mean)
    assert hours.usual(0.0) == pytest.approx(5.0)


def test_newer_days_count_more() -> None:
    hours = Hours(share=0.5)
    for day in range(40):
        hours.learn(day * DAY, 0.0 if day < 20 else 10.0)
    assert hours.usual(0.0) == pytest.approx(10.0, abs=0.01)


def test_a_mean_keeps_five_digits() -> None:
    hours = Hours()
    for hour, mean in enumerate([math.pi, -1e-20 / 3, 1e20 / 7, 0.0, -math.e]):
        hours.learn(hour * HOUR, mean)
        assert hours.usual(hour * HOUR) == pytest.approx(mean, rel=2**-16)


@pytest.mark.parametrize("huge", [1e39, -1e90])
def test_a_mean_that_does_not_fit_is_the_largest_that_does(huge: float) -> None:
    hours = Hours()
    hours.learn(0.0, huge)
    assert hours.usual(0.0) == pytest.approx(math.copysign(3e38, huge), rel=1e-4)
    for day in range(1, 60):
        hours.learn(day * DAY, 1.0)
    assert abs(hours.usual(0.0)) < 1e34  # forgotten like any other value


@pytest.mark.parametrize("at", [-1e-20, -1.0, -DAY, 1e18, 1e300, -1e300])
def test_any_time_has_a_slot(at: float) -> None:
    hours = Hours(slots=168)
    hours.learn(at, 3.0)
    assert hours.usual(at) == 3.0
