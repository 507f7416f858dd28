"""The record that decides whether what was learnt may speak."""

import json

import pytest

from detectors.anomalies.fusion import Fusion, FusionParams
from detectors.anomalies.outlook import Outlook
from detectors.incidents.trust import Trust, at_least
from domain.errors import StateError
from domain.identity import ServiceId
from domain.state import Plain
from tests.support.builders import T0, an_evidence

HOUR, SURE = 3600.0, 0.5


def called(hits: int, misses: int) -> Trust:
    """A record with one incident a day."""
    trust = Trust(HOUR, SURE)
    trust.begin(T0)
    for day in range(hits + misses):
        at = T0 + 24 * HOUR * (day + 1)
        trust.call(at, SURE)
        if day >= misses:
            trust.happened(at + HOUR / 2)
        trust.expire(at + 3 * HOUR)
    return trust


@pytest.mark.parametrize(("hits", "misses", "may"), [(3, 0, False), (4, 0, True), (4, 2, False), (12, 3, True)])
def test_it_may_call_when_the_lower_end_of_its_share_is_above_half(hits: int, misses: int, *, may: bool) -> None:
    assert (called(hits, misses).earned(T0 + 24 * HOUR * (hits + misses + 1)) is not None) is may


def test_where_only_surer_calls_come_true_only_those_are_made() -> None:
    """Each second call at one half is wrong, but none at 0.8."""
    trust = Trust(HOUR, SURE)
    trust.begin(T0)
    for day in range(1, 21):
        at = T0 + 24 * HOUR * day
        trust.call(at, 0.8 if day % 2 else 0.6)
        if day % 2:
            trust.happened(at + HOUR / 2)
        trust.expire(at + 3 * HOUR)

    earned = trust.earned(T0 + 21 * 24 * HOUR)
    assert earned is not None
    assert earned.bar == 0.75
    assert earned.share_right > 0.85
    assert trust.calls[SURE].share_right == pytest.approx(0.5, abs=0.05)


