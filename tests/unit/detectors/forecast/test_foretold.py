"""What became of earlier forecasts corrects the next one."""

import json
import math
from statistics import NormalDist

import pytest

from detectors.forecast.foretold import MOST, Foretold
from domain.errors import StateError
from tests.support.timelines import noise

EVEN = 1.0
LIKELY = 4.0  # 80 %


def settled(*outcomes: bool, odds: float = LIKELY) -> Foretold:
    """A record of statements that came true in time, or did not."""
    record = Foretold()
    for number, came in enumerate(outcomes):
        at = 100.0 * number
        record.told(odds, at + 60)
        if came:
            record.came(at + 30)
        else:
            record.expire(at + 61, counts=True)
    return record


def outcomes(share: float, count: int, seed: int) -> list[bool]:
    """So many, of which about this share came true."""
    return [number < NormalDist().inv_cdf(share) for number in noise(count, seed, centre=0.0, spread=1.0)]


def probability(record: Foretold, odds: float = LIKELY) -> float:
    odds = record.corrected(odds)
    return odds / (1 + odds)


def loss(said: float, *, came: bool) -> float:
    return -math.log(said if came else 1 - said)


def test_a_record_of_nothing_changes_nothing() -> None:
    assert Foretold().corrected(LIKELY) == LIKELY


def test_what_turned_back_before_is_believed_less_and_what_went_on_more() -> None:
    assert probability(settled(False, False, False)) < 0.75
    assert probability(settled(True, True, True)) > 0.8


def test_a_breach_that_comes_too_late_is_none() -> None:
    record = Foretold()
    record.told(LIKELY, 60.0)
    record.came(61.0)
    assert probability(record) < 0.8


def test_a_ramp_counts_once_in_each_band_however_often_it_is_forecast() -> None:
    once, often = Foretold(), Foretold()
    for odds in (1.0, 3.0, 5.0, 20.0):
        once.told(odds, 60.0)
        for _ in range(50):
            often.told(odds, 60.0)
    once.came(10.0)
    often.came(10.0)
    assert often.corrected(EVEN) == once.corrected(EVEN) != EVEN


def test_what_was_hardly_likely_is_held_against_nothing() -> None:
    assert settled(*[False] * 50, odds=0.8).corrected(LIKELY) == LIKELY
    assert settled(*[True] * 50, odds=0.8).corrected(LIKELY) == LIKELY


def test_what_people_dealt_with_is_not_held_against_a_forecast() -> None:
    record = Foretold()
    record.told(LIKELY, 60.0)
    record.expire(30.0, counts=False)
    record.expire(61.0, counts=True)
    assert record.corrected(LIKELY) == LIKELY


def test_it_converges_to_the_share_that_comes_true() -> None:
    records = [settled(*outcomes(0.4, 150, seed)) for seed in range(40)]
    assert sum(map(probability, records)) / len(records) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("labels", [1, 3, 10, 40])
def test_with_few_labels_it_is_hardly_worse_than_without_where_the_formula_is_right(labels: int) -> None:
    with_it = without = 0.0
    for seed in range(300):
        *known, came = outcomes(0.8, labels + 1, seed)
        with_it += loss(probability(settled(*known)), came=came)
        without += loss(0.8, came=came)
    assert with_it / without < 1.05


def test_where_the_formula_is_wrong_few_labels_make_it_better() -> None:
    came = [False, False, True, False, False]
    with_it = sum(loss(probability(settled(*came[:n])), came=came[n]) for n in range(1, 5))
    assert with_it < 0.9 * sum(loss(0.8, came=each) for each in came[1:])


def test_what_is_nearly_there_is_told_however_often_it_turned_back() -> None:
    record = settled(*[False] * 1000, odds=100.0)
    assert record.corrected(1.0) == pytest.approx(1 / MOST)
    assert probability(record, odds=100.0) > 0.8
    assert settled(*[True] * 1000, odds=EVEN).corrected(1.0) == pytest.approx(MOST)


def test_a_snapshot_continues_identically() -> None:
    first, second = settled(True, False), Foretold()
    for odds in (1.0, 20.0):
        first.told(odds, 500.0)
    second.restore(json.loads(json.dumps(first.snapshot())))
    for record in (first, second):
        record.expire(501.0, counts=True)
    assert second.snapshot() == first.snapshot()
    assert second.corrected(1.0) == first.corrected(1.0) < settled(True, False).corrected(1.0)


@pytest.mark.parametrize("damaged", [None, [], ["x", []], [0.0, [[1, 2.0]]], [0.0, None]])
def test_a_damaged_record_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Foretold().restore(damaged)  # type: ignore[arg-type]
