"""What comes at the beginning of a series, and what is gigantic, does not decide what is told later."""

from collections.abc import Sequence

import pytest

from detectors.calibration import nines_of
from detectors.values.beginning import Beginning, middle
from domain.anomaly import Anomalous, Normal, Warming
from tests.support.detectors import a_level
from tests.support.timelines import START, noise

MINUTE, PER_DAY = 60.0, 1440


def rarities(values: Sequence[float], step_s: float = MINUTE) -> list[float]:
    """The nines of every sample, 0 while the series is warming up."""
    detector = a_level()
    verdicts = [detector.observe(START + i * step_s, value) for i, value in enumerate(values)]
    return [nines_of(v.score) if isinstance(v, Normal | Anomalous) else 0.0 for v in verdicts]


def with_a_fault(values: Sequence[float], at: int, size: float = 20.0) -> list[float]:
    return [value + (size if at <= i < at + 5 else 0.0) for i, value in enumerate(values)]


@pytest.mark.parametrize("gigantic", [200.0, 1e5, -1e9])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 20, 50, 99, 150, 400])
def test_one_gigantic_value_hides_no_fault(place: int, gigantic: float) -> None:
    values = noise(700, spread=2.0)
    values[place] += gigantic
    assert max(rarities(with_a_fault(values, 600))[600:605]) > 2.0


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_gigantic_value_among_the_first_three_hides_no_fault_soon_after_the_warm_up(place: int) -> None:
    values = noise(130, spread=2.0)
    values[place] += 1e5
    assert max(rarities(with_a_fault(values, 120))[120:125]) > 1.63


@pytest.mark.parametrize("times", [10, 1000])
@pytest.mark.parametrize("samples", [5, 20, 50])
def test_a_process_that_starts_with_other_values_hides_no_fault(samples: int, times: int) -> None:
    values = [value * (times if i < samples else 1) for i, value in enumerate(noise(900, spread=2.0))]
    assert max(rarities(with_a_fault(values, 800))[800:805]) > 2.0


@pytest.mark.parametrize("place", [150, 2000])
def test_a_gigantic_value_is_told_and_leaves_no_echo_on_the_days_after_it(place: int) -> None:
    quiet, values = noise(4 * PER_DAY, spread=2.0), noise(4 * PER_DAY, spread=2.0)
    values[place] += 1e6
    told, without = rarities(values), rarities(quiet)
    assert told[place] > 2.0
    more = [i for i in range(place + 1, len(values)) if told[i] >= 1.3 > without[i]]
    assert len(more) <= 2


def test_a_level_that_is_gigantic_and_stays_is_learnt() -> None:
    values = [value + (1e6 if i >= 1000 else 0.0) for i, value in enumerate(noise(3000, spread=2.0))]
    told = rarities(values)
    assert told[1000] > 2.0
    assert max(told[1500:]) < 1.3


def test_a_zero_with_which_a_process_begins_is_not_its_level() -> None:
    assert max(rarities([0.0, *[100.0] * 300])) == 0


@pytest.mark.parametrize("times", [1.0, 1e4])
@pytest.mark.parametrize("samples", [1, 5, 50])
def test_a_process_that_starts_and_then_stands_still_hides_no_fault(samples: int, times: float) -> None:
    values = [0.08 * times] * samples + [0.0] * 900
    for fault in (300, 700):
        values[fault] = 0.08
    told = rarities(values)
    assert told[300] > 2.0
    assert told[700] > 2.0


def test_a_series_that_stands_still_after_an_early_pause_is_known_for_good() -> None:
    detector = a_level()
    verdicts = [detector.observe(START + i * MINUTE, 0.08 if i == 12 else 0.0) for i in range(900)]
    assert not [i for i, verdict in enumerate(verdicts) if i > 300 and isinstance(verdict, Warming)]


def test_while_it_begins_a_series_is_warming_up_and_frozen_it_learns_nothing() -> None:
    detector = a_level()
    before = detector.snapshot()
    for i in range(3):
        assert detector.observe(START + i, 5.0, learn=False) == Warming(0.0)
    assert detector.snapshot() == before
    for i in range(3):
        assert detector.observe(START + i, 5.0) == Warming(0.0)
    assert isinstance(detector.observe(START + 3, 5.0), Warming)


@pytest.mark.parametrize(("newer", "forgotten"), [(1.0, False), (1 / 26.0, False), (1 / 28.0, True), (0.0, True)])
def test_the_older_half_is_forgotten_when_the_newer_one_is_far_calmer(newer: float, forgotten: bool) -> None:
    beginning = Beginning(0)
    record = bytearray(beginning.fresh)
    assert beginning.outgrown(record, 64.0) == 0  # nothing is older
    beginning.remember(record, 64.0)
    found = beginning.outgrown(record, (64.0 + 64.0 * newer) / 2)
    assert (found > 0) is forgotten
    assert not forgotten or found == pytest.approx(64.0 * newer, abs=1e-12)


def test_the_middle_of_three_values_is_given_with_the_distance_of_the_nearer_of_the_others() -> None:
    assert middle((5.0, 1e9, 3.0)) == (5.0, 2.0)
    assert middle((0.0, 7.0, 7.0)) == (7.0, 0.0)