def test_what_a_person_says_settles_every_call_that_stands() -> None:
    trust = Trust(HOUR, SURE)
    trust.call(T0, 0.8)
    trust.answered(T0 + 2 * HOUR, came=True)
    trust.answered(T0 + HOUR / 2, came=False)
    trust.answered(T0 + HOUR / 2, came=False)
    assert [(calls.hits, calls.misses) for calls in trust.calls.values()] == [(0.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def test_after_a_restart_calls_count_at_the_bars_that_are_still_asked_for() -> None:
    before = called(12, 3)
    same, other = Trust(HOUR, SURE), Trust(HOUR, 0.75)
    for trust in (same, other):
        trust.restore(json.loads(json.dumps(before.snapshot())))

    now = T0 + 400 * HOUR
    assert same.snapshot() == before.snapshot()
    assert same.earned(now) == before.earned(now) is not None
    assert other.earned(now) is None


def test_the_interval_is_wilsons() -> None:
    assert at_least(0, 0) == 0.0
    assert at_least(10, 10) == pytest.approx(0.787, abs=0.001)  # 1 / (1 + 1.645^2 / 10)
    assert at_least(5, 10) == pytest.approx(0.269, abs=0.001)


def test_with_incidents_all_day_long_nothing_is_foretold() -> None:
    trust = Trust(HOUR, SURE)
    trust.begin(T0)
    for number in range(50):
        at = T0 + HOUR * number
        trust.call(at, SURE)
        trust.happened(at + 60)
    now = T0 + 50 * HOUR
    assert trust.calls[SURE].hits > 15
    assert trust.chance(now) > 0.9
    assert trust.earned(now) is None


def test_chance_is_the_share_of_time_that_precedes_an_incident() -> None:
    trust = Trust(HOUR, SURE)
    trust.begin(T0)
    for day in range(1, 11):
        trust.happened(T0 + 24 * HOUR * day)
    assert trust.chance(T0 + 240 * HOUR) == pytest.approx(5 / 96, rel=0.01)  # of late: five in four days
    assert trust.chance(T0 + 2400 * HOUR) == pytest.approx(10 / 2400, rel=0.01)


def test_a_call_stands_for_a_whole_horizon_and_comes_true_once() -> None:
    trust = Trust(HOUR, SURE)
    for minute in range(50):
        trust.call(T0 + 60 * minute, SURE)
    trust.happened(T0 + 55 * 60)
    trust.happened(T0 + 58 * 60)
    assert (trust.calls[SURE].hits, trust.calls[SURE].misses) == (1.0, 0.0)


def test_a_call_that_nothing_followed_in_time_was_wrong() -> None:
    trust = Trust(HOUR, SURE)
    trust.call(T0, SURE)
    trust.happened(T0 + 2 * HOUR)
    trust.expire(T0 + HOUR)
    assert (trust.calls[SURE].hits, trust.calls[SURE].misses) == (0.0, 1.0)


@pytest.mark.parametrize(("right", "may"), [(0.8, True), (0.3, False)])
def test_it_may_weigh_when_it_tells_patterns_apart_better_than_their_share(right: float, *, may: bool) -> None:
    trust = Trust(HOUR, SURE)
    trust.preceded = 3
    for number in range(60):
        came = number % 3 == 0
        trust.score(right if came else 1 - right, came=came)
    assert trust.may_weigh is may


def test_two_incidents_are_too_few_to_weigh() -> None:
    trust = Trust(HOUR, SURE)
    trust.preceded = 2
    for number in range(60):
        trust.score(0.99 if number % 3 == 0 else 0.01, came=number % 3 == 0)
    assert not trust.may_weigh


@pytest.mark.parametrize(
    "damaged",
    [
        None, [], "x", [0, [1.0], [], 0, []], [0, [0.0] * 4 + ["x"], [], 0, []], [0, [0.0] * 5, ["x"], 0, []],
        [0, [0.0] * 5, [], 0, [[0.5, [1]]]], [0, [0.0] * 5, [], 0, [[0.5, [0, 0, ["x"]]]]],
    ],
)  # fmt: skip
def test_a_damaged_record_is_refused(damaged: Plain) -> None:
    with pytest.raises(StateError):
        Trust(HOUR, SURE).restore(damaged)


def test_a_confidence_moves_half_of_the_way_to_what_was_learnt() -> None:
    likely = Outlook(0.9, an_evidence())
    unlikely = Outlook(0.1, against=True)
    assert likely.weigh(0.5) == pytest.approx(0.7)
    assert likely.weigh(0.95) == 0.95
    assert unlikely.weigh(0.5) == pytest.approx(0.3)
    assert Outlook(0.1).weigh(0.5) == 0.5
    assert Outlook(0.8, an_evidence(), alone=True).weigh(0.4) == 0.8


def test_what_was_learnt_outlives_a_restart_of_the_fusion() -> None:
    one, other = (Fusion(ServiceId("payments-api"), FusionParams()) for _ in range(2))
    one.outlook = Outlook(0.9, an_evidence())
    other.restore(json.loads(json.dumps(one.snapshot())))
    assert other.outlook == one.outlook


def test_a_call_may_be_made_again_as_soon_as_the_one_before_has_stood_for_its_horizon() -> None:
    trust = Trust(HOUR, SURE)
    for hour in range(3):
        trust.call(T0 + hour * HOUR, SURE)
    trust.happened(T0 + 3 * HOUR)
    trust.expire(T0 + 3 * HOUR)
    assert trust.calls[SURE].misses == pytest.approx(1.95)  # two, of which the older one has begun to fade
    assert trust.calls[SURE].hits == pytest.approx(0.95**2)


def test_what_was_learnt_stands_beside_the_findings_unless_it_is_one_of_them() -> None:
    evidence = an_evidence()
    assert Outlook(0.9, evidence).beside == (evidence,)
    assert Outlook(0.9, evidence, alone=True).beside == ()
    assert Outlook(0.1, against=True).beside == ()
