"""How long a series may be quiet, and who notices."""

import json

import pytest

from detectors.cadence import Cadence, SilenceParams
from detectors.silence import Silence
from domain.errors import StateError
from domain.identity import SeriesKey
from tests.support.timelines import START

PARAMS = SilenceParams()
FAST, SLOW = SeriesKey.of("api", "fast"), SeriesKey.of("api", "slow")


def beat(cadence: Cadence, step_s: float, count: int, start: float = START) -> float:
    for number in range(count):
        cadence.observe(start + number * step_s)
    return start + (count - 1) * step_s


def test_the_usual_gap_is_learnt_and_the_allowance_follows_it() -> None:
    cadence = Cadence(PARAMS)
    beat(cadence, 60.0, 50)
    assert cadence.known
    assert cadence.usual_s == pytest.approx(60.0)
    assert cadence.allowed_s == pytest.approx(300.0)


def test_a_series_that_pauses_now_and_then_is_given_longer() -> None:
    cadence = Cadence(PARAMS)
    last = beat(cadence, 1.0, 50)
    beat(cadence, 1.0, 50, start=last + 30)
    assert cadence.usual_s < 2.0
    assert 40 < cadence.allowed_s < 46


def test_one_long_gap_is_not_an_excuse_for_ever() -> None:
    cadence = Cadence(PARAMS)
    last = beat(cadence, 1.0, 50)
    beat(cadence, 1.0, 5000, start=last + 30)
    assert cadence.allowed_s == pytest.approx(5.0)


def test_a_series_that_is_hardly_known_is_never_overdue() -> None:
    silence, fast, slow = Silence(), Cadence(PARAMS), Cadence(PARAMS)
    silence.add(FAST, fast)
    silence.add(SLOW, slow)
    slow.observe(START)
    for number in range(100):
        fast.observe(START + number)
        silence.heard(FAST, START + number, START + number)
    assert silence.overdue(START + 99) == []


def test_a_series_with_a_slow_cadence_is_not_missed_by_a_fast_one() -> None:
    silence, fast, slow = Silence(), Cadence(PARAMS), Cadence(PARAMS)
    silence.add(FAST, fast)
    silence.add(SLOW, slow)
    for number in range(3000):
        at = START + number
        for key, cadence, every in ((FAST, fast, 1), (SLOW, slow, 60)):
            if number % every == 0:
                cadence.observe(at)
                silence.heard(key, at, at)
        assert silence.overdue(at) == []


def test_a_service_that_is_always_late_is_not_silent() -> None:
    silence, fast = Silence(), Cadence(PARAMS)
    silence.add(FAST, fast)
    for number in range(100):
        fast.observe(START + number)
        silence.heard(FAST, START + number, START + number + 30)
        assert silence.overdue(START + number + 31) == []
    assert silence.patience_ends > START + 99 + 31


def test_what_is_gone_for_very_long_is_no_longer_waited_for_and_counts_again_when_it_is_back() -> None:
    silence, fast = Silence(), Cadence(PARAMS)
    silence.add(FAST, fast)
    beat(fast, 1.0, 100)
    silence.heard(FAST, START + 99, START + 99)
    assert [e.key for e in silence.overdue(START + 200)] == [FAST]
    assert silence.gone(START + 200) == []
    assert silence.gone(START + 2000) == [FAST]
    assert silence.overdue(START + 2001) == []
    fast.observe(START + 2002)
    silence.heard(FAST, START + 2002, START + 2002)
    assert not silence.lost


def test_a_snapshot_keeps_who_is_silent() -> None:
    first, second, fast = Silence(), Silence(), Cadence(PARAMS)
    for silence in (first, second):
        silence.add(FAST, fast)
    beat(fast, 1.0, 100)
    first.heard(FAST, START + 99, START + 99)
    first.overdue(START + 300)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.snapshot() == first.snapshot()
    assert second.silent == {FAST}


@pytest.mark.parametrize("damaged", [None, [], [1.0], "x"])
def test_damaged_snapshots_are_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Silence().restore(damaged)  # type: ignore[arg-type]
    with pytest.raises(StateError):
        Cadence(PARAMS).restore(damaged)  # type: ignore[arg-type]
