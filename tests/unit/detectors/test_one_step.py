"""What counts things, such as nodes that are up: one fewer is on its way to nothing, unless the next is too many."""

import pytest

from detectors.forecast.heading import ForecastParams
from detectors.forecast.trend import TrendForecaster
from domain.anomaly import Forecast
from domain.identity import SeriesKey
from domain.journeys import Objective
from tests.support.timelines import START

NODES = SeriesKey.of("authoriser", "nodes_up")
FALLEN = Objective("nodes_up", 2.0, above=False)  # one node is not enough
BUSY = Objective("workers_busy", 6.0, above=True)


def watched(values: list[float], objective: Objective = FALLEN) -> tuple[bool, list[Forecast]]:
    """Return whether the last value is on its way to the limit, and what was foreseen on the way there."""
    forecaster = TrendForecaster(NODES, objective, ForecastParams())
    said = [forecaster.observe(START + 15.0 * i, value, learn=True) for i, value in enumerate(values)]
    return forecaster.coming, [forecast for forecast in said if forecast is not None]


@pytest.mark.parametrize(
    ("latest", "coming"),
    [
        ([3.0, 3.0], False),
        ([3.0] * 40, False),  # it stays so
        ([3.0, 2.0], True),  # two of them, and the next is one too many
        ([1.0], True),  # beyond the limit
        ([3.5, 3.0], True),  # it counts nothing: these are no steps
    ],
)
def test_one_node_of_four_is_not_on_its_way_to_a_limit_of_two(latest: list[float], coming: bool) -> None:
    assert watched([4.0] * 80 + latest)[0] is coming


def test_one_step_is_enough_where_the_next_one_is_beyond_the_limit() -> None:
    assert watched([3.0] * 80 + [2.0, 2.0])[0]


@pytest.mark.parametrize(("latest", "coming"), [([3.0, 3.0], False), ([3.0, 4.0], True)])
def test_the_same_holds_upwards(latest: list[float], coming: bool) -> None:
    assert watched([2.0] * 80 + latest, BUSY)[0] is coming


def test_nodes_that_are_replaced_one_by_one_are_no_trend() -> None:
    rolling = [value for _ in range(4) for value in [3.0] * 12 + [4.0] * 4]
    assert watched([4.0] * 80 + rolling)[1] == []


def test_workers_that_become_busy_one_by_one_are_one() -> None:
    coming, foreseen = watched([1.0] * 80 + [float(1 + i // 10) for i in range(55)], BUSY)
    assert coming
    assert foreseen
