"""What is counted is expected at whole numbers, wherever that can be said."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.values.whole import in_whole_numbers
from domain.anomaly import Anomaly, Evidence
from domain.identity import SeriesKey
from domain.telemetry import Sample
from tests.support.timelines import START

KEY = SeriesKey.of("payments-api", "workers_busy")
counts = st.integers(-50, 10**12).map(float)
sizes = st.floats(0.0, 1e12, allow_nan=False)
shares = st.floats(0.0, 1.0)


def told(value: float | None, low: float, expected: float, high: float) -> Evidence:
    return Evidence("level", KEY, START, value, expected, low, high, 0.99, START, "high: away from its recent level")


def edges(evidence: Evidence) -> tuple[float, float, float]:
    return evidence.low, evidence.expected, evidence.high


@given(st.lists(counts, min_size=1, max_size=24), counts, sizes, shares, shares, st.booleans())
def test_a_range_of_what_is_counted_is_whole_and_the_value_stays_outside(
    before: list[float], value: float, away: float, share: float, middle: float, above: bool
) -> None:
    assume(set(before) != {value})
    width, side = away * share, 1.0 if above else -1.0
    nearer, farther = sorted((value - side * (away + 1e-9), value - side * (away + width)))
    found = told(value, nearer, min(max(nearer + middle * (farther - nearer), nearer), farther), farther)
    assume(not found.low <= value <= found.high)
    now = in_whole_numbers(found, [*before, value])
    assert now.low <= now.expected <= now.high
    assert value > now.high if value > found.high else value < now.low
    if now == found and not now.low.is_integer():  # what is usual is nearest to the very value that is told
        assert round(found.expected) == value
        assert math.ceil(found.low) > math.floor(found.high)
    else:
        assert now.low.is_integer()
        assert now.high.is_integer()
        assert found.low - 1 < now.low
        assert now.high < found.high + 1


@pytest.mark.parametrize("low", [-math.inf, math.nan])
@pytest.mark.parametrize("high", [math.inf, math.nan])
def test_a_range_without_ends_stays_as_it_is(low: float, high: float) -> None:
    found = told(0.0, low, math.nan, high)
    assert in_whole_numbers(found, [1.0, 0.0]) is found


@pytest.mark.parametrize(
    ("value", "usual", "expected"),
    [
        (0.0, (0.827, 0.96, 1.1), (1.0, 1.0, 1.0)),  # up or down
        (0.0, (0.6, 0.72, 0.84), (1.0, 1.0, 1.0)),
        (1.0, (0.0, 0.1, 0.409), (0.0, 0.0, 0.0)),
        (13.0, (6.67, 7.9, 9.23), (7.0, 7.9, 9.0)),
        (9.0, (2.2, 2.5, 2.8), (2.0, 2.5, 3.0)),  # none lies between: those on both sides
        (3.0, (2.2, 2.4, 2.6), (2.0, 2.0, 2.0)),
        (0.0, (0.01, 0.1, 0.19), (0.01, 0.1, 0.19)),  # nearly always 0, like this time: nothing whole is truer
        (5.0, (4.2, 4.9, 5.6), (4.2, 4.9, 5.6)),  # as expected: told in other words
    ],
)
def test_a_range_is_rounded_inwards(
    value: float, usual: tuple[float, float, float], expected: tuple[float, float, float]
) -> None:
    assert edges(in_whole_numbers(told(value, *usual), [1.0, 2.0, value])) == expected


@pytest.mark.parametrize(
    ("value", "latest"),
    [
        (0.0, [1.0, 0.5, 0.0]),  # it has been between
        (0.0, [0.0, 0.0, 0.0]),  # a share that rests
        (0.5, [1.0, 2.0, 0.5]),
        (None, [1.0, 2.0]),
    ],
)
def test_a_range_of_what_is_measured_stays_as_it_is(value: float | None, latest: Sequence[float]) -> None:
    found = told(value, 0.827, 0.96, 1.1)
    assert in_whole_numbers(found, latest) == found


def anomalies(values: Sequence[Sequence[float]]) -> list[Anomaly]:
    detection, said = Detection(DetectionParams()), list[Anomaly]()
    for minute, row in enumerate(values):
        for number, value in enumerate(row):
            key = SeriesKey.of("notifier", "up", {"pod": f"n{number}"})
            said += detection.observe(Sample(key, value, START + 60.0 * minute + number))[1]
    return said


def test_a_process_that_is_down_is_expected_to_be_up() -> None:
    calm = [[1.0, 1.0, 1.0]] * 2000
    opened, *_ = anomalies([*calm, *[[1.0, 0.0, 1.0]] * 3, *calm[:20]])
    leading = opened.evidence[0]
    assert (leading.actual, leading.low, leading.high) == (0.0, 1.0, 1.0)


def test_a_share_is_expected_between_whole_numbers() -> None:
    calm = [[0.9 + 0.001 * (minute % 7), 1.0] for minute in range(2000)]
    opened, *_ = anomalies([*calm, *[[0.0, 1.0]] * 3, *calm[:20]])
    leading = opened.evidence[0]
    assert leading.detector != AGREEMENT
    assert 0.8 < leading.low < leading.high < 1.0
