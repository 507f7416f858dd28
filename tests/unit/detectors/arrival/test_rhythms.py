"""Slow series beside quick ones: read no more often than need be, and missed no later for that, and no sooner."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from math import ceil
from random import Random  # noqa: TID251 - only what it is called: Hypothesis makes it

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrival.cadence import FRESH, SilenceParams, read, spoke
from detectors.arrival.rhythms import Slow
from detectors.arrival.silence import Silence
from domain.identity import SeriesKey
from domain.state import Plain
from tests.support.timelines import START

PARAMS = SilenceParams()


@dataclass
class Speaker:
    """A series of which only the times are known; it counts how often they are read."""

    place: int
    known: bool = False
    points: list[tuple[float, float]] = field(default_factory=list)
    times: int = 0
    kept: bytearray = field(default_factory=lambda: bytearray(FRESH))

    @property
    def key(self) -> SeriesKey:
        return SeriesKey.of("api", f"m{self.place}")

    @property
    def record(self) -> bytearray:
        self.times += 1
        return self.kept


class Told:
    """A service, and what is told of it."""

    def __init__(self, series: int, *, anew: bool = False) -> None:
        """``anew``: begin from what is saved with every sample; what is only noted is lost each time."""
        self.series = [Speaker(place) for place in range(series)]
        self.silence = Silence(PARAMS, self.series)
        self.said: list[object] = []
        self._anew = anew

    def take(self, place: int, at: float) -> None:
        """Take a sample, as detection does; one that is not later than the one before it is refused."""
        silence, series = self.silence, self.series[place]
        if self._anew:
            saved, self.silence = silence.snapshot(), Silence(PARAMS, self.series)
            silence = self.silence
            silence.restore(saved)
        before = read(series.kept)
        if at <= before[0]:
            silence.late(series)
            return
        spoke(series.kept, before, at)
        if not series.known and read(series.kept)[3] >= PARAMS.warm_up:
            series.known = True
            silence.known(series.kept)
        if silence.heard(series, at, max(at, silence.at)):
            self.said.append(("back", place, at))
            silence.late(series)
        if silence.at > silence.deadline:
            found = silence.overdue(silence.at, hurts=place % 2 == 0)
            self.said += [(evidence.key.metric, at) for evidence in found]
            self.said += [("lost", key.metric, at) for key in silence.gone(silence.at)]
            self.said.append(("looked", at, silence.deadline))


def beats(place: int, gap_s: float, first: float, last: float) -> Iterator[tuple[float, int]]:
    return ((first + number * gap_s, place) for number in range(ceil((last - first) / gap_s)))


def together(quick: int, slow: int, last: float) -> Sequence[tuple[float, int]]:
    """Return when quick series speak by the second, and slow ones by the minute, each at its own time."""
    by_second = [beats(place, 1.0, START + 0.01 * place, START + last) for place in range(quick)]
    by_minute = [beats(quick + n, 60.0, START + 60.0 * n / slow + 0.5, START + last) for n in range(slow)]
    return list(merge(*by_second, *by_minute))


def a_bad_day(random: Random) -> tuple[int, Sequence[tuple[float, int]]]:
    """Return how many series there are, and when they speak: some pause, stop, hurry, begin late, or catch up."""
    quick, slow, last = random.randint(1, 3), random.randint(10, 24), 1000.0
    rows: list[tuple[float, float, int]] = []  # when it comes, its own time, whose it is
    stopped = random.uniform(500, 900), random.random()  # since when, and how many
    for place in range(quick + slow):
        gap_s = 1.0 if place < quick else random.choice((10.0, 20.0, 20.0, 40.0))
        begins = random.choice((0.0, 0.0, 0.0, random.uniform(0, 500)))
        rows += [
            (at, at, place) for at, _ in beats(place, gap_s, START + begins + gap_s * random.random(), START + last)
        ]
        match random.randint(0, 9):
            case 0:  # says more often what it says
                first = random.uniform(500, 900)
                rows += [(at, at, place) for at, _ in beats(place, 0.3 * gap_s / 10, START + first, START + first + 20)]
            case 1:  # is a while behind, and then says all at once
                first, behind_s = START + random.uniform(500, 900), random.uniform(5, 200)
                rows = [
                    (first + behind_s if it == place and first < at < first + behind_s else when, at, it)
                    for when, at, it in rows
                ]
            case 2:  # pauses
                first = START + random.uniform(500, 900)
                rows = [row for row in rows if row[2] != place or not first < row[1] < first + 30 * gap_s]
        if random.random() < stopped[1]:
            rows = [row for row in rows if row[2] != place or row[1] < START + stopped[0]]
    return quick + slow, [(at, place) for _, at, place in sorted(rows)]


def state(silence: Silence) -> list[Plain]:
    """What would be saved; in which order series were found to be behind says nothing."""
    match silence.snapshot():
        case [*rest, [*behind]]:
            return [*rest, sorted(behind, key=str)]
        case other:
            raise AssertionError(other)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_is_told_is_the_same_as_where_all_are_looked_at_each_time(random: Random) -> None:
    series, samples = a_bad_day(random)
    noted, anew = Told(series), Told(series, anew=True)
    for at, place in samples:
        noted.take(place, at)
        anew.take(place, at)
    assert noted.said == anew.said
    assert state(noted.silence) == state(anew.silence)


def test_slow_series_beside_a_quick_one_are_read_about_as_often_as_they_speak() -> None:
    told, samples = Told(201), together(1, 200, 3000.0)
    for at, place in samples:
        if at < START + 1800:
            told.take(place, at)
    for series in told.series:
        series.times = 0
    rest = [place for at, place in samples if at >= START + 1800]
    for at, place in samples[-len(rest) :]:
        told.take(place, at)
    assert sum(series.times for series in told.series[1:]) < 5 * len(rest)


def test_what_is_not_known_yet_is_not_read_whenever_the_quickest_speaks() -> None:
    told = Told(301)
    for place in range(1, 301):
        told.take(place, START + place / 1000)
    for at in range(1, 200):
        told.take(0, START + at)
    assert sum(series.times for series in told.series[1:]) < 20 * 300


def test_half_of_the_slow_ones_that_miss_two_samples_beside_a_quick_one_are_silent_at_once() -> None:
    told = Told(41)
    for at, place in together(1, 40, 3000.0):
        if place == 0 or place > 22 or at < START + 2400:
            told.take(place, at)
    silent = [row for row in told.said if isinstance(row, tuple) and str(row[0]).startswith("m")]
    assert len(silent) == 22
    assert min(at for _, at in silent) == START + 2461  # the 21st of 41 spoke last at 2370.5


def test_slow_ones_that_hurry_and_stop_together_are_missed_as_soon_as_where_all_are_looked_at_each_time() -> None:
    noted, anew = Told(41), Told(41, anew=True)
    hurry = [(START + 2401 + 0.5 * turn + place / 1000, place) for turn in range(40) for place in range(1, 41)]
    for at, place in [
        *together(1, 40, 2400.0),
        *merge(hurry, beats(0, 1.0, START + 2401, START + 2600)),
    ]:
        noted.take(place, at)
        anew.take(place, at)
    assert noted.said == anew.said
    assert len([row for row in noted.said if isinstance(row, tuple) and str(row[0]).startswith("m")]) == 40


def test_what_is_noted_holds_after_a_sample_only_if_the_next_two_may_be_missed_until_then() -> None:
    one = Speaker(0)
    for at, _ in beats(0, 60.0, START, START + 3000):
        spoke(one.kept, read(one.kept), at)
    assert Slow([], 8.0, at + 89, PARAMS).still(one)
    assert not Slow([], 8.0, at + 91, PARAMS).still(one)


def test_a_series_is_no_longer_slow_once_its_gap_is_that_of_a_quick_one() -> None:
    slow, one = Slow([], 8.0, START, PARAMS), Speaker(0)
    for at, _ in beats(0, 8.5, START, START + 1000):
        spoke(one.kept, read(one.kept), at)
    assert slow.still(one)
    for at, _ in beats(0, 7.0, START + 1000, START + 2000):
        spoke(one.kept, read(one.kept), at)
    assert not slow.still(one)


def falls_behind(silence: Silence, one: Speaker) -> None:
    silence.at += 100
    silence.late(one)


@pytest.mark.parametrize(
    "change",
    [
        lambda silence, one: silence.known(one.kept),
        lambda silence, one: silence.drop({one.key}),
        lambda silence, one: silence.dismiss({one.key}),
        falls_behind,
        lambda silence, _: silence.anew(),
    ],
    ids=["known", "forgotten", "others in its place", "behind", "looked for anew"],
)
def test_all_are_looked_at_again_once_it_has_changed_who_is_waited_for(
    change: Callable[[Silence, Speaker], None],
) -> None:
    told = Told(41)
    for at, place in together(1, 40, 1800.0):
        told.take(place, at)
    kept = told.silence._together
    assert kept is not None
    assert kept.slow is not None
    change(told.silence, told.series[40])
    assert kept.slow is None
