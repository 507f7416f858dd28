"""What a bank keeps of its series."""

import json
import math

import pytest

from detectors.arrival.features import Refusal
from detectors.params import DetectionParams
from detectors.series.bank import Bank, Series
from detectors.series.trace import FRESH as NO_SAMPLES
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import SampleKind
from tests.support.timelines import START

GAUGE, COUNTER = SampleKind.GAUGE, SampleKind.COUNTER
KEY = SeriesKey.of("payments-api", "requests_total", {"zone": "b"})


def a_bank() -> Bank:
    return Bank(DetectionParams(), [])


def a_series() -> Series:
    series = a_bank().get(KEY)
    assert series is not None
    return series


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (START + 1, math.nan, Refusal.NOT_FINITE),
        (math.inf, 5.0, Refusal.NOT_FINITE),
        (START, 5.0, Refusal.DUPLICATE),
        (START - 1, 5.0, Refusal.LATE),
    ],
)
@pytest.mark.parametrize("kind", SampleKind)
def test_a_refused_sample_leaves_no_trace(at: float, value: float, why: Refusal, kind: SampleKind) -> None:
    series = a_series()
    series.take(START, 7.0, kind)
    before = series.snapshot()
    assert series.take(at, value, kind) is why
    assert series.snapshot() == before


def test_a_counter_counts_on_from_a_restart() -> None:
    series = a_series()
    taken = [series.take(START + i, value, COUNTER) for i, value in enumerate([100.0, 103.0, 2.0, 6.0])]
    assert taken == [Refusal.NO_RATE, 3.0, Refusal.NO_RATE, 4.0]
    assert series.cadence.samples == 4


def test_a_key_is_kept_as_it_came_so_that_the_same_one_is_found_without_comparing_texts() -> None:
    assert a_series().key is KEY


def test_a_bank_continues_from_its_snapshot() -> None:
    first, second = a_bank(), a_bank()
    for i in range(50):
        series = first.get(KEY)
        assert series is not None
        series.take(START + i, float(i), COUNTER)
    second.restore(json.loads(json.dumps(first.snapshot())))
    again = second.get(KEY)
    assert again is not None
    assert again.expected
    assert [each.record for each in second] == [each.record for each in first]
    assert again.take(START + 50, 53.0, COUNTER) == 4.0


def test_a_series_with_an_objective_keeps_its_latest_samples_once_and_a_snapshot_of_before_still_fits() -> None:
    service = Service(ServiceId("payments-api"), objectives=(Objective("requests_total", 10.0, above=True),))
    without, with_one = a_bank(), Bank(DetectionParams(), [service])
    plain, watched = without.get(KEY), with_one.get(KEY)
    assert plain is not None
    assert watched is not None
    assert len(plain.record) - len(watched.record) == len(NO_SAMPLES)
    plain.take(START, 7.0, GAUGE)
    with_one.restore(json.loads(json.dumps(without.snapshot())))
    again = with_one.get(KEY)
    assert again is not None
    assert again.cadence == plain.cadence
    assert len(again.record) == len(watched.record)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("cut", [-4, None])
def test_a_record_of_another_size_or_byte_order_is_refused(order: str, cut: int | None) -> None:
    bank = a_bank()
    bank.get(KEY)
    (row,) = json.loads(json.dumps(bank.snapshot()))
    name, (own, text) = row[-1][0]
    row[-1][0] = [name, [order, text[:cut]]]
    if (order, cut) == (own, None):
        a_bank().restore([row])
        return
    with pytest.raises(StateError):
        a_bank().restore([row])


@pytest.mark.parametrize(("was_below", "told"), [(False, (0.0, 0.0, 0.0)), (True, (-0.75, -0.6, -0.4))])
def test_a_range_below_zero_is_told_only_of_a_series_that_was_there(
    was_below: bool, told: tuple[float, float, float]
) -> None:
    key = SeriesKey.of(ServiceId("payments-api"), "wait_ms")
    series = Bank(DetectionParams(), ()).get(key)
    assert series is not None
    series.signed = was_below
    found = series.plausible(Evidence("level", key, START, 0.07, -0.6, -0.75, -0.4, 0.99, START))
    assert (found.low, found.expected, found.high) == told
