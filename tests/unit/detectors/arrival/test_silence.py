"""How long a series may be quiet, and who notices."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from detectors.arrival.cadence import FRESH, Cadence, SilenceParams, read, spoke
from detectors.arrival.silence import Silence
from domain.errors import StateError
from domain.identity import SeriesKey
from tests.support.timelines import START

PARAMS = SilenceParams()
FAST, SLOW = SeriesKey.of("api", "fast"), SeriesKey.of("api", "slow")


@dataclass
class Speaker:
    """A series of which only the times are known."""

    key: SeriesKey = FAST
    record: bytearray = field(default_factory=lambda: bytearray(FRESH))
    points: list[tuple[float, float]] = field(default_factory=list)
    place: int = 0

    def speak(self, at: float) -> None:
        spoke(self.record, read(self.record), at)

    @property
    def cadence(self) -> Cadence:
        return Cadence.of(self.record)


def beat(series: Speaker, step_s: float, count: int, start: float = START) -> float:
    for number in range(count):
        series.speak(start + number * step_s)
    return start + (count - 1) * step_s


def test_the_usual_gap_is_learnt_and_the_allowance_follows_it() -> None:
    series = Speaker()
    beat(series, 60.0, 50)
    assert series.cadence.known(PARAMS)
    assert series.cadence.usual_s == pytest.approx(60.0)
    assert series.cadence.allowed_s(PARAMS) == pytest.approx(300.0)


def test_a_series_that_pauses_now_and_then_is_given_longer() -> None:
    series = Speaker()
    last = beat(series, 1.0, 50)
    beat(series, 1.0, 50, start=last + 30)
    assert series.cadence.usual_s < 2.0
    assert 40 < series.cadence.allowed_s(PARAMS) < 46


def test_one_long_gap_is_not_an_excuse_for_ever() -> None:
    series = Speaker()
    last = beat(series, 1.0, 50)
    beat(series, 1.0, 5000, start=last + 30)
    assert series.cadence.allowed_s(PARAMS) == pytest.approx(5.0)


def test_a_series_that_is_hardly_known_is_never_overdue() -> None:
    fast, slow = Speaker(FAST), Speaker(SLOW)
    silence = Silence(PARAMS, [fast, slow])
    slow.speak(START)
    for number in range(100):
        fast.speak(START + number)
        silence.heard(fast, START + number, START + number)
    assert silence.overdue(START + 99) == []


def test_a_series_with_a_slow_cadence_is_not_missed_by_a_fast_one() -> None:
    fast, slow = Speaker(FAST), Speaker(SLOW)
    silence = Silence(PARAMS, [fast, slow])
    for number in range(3000):
        at = START + number
        for series, every in ((fast, 1), (slow, 60)):
            if number % every == 0:
                series.speak(at)
                silence.heard(series, at, at)
        assert silence.overdue(at) == []


def test_a_service_that_is_always_late_is_not_silent() -> None:
    fast = Speaker(FAST)
    silence = Silence(PARAMS, [fast])
    for number in range(100):
        fast.speak(START + number)
        silence.heard(fast, START + number, START + number + 30)
        assert silence.overdue(START + number + 31) == []
    assert silence.patience_ends > START + 99 + 31


@dataclass
class Read:
    """A series that counts how often it is read."""

    speaker: Speaker
    place: int = 0
    times: int = 0

    @property
    def key(self) -> SeriesKey:
        return self.speaker.key

    @property
    def points(self) -> list[tuple[float, float]]:
        return self.speaker.points

    @property
    def record(self) -> bytearray:
        self.times += 1
        return self.speaker.record


def test_while_nothing_can_be_overdue_no_series_is_read_to_know_that_the_service_is_not_silent() -> None:
    fast, slow = Read(Speaker(FAST)), Read(Speaker(SLOW))
    silence = Silence(PARAMS, [fast, slow])
    beat(slow.speaker, 60.0, 51)
    for number in range(3000):
        fast.speaker.speak(at := START + number)
        silence.heard(fast, at, at)
    assert silence.overdue(at) == []
    fast.times = slow.times = 0
    soonest = silence.may_end(at + 5)
    assert fast.times == slow.times == 0
    assert silence.may_end(at + 5.1) == silence.patience_ends == soonest == pytest.approx(at + 5)


def test_a_service_may_end_as_soon_as_its_quickest_series_is_missed_though_that_one_is_silent_already() -> None:
    fast, slow = Speaker(FAST), Speaker(SLOW)
    silence = Silence(PARAMS, [fast, slow])
    beat(fast, 1.0, 100)
    at = beat(slow, 60.0, 100)
    silence.heard(slow, at, at)
    assert [evidence.key for evidence in silence.overdue(at)] == [FAST]
    assert silence.deadline == pytest.approx(at + 300)
    assert silence.may_end(at) == silence.patience_ends == pytest.approx(at + 5)


def test_what_is_known_well_enough_only_since_a_restart_is_missed_when_the_whole_service_is_silent() -> None:
    fast = Speaker(FAST)
    before, after = (Silence(PARAMS.model_copy(update={"warm_up": count}), [fast]) for count in (200, 20))
    at = beat(fast, 1.0, 100)
    before.heard(fast, at, at)
    assert before.overdue(at) == []
    after.restore(before.snapshot())
    assert after.may_end(at + 1) == pytest.approx(at + 5)


def test_what_is_gone_for_very_long_is_no_longer_waited_for_and_counts_again_when_it_is_back() -> None:
    fast = Speaker(FAST)
    silence = Silence(PARAMS, [fast])
    beat(fast, 1.0, 100)
    silence.heard(fast, START + 99, START + 99)
    assert [e.key for e in silence.overdue(START + 200)] == [FAST]
    assert silence.gone(START + 200) == []
    assert silence.gone(START + 2000) == [FAST]
    assert silence.overdue(START + 2001) == []
    fast.speak(START + 2002)
    silence.heard(fast, START + 2002, START + 2002)
    assert not silence.lost


def test_a_snapshot_keeps_who_is_silent() -> None:
    fast = Speaker(FAST)
    first, second = Silence(PARAMS, [fast]), Silence(PARAMS, [fast])
    beat(fast, 1.0, 100)
    first.heard(fast, START + 99, START + 99)
    first.overdue(START + 300)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.snapshot() == first.snapshot()
    assert second.silent == {FAST}


@pytest.mark.parametrize("damaged", [None, [], [1.0], "x"])
def test_damaged_snapshots_are_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Silence(PARAMS, []).restore(damaged)  # type: ignore[arg-type]


def service(series: int) -> tuple[Silence, list[Speaker]]:
    known = [Speaker(SeriesKey.of("api", f"m{i}"), place=i) for i in range(series)]
    return Silence(PARAMS, known), known


def scrape(silence: Silence, some: list[Speaker], at: float, *, hurts: bool = False) -> list[str]:
    """Deliver one sample of each of these series; return what fell silent while they came."""
    found: list[str] = []
    for series in some:
        series.speak(at)
        if Cadence.of(series.record).samples == PARAMS.warm_up:
            silence.known(series.record)
        silence.heard(series, at, at)
        if silence.at > silence.deadline:
            found += [evidence.key.metric for evidence in silence.overdue(at, hurts=hurts)]
    return found


class Counted(list[Speaker]):
    """Series that count how often somebody goes through all of them."""

    times = 0

    def __iter__(self) -> Iterator[Speaker]:
        self.times += 1
        return super().__iter__()


def test_series_that_are_not_known_yet_are_not_gone_through_for_every_sample() -> None:
    series = Counted(Speaker(SeriesKey.of("api", f"m{number}"), place=number) for number in range(200))
    silence = Silence(PARAMS, series)
    for number in range(200):
        assert scrape(silence, [series[number]], START + number) == []
    assert series.times < 3


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


@pytest.mark.parametrize(("before", "since", "waits"), [(1.0, 0.0, True), (1.0, 1.0, False), (0.0, 0.0, False)])
def test_two_scrapes_in_vain_are_waited_for_where_another_series_says_so_by_a_zero(
    before: float, since: float, *, waits: bool
) -> None:
    silence, known = service(5)
    for at in range(100):
        scrape(silence, known, START + at)
    known[0].points = [(START + at, before if at < 100 else since) for at in range(90, 103)]
    said = [scrape(silence, known[:1], START + at) for at in range(100, 107)]
    together = ["m1", "m2", "m3", "m4"]
    assert said == ([[], [], [], [], [], together, []] if waits else [[], [], together, [], [], [], []])


def test_a_series_of_which_late_samples_come_is_not_silent_and_is_once_its_clock_is_right() -> None:
    silence, (one, other) = service(2)
    for at in range(100):
        scrape(silence, [one, other], START + at)
    found = []
    for at in range(100, 300):  # its clock goes wrong by a minute: what comes is late, and then of a minute ago
        found += scrape(silence, [one], START + at)
        if at < 160:
            silence.late(other)
        else:
            other.speak(START + at - 60)
            silence.heard(other, START + at - 60, START + at)
        assert not silence.overdue(START + at)
    assert not found
    scrape(silence, [one, other], START + 300)
    assert 1.5 * 60 < other.cadence.allowed_s(PARAMS) < 1.5 * 62  # it has been quiet for a minute, as far as it says
    assert [at for at in range(301, 450) if scrape(silence, [one], START + at)] == [392]


def test_a_snapshot_keeps_how_far_behind_a_series_is_and_one_of_before_is_read() -> None:
    silence, (one, other) = service(2)
    for at in range(110):
        scrape(silence, [one, other] if at < 100 else [one], START + at)
        if at > 101:
            silence.late(other)
    state = json.loads(json.dumps(silence.snapshot()))
    for rows, silent in ((state, []), (state[:-1], [other.key])):
        again = Silence(PARAMS, [one, other])
        again.restore(rows)
        assert [evidence.key for evidence in again.overdue(START + 109)] == silent


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
    for mine, theirs in zip(known, others, strict=True):
        theirs.record[:] = mine.record
    second.restore(json.loads(json.dumps(first.snapshot())))
    for at in (101, 102):
        assert scrape(first, known[:1], START + at) == scrape(second, others[:1], START + at)


def test_a_series_is_stale_after_sixty_usual_gaps_and_later_where_it_pauses_for_longer() -> None:
    steady, pausing = Speaker(), Speaker()
    last = beat(steady, 1.0, 100)
    assert not steady.cadence.stale(last + 59.0, PARAMS)
    assert steady.cadence.stale(last + 61.0, PARAMS)
    last = beat(pausing, 1.0, 500, start=beat(pausing, 1.0, 50) + 100.0)
    allowed_s = pausing.cadence.allowed_s(PARAMS)
    assert 61.0 < allowed_s < 150.0
    assert not pausing.cadence.stale(last + allowed_s - 1.0, PARAMS)
    assert pausing.cadence.stale(last + allowed_s + 1.0, PARAMS)
