"""Counters, repeats, late data and values that are no numbers."""

import math

import pytest

from detectors.arrival.features import LARGEST, Refusal, judged
from domain.telemetry import SampleKind

GAUGE, COUNTER = SampleKind.GAUGE, SampleKind.COUNTER


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2 * LARGEST, -2 * LARGEST])
@pytest.mark.parametrize("kind", SampleKind)
def test_a_value_that_is_no_number_is_refused(value: float, kind: SampleKind) -> None:
    assert judged(2.0, value, kind, 1.0, 5.0) is Refusal.NOT_FINITE


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(at: float) -> None:
    assert judged(at, 5.0, GAUGE, -math.inf, 0.0) is Refusal.NOT_FINITE


def test_a_sample_at_the_same_time_is_a_repeat() -> None:
    assert judged(1.0, 6.0, GAUGE, 1.0, 0.0) is Refusal.DUPLICATE


def test_a_sample_before_its_predecessor_is_late() -> None:
    assert judged(1.0, 5.0, GAUGE, 2.0, 0.0) is Refusal.LATE
    assert judged(3.0, 7.0, GAUGE, 2.0, 0.0) == 7.0


def test_a_counter_becomes_its_rate_per_second() -> None:
    assert judged(0.0, 100.0, COUNTER, -math.inf, 0.0) is Refusal.NO_RATE
    assert judged(10.0, 150.0, COUNTER, 0.0, 100.0) == 5.0
    assert judged(12.0, 150.0, COUNTER, 10.0, 150.0) == 0.0


def test_a_counter_that_restarts_gives_no_rate() -> None:
    assert judged(1.0, 3.0, COUNTER, 0.0, 100.0) is Refusal.NO_RATE


def test_a_rate_that_is_too_large_is_none() -> None:
    assert judged(1e-300, 1e80, COUNTER, 0.0, 0.0) is Refusal.NO_RATE


def test_zero_is_a_value() -> None:
    assert judged(1.0, 0.0, GAUGE, 0.0, 1.0) == 0.0
