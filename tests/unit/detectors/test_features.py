"""Counters, repeats, late data and values that are no numbers."""

import math

import pytest

from detectors.features import LARGEST, Feature, Refusal
from domain.errors import StateError
from domain.telemetry import SampleKind

GAUGE, COUNTER = SampleKind.GAUGE, SampleKind.COUNTER


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2 * LARGEST, -2 * LARGEST])
@pytest.mark.parametrize("kind", SampleKind)
def test_a_value_that_is_no_number_is_refused_and_leaves_no_trace(value: float, kind: SampleKind) -> None:
    feature = Feature()
    feature.take(1.0, 5.0, kind)
    before = feature.snapshot()
    assert feature.take(2.0, value, kind) is Refusal.NOT_FINITE
    assert feature.snapshot() == before


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(at: float) -> None:
    assert Feature().take(at, 5.0, GAUGE) is Refusal.NOT_FINITE


def test_a_sample_at_the_same_time_is_a_repeat_and_the_first_wins() -> None:
    feature = Feature()
    assert feature.take(1.0, 5.0, GAUGE) == 5.0
    assert feature.take(1.0, 6.0, GAUGE) is Refusal.DUPLICATE


def test_a_sample_before_its_predecessor_is_late() -> None:
    feature = Feature()
    feature.take(2.0, 5.0, GAUGE)
    assert feature.take(1.0, 5.0, GAUGE) is Refusal.LATE
    assert feature.take(3.0, 7.0, GAUGE) == 7.0


def test_a_counter_becomes_its_rate_per_second() -> None:
    feature = Feature()
    assert feature.take(0.0, 100.0, COUNTER) is Refusal.NO_RATE
    assert feature.take(10.0, 150.0, COUNTER) == 5.0
    assert feature.take(12.0, 150.0, COUNTER) == 0.0


def test_a_counter_that_restarts_gives_no_rate_once_and_counts_on_from_there() -> None:
    feature = Feature()
    feature.take(0.0, 100.0, COUNTER)
    assert feature.take(1.0, 3.0, COUNTER) is Refusal.NO_RATE
    assert feature.take(2.0, 7.0, COUNTER) == 4.0


def test_zero_is_a_value() -> None:
    assert Feature().take(1.0, 0.0, GAUGE) == 0.0


@pytest.mark.parametrize("damaged", [None, [], [1.0], ["x", 2.0], {"at": 1}])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Feature().restore(damaged)  # type: ignore[arg-type]
