"""What the level of a series calls unusual, and for how long."""

from collections.abc import Sequence

import pytest

from detectors.values.level import NUMBER, agreed
from domain.anomaly import Anomalous
from tests.support.detectors import a_level
from tests.support.timelines import START, noise

FIVE_MINUTES, PER_DAY = 300.0, 288


def found(values: Sequence[float], step_s: float) -> list[int]:
    """The positions that are findings."""
    detector = a_level()
    verdicts = [detector.observe(START + i * step_s, value) for i, value in enumerate(values)]
    return [i for i, verdict in enumerate(verdicts) if isinstance(verdict, Anomalous)]


def findings(values: Sequence[float]) -> list[Anomalous]:
    """The verdicts on values by the second that are findings."""
    detector = a_level()
    verdicts = [detector.observe(START + i, value) for i, value in enumerate(values)]
    return [verdict for verdict in verdicts if isinstance(verdict, Anomalous)]


@pytest.mark.parametrize("hour", ["the same hour", "any hour"])
def test_a_spike_once_a_day_is_quiet_within_five_weeks(hour: str) -> None:
    values = noise(45 * PER_DAY)
    for day in range(45):
        values[day * PER_DAY + (100 if hour == "the same hour" else (day * 101) % PER_DAY)] += 40.0
    days = {i // PER_DAY for i in found(values, FIVE_MINUTES)}
    assert len({day for day in days if day < 10}) >= 5
    assert not {day for day in days if day >= 35}


@pytest.mark.parametrize("step_s", [60.0, FIVE_MINUTES])
@pytest.mark.parametrize("later", [150, 500, 2000])
def test_after_a_level_shift_a_step_half_as_large_is_seen_again(step_s: float, later: int) -> None:
    values = [v + (40.0 if i >= 3000 else 0.0) for i, v in enumerate(noise(3000 + later + 10))]
    values[3000 + later :] = [v + 20.0 for v in values[3000 + later :]]
    places = found(values, step_s)
    assert 3000 in places
    assert [i for i in places if i >= 3000 + later]
    assert not [i for i in places if 3100 <= i < 3000 + later]


@pytest.mark.parametrize("step_s", [1.0, 60.0, FIVE_MINUTES])
def test_plain_noise_is_rarely_a_finding_whatever_its_rhythm(step_s: float) -> None:
    assert len(found(noise(15_000, seed=4), step_s)) <= 10


@pytest.mark.parametrize("new_on", [1, 7])
def test_a_season_that_is_new_does_not_call_the_morning_unusual_because_it_knows_the_night(new_on: int) -> None:
    minutes, night = 1440, 8 * 60
    values = noise((new_on + 1) * minutes)
    busy = [value if i % minutes < night else 50.0 + 10.0 * (value - 50.0) for i, value in enumerate(values)]
    shift = int(START % 86_400 / 60.0)  # so that the nights are those of the clock, and the series begins with one
    detector = a_level()
    verdicts = [detector.observe(START + (i - shift) * 60.0, value) for i, value in enumerate(busy)]
    assert sum(isinstance(verdict, Anomalous) for verdict in verdicts[new_on * minutes :]) <= 4


@pytest.mark.parametrize("taking_part", [2, 4, NUMBER])
def test_what_all_residuals_say_a_little_outweighs_what_one_says_aloud(taking_part: int) -> None:
    assert agreed(taking_part * 0.3 ** (1 / 3), taking_part) > agreed(1.0, taking_part)
    assert agreed(NUMBER * 0.3 ** (1 / 3), NUMBER) == pytest.approx(0.3)


def test_fewer_residuals_say_less() -> None:
    assert agreed(2.0, 2) < agreed(4.0, 4) < agreed(6.0, NUMBER) == 1.0


def test_nothing_is_learnt_of_how_often_a_series_surprises_while_it_is_frozen() -> None:
    detector = a_level()
    for i, value in enumerate(noise(500)):
        detector.observe(START + i, value)
    before = detector.snapshot()
    for i in range(100):
        detector.observe(START + 500 + i, 50.0 + 2.0 * (i % 2), learn=False)
    assert detector.snapshot() == before


@pytest.mark.parametrize("seed", range(6))
def test_what_is_told_of_a_value_is_a_range_in_which_it_does_not_lie(seed: int) -> None:
    values = [value**3 for value in noise(6000, seed, centre=0.0)]
    told = [found.evidence for found in findings(values) if found.evidence.actual is not None]
    assert len(told) >= 10
    assert not [each for each in told if each.low <= (each.actual or 0.0) <= each.high]
    assert all(each.low <= each.expected <= each.high for each in told)


def test_a_value_to_which_the_level_does_not_drift_is_no_finding() -> None:
    pauses = [max(0.0, value - 55.0) for value in noise(3000)]  # nearly always 0
    for start in range(1000, 3000, 700):
        pauses[start : start + 40] = [30.0, 0.0, 40.0, 0.0] * 10
    told = [found.evidence for found in findings(pauses)]
    assert [each for each in told if "drifts" in each.detail]
    assert not [each for each in told if each.actual == 0]
