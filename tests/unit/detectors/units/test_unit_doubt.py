"""What speaks for a change of unit, and what for an incident."""

import math
from itertools import accumulate

import pytest

from detectors.units.unit_doubt import Doubt, doubted, likeliest
from detectors.units.unit_jump import CLAIM
from tests.support.timelines import noise

SEEN = Doubt(since=0.0, gap_s=1.0, distance=0.0, off=0.02, growth=0.0, unsure=0.2, drift=0.0, still=0.1)


@pytest.mark.parametrize("factor", [60.0, 1 / 60])
def test_where_samples_follow_each_other_the_last_before_and_the_first_after_tell_the_factor(factor: float) -> None:
    steps = noise(40, centre=0.0, spread=0.01)
    walk = [50.0 * math.exp(log) for log in accumulate(steps)]
    found = doubted(walk[:24], [value * factor for value in walk[24:]])
    assert found is not None
    assert found.off == pytest.approx(0.01, rel=0.5)
    assert likeliest(found)[0] == factor
    assert likeliest(found)[1] > CLAIM


def test_a_level_that_is_further_off_than_noise_allows_is_held_against_the_unit_but_not_for_ever() -> None:
    exact, off = (SEEN._replace(distance=math.log(1000.0) + error * SEEN.off) for error in (0.0, 4.0))
    lost = likeliest(exact)[1] - likeliest(off)[1]
    assert 1.0 < lost < 3.0  # of a Gaussian it would be 3.5 nines


def test_a_thousand_is_said_where_it_may_be_1024_as_well() -> None:
    between = SEEN._replace(distance=math.log(1014.0))
    assert likeliest(between)[0] == 1000.0
    assert likeliest(SEEN._replace(distance=math.log(1024.0), off=0.002))[0] == 1024.0


@pytest.mark.parametrize("before", [[0.0, 5.0] * 12, [-1.0, 5.0, 7.0, 9.0] * 6, noise(8)])
def test_a_series_without_a_shape_is_left_to_others(before: list[float]) -> None:
    assert doubted(before, [value * 1000 for value in before]) is None
