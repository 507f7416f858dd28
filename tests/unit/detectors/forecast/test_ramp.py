"""Where a value on its way leads."""

import math
from collections.abc import Callable
from statistics import mean

import pytest

from detectors.forecast.ramp import bend, fit, time_left
from tests.support.timelines import START, noise

Shape = Callable[[float], float]


def points(
    shape: Shape, count: int = 60, spread: float = 0.0, step_s: float = 1.0, seed: int = 7
) -> list[tuple[float, float]]:
    chance = noise(count, seed, centre=0.0, spread=spread) if spread else [0.0] * count
    return [(START + i * step_s, shape(i * step_s) + chance[i]) for i in range(count)]


def ahead(shape: Shape, limit: float, count: int = 60, spread: float = 0.0, seed: int = 7) -> float:
    """Seconds from the last point to the limit, as foreseen."""
    known = points(shape, count, spread, seed=seed)
    line = fit(known)
    assert line is not None
    return time_left(limit - line.value, line.slope, bend(known, line.slope), known[-1][0] - known[0][0])


def test_a_line_is_fitted_exactly() -> None:
    line = fit([(START + i, 5.0 - 2.0 * i) for i in range(10)])
    assert line is not None
    assert line.value == pytest.approx(-13.0)
    assert line.slope == pytest.approx(-2.0)
    assert line.slope_error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("least", [0.5, 1.0, 4.0])
def test_a_slope_without_so_many_of_its_errors_is_no_line(least: float) -> None:
    kept = 0
    for seed in range(200):
        known = points(lambda t: 0.05 * t, count=20, spread=0.5, seed=seed)
        line = fit(known)
        assert line is not None
        clear = abs(line.slope) >= least * line.slope_error
        assert fit(known, least) == (line if clear else None)
        kept += clear
    assert 0 < kept < 200


def test_no_line_without_time() -> None:
    assert fit([(START, 1.0), (START, 2.0)]) is None


def test_what_is_straight_goes_on_straight() -> None:
    assert ahead(lambda t: 2.0 * t, limit=200.0) == pytest.approx(41.0, rel=0.01)


def test_noise_bends_a_line_little() -> None:
    off = [abs(ahead(lambda t: 2.0 * t, limit=200.0, spread=10.0, seed=seed) / 41.0 - 1) for seed in range(60)]
    assert mean(off) < 0.17  # a bend that is taken at its word: 0.22


def test_a_bend_counts_only_as_far_as_it_is_sure() -> None:
    straight = [[(START + i, i + n) for i, n in enumerate(noise(30, seed, 0.0, 10.0))] for seed in range(60)]
    assert sum(abs(bend(known, 1.0)) for known in straight) / len(straight) < 0.33  # the slopes alone: 0.43


@pytest.mark.parametrize("limit", [100.0, 400.0])
def test_what_grows_by_the_same_factor_in_the_same_time_is_foreseen_better_than_by_a_line(limit: float) -> None:
    shape: Shape = lambda t: math.exp(t / 15)  # noqa: E731 - named for the parameter that it is
    known = points(shape)
    line = fit(known)
    assert line is not None
    truth = 15 * math.log(limit) - 59
    straight, foreseen = (limit - line.value) / line.slope, ahead(shape, limit)
    assert abs(foreseen - truth) < 0.4 * abs(straight - truth)


def test_what_levels_off_short_of_the_limit_never_reaches_it() -> None:
    def levels_off(t: float) -> float:
        return 80.0 * (1 - math.exp(-t / 25))

    assert ahead(levels_off, limit=100.0) == math.inf
    assert ahead(levels_off, limit=75.0) < 40.0


def test_a_fall_bends_like_a_rise() -> None:
    rise, fall = bend(points(lambda t: t * t), 59.0), bend(points(lambda t: -t * t), -59.0)
    assert rise == pytest.approx(fall)
    assert rise > 0.3


def test_the_unit_of_time_and_value_changes_nothing() -> None:
    def quick(t: float) -> float:
        return 1 + t + 0.02 * t * t

    seconds = points(quick)
    hours = [(START + 3600 * (at - START), 1e6 * value) for at, value in seconds]
    here, there = fit(seconds), fit(hours)
    assert here is not None
    assert there is not None
    bent = bend(seconds, here.slope)
    assert bend(hours, there.slope) == pytest.approx(bent)
    near, far = time_left(50.0, here.slope, bent, 59.0), time_left(50e6, there.slope, bent, 59.0 * 3600)
    assert far == pytest.approx(3600 * near)


def test_a_bend_of_nothing_is_none() -> None:
    assert bend([(START + i, 5.0) for i in range(20)], 1.0) == 0.0
    assert bend([(START, 5.0), (START + 1, 6.0)], 1.0) == 0.0  # no half has a slope
