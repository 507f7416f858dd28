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


def service(series: int) -> tuple[Silence, list[tuple[SeriesKey, Cadence]]]:
    silence, known = Silence(), [(SeriesKey.of("api", f"m{i}"), Cadence(PARAMS)) for i in range(series)]
    for key, cadence in known:
        silence.add(key, cadence)
    return silence, known


def scrape(silence: Silence, some: list[tuple[SeriesKey, Cadence]], at: float, *, hurts: bool = False) -> list[str]:
    """Deliver one sample of each of these series; return what fell silent while they came."""
    found: list[str] = []
    for key, cadence in some:
        cadence.observe(at)
        silence.heard(key, at, at)
        if silence.at > silence.deadline:
            found += [evidence.key.metric for evidence in silence.overdue(at, hurts=hurts)]
    return found


def test_half_of_a_service_that_misses_two_samples_is_silent_at_once() -> None:
    silence, known = service(5)
    for at in range(100):
        assert scrape(silence, known, START + at) == []
    assert scrape(silence, known[:1], START + 100) == []
    assert scrape(silence, known[:1], START + 101) == []
    assert scrape(silence, known[:1], START + 102) == ["m1", "m2", "m3", "m4"]


def test_a_scrape_that_is_lost_once_is_no_silence() -> None:
    silence, known = service(5)
    for at in range(300):
        come = known if at % 100 != 50 else known[:1] if at % 200 == 50 else []
        assert scrape(silence, come, START + at) == []


def test_a_scrape_that_is_lost_while_it_hurts_is_told_at_once() -> None:
    silence, known = service(5)
    for at in range(100):
        scrape(silence, known, START + at, hurts=True)
    assert scrape(silence, known[:1], START + 100, hurts=True) == []
    assert scrape(silence, known[:1], START + 101, hurts=True) == ["m1", "m2", "m3", "m4"]


def test_two_of_five_series_are_waited_for_as_long_as_one() -> None:
    silence, known = service(5)
    for at in range(100):
        scrape(silence, known, START + at)
    said = [scrape(silence, known[:3], START + at) for at in range(100, 108)]
    assert said == [[], [], [], [], [], ["m3", "m4"], [], []]


def test_three_of_seven_series_are_not_half_of_the_service() -> None:
    silence, known = service(7)
    for at in range(100):
        scrape(silence, known, START + at)
    assert [scrape(silence, known[:4], START + at) for at in range(100, 104)] == [[], [], [], []]


def test_a_snapshot_in_the_middle_of_a_shared_silence_continues() -> None:
    first, known = service(5)
    for at in range(101):
        scrape(first, known if at < 100 else known[:1], START + at)
    second, others = service(5)
    for (_, mine), (_, theirs) in zip(known, others, strict=True):
        theirs.restore(json.loads(json.dumps(mine.snapshot())))
    second.restore(json.loads(json.dumps(first.snapshot())))
    for at in (101, 102):
        assert scrape(first, known[:1], START + at) == scrape(second, others[:1], START + at)
