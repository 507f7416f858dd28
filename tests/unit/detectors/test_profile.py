"""What is usual at this time of day."""

import pytest

from detectors.profile import Profile
from domain.errors import StateError

DAY = 86400.0


def test_a_slot_is_unknown_until_it_was_left_once() -> None:
    profile = Profile(DAY, 24, 0.2)
    assert profile.compare(0.0, 5.0, learn=True) is None
    assert profile.compare(60.0, 7.0, learn=True) is None
    assert profile.compare(3600.0, 9.0, learn=True) is None
    assert profile.compare(DAY, 10.0, learn=True) == pytest.approx(4.0)  # 6 was usual at midnight


def test_newer_days_count_more() -> None:
    profile = Profile(DAY, 24, 0.5)
    for day in range(40):
        profile.compare(day * DAY, 0.0 if day < 20 else 10.0, learn=True)
        profile.compare(day * DAY + 3600, 0.0, learn=True)
    assert profile.compare(40 * DAY, 10.0, learn=False) == pytest.approx(0.0, abs=0.01)


def test_asking_without_learning_changes_nothing() -> None:
    profile = Profile(DAY, 24, 0.2)
    for hour in range(50):
        profile.compare(hour * 3600.0, float(hour), learn=True)
    before = profile.snapshot()
    profile.compare(50 * 3600.0, 1e6, learn=False)
    assert profile.snapshot() == before


def test_large_offsets_do_not_cost_precision() -> None:
    profile = Profile(DAY, 24, 0.2)
    for hour in range(49):
        profile.compare(hour * 3600.0, 1e12 + hour % 24, learn=True)
    assert profile.compare(DAY * 2 + 3600, 1e12 + 1.5, learn=False) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    "damaged", [None, [], [1, 2.0, 3, 4.0, "AA==", "AA=="], [99, 2.0, 3, 4.0, "", ""], [1, 2.0, 3, 4.0, "?", "?"]]
)
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Profile(DAY, 24, 0.2).restore(damaged)  # type: ignore[arg-type]
