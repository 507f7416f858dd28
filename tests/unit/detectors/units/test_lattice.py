"""Round numbers, and what becomes of them when they are counted in another unit."""

import pytest

from detectors.units.lattice import MOST, carried, grain

WHOLE = [12.0, 7.0, 31.0, 5.0, 18.0, 44.0, 9.0, 27.0]


@pytest.mark.parametrize(
    ("values", "power"),
    [
        (WHOLE, 0),
        ([value / 100 for value in WHOLE], -2),
        ([300.0, 4500.0, 600.0], 2),
        ([1234.0, 0.5], None),  # five digits
        ([3.14159265, 2.71828183], None),
        ([1e-300, 3e-300], -300),
    ],
)
def test_the_grain_is_the_power_of_ten_of_which_all_values_are_multiples(values: list[float], power: int) -> None:
    assert grain(values) == power


@pytest.mark.parametrize("factor", [8.0, 60.0, 1024.0, 3600.0, 1 / 8, 1 / 60, 1 / 3600])
def test_a_change_of_unit_takes_the_grain_along(factor: float) -> None:
    after = [float(f"{value * factor:.6g}") for value in WHOLE]  # as exporters write it
    assert carried(grain(WHOLE), after, factor) == MOST


@pytest.mark.parametrize("factor", [8.0, 60.0, 1 / 8, 1 / 60])
def test_values_that_are_as_round_as_before_say_nothing(factor: float) -> None:
    after = [float(round(value * factor + 3)) for value in WHOLE]
    assert carried(grain(WHOLE), after, factor) < 1.0


@pytest.mark.parametrize("factor", [10.0, 100.0, 1000.0, 0.01, 0.001])
def test_powers_of_ten_say_nothing_for_values_are_rounded_to_them(factor: float) -> None:
    assert carried(grain(WHOLE), [value * factor for value in WHOLE], factor) == 0.0


def test_values_with_many_digits_say_nothing() -> None:
    assert carried(grain([3.14159265, 2.71828183]), [25.1, 21.7], 8.0) == 0.0
    assert carried(grain([3.14159265, 2.71828183]), [25.13274120, 21.74625464], 8.0) == 0.0
