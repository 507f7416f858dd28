"""Series that are declared to be something else: in another unit, or a counter instead of a gauge."""

from collections.abc import Iterable

import pytest

from detectors.changes.redeclared import HELD
from detectors.changes.redeclared_told import KEPT, Change, Outcome, Redeclared
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.identity import SeriesKey
from domain.journeys import Service
from domain.telemetry import Sample, SampleKind
from tests.support.declarations import (
    BEFORE,
    BREACH,
    CHANGE,
    COUNTER,
    ENDED,
    GAUGE,
    IN_MS,
    OPENED,
    TOLD_ONCE,
    UNIT,
    UPDATED,
    WATCHED,
    counted,
    detail,
    line,
    run,
    story,
    values,
)
from tests.support.timelines import START, feed, noise, together


@pytest.mark.parametrize(
    ("old", "new", "times"), [("ms", "s", 0.001), ("By", "KiBy", 1 / 1024), ("1", "%", 100.0), ("s", "ms", 1000.0)]
)
def test_a_unit_that_can_be_converted_is_told_once_by_both_names_and_nothing_is_lost(
    old: str, new: str, times: float
) -> None:
    plain = Detection(DetectionParams())
    scores, _ = feed(plain, line([*noise(CHANGE), *values()], old))
    converted = Detection(DetectionParams())
    changed, said = feed(converted, [*line(noise(CHANGE), old), *line(values(times=times), new, CHANGE)])
    assert story(said) == TOLD_ONCE
    assert detail(said) == f"in {new} instead of {old}: converted, so what was learnt still holds"
    assert changed == pytest.approx(scores, abs=1e-9)
    told = said[0].evidence[0]
    assert told.since == START + CHANGE
    assert told.actual is not None
    assert 40 < told.low < told.actual < told.high < 60  # in the unit of before


@pytest.mark.parametrize(("before", "after"), [("ms", "milliseconds"), ("{request}", "1"), ("", "ms"), ("ms", "")])
def test_another_word_for_a_unit_and_one_that_is_declared_late_or_no_more_are_no_news(before: str, after: str) -> None:
    assert run(line(noise(CHANGE), before), line(values(), after, CHANGE)) == []


def test_another_word_for_a_unit_that_is_converted_is_no_news_either() -> None:
    seconds, more = line(values(100, times=0.001), "s", CHANGE), line(values(200, times=0.001), "seconds", CHANGE + 100)
    assert story(run(BEFORE, seconds, more)) == TOLD_ONCE


@pytest.mark.parametrize("service", [WATCHED, IN_MS])
def test_a_declaration_that_comes_after_the_values_have_changed_is_no_breach(service: Service) -> None:
    unsaid = line(values(100, times=0.001), "ms", CHANGE)
    said = run(BEFORE, unsaid, line(values(200, seed=4, times=0.001), "s", CHANGE + 100), services=[service])
    assert {anomaly.kind for anomaly in said} == {UNIT}


def test_a_limit_holds_for_the_unit_that_the_series_had_first() -> None:
    slow = line(values(20, times=0.003), "s", CHANGE + 200)
    said = run(BEFORE, line(values(times=0.001), "s", CHANGE), slow, services=[WATCHED])
    assert story(said)[:3] == [*TOLD_ONCE, (OPENED, BREACH)]
    assert said[2].at == START + CHANGE + 200
    assert said[2].evidence[0].actual == pytest.approx(150.0, rel=0.1)


def test_a_limit_that_names_its_unit_holds_for_it_from_the_first_sample_on() -> None:
    assert run(line(values(times=0.001), "s"), services=[IN_MS]) == []
    said = run(line(values(times=0.001), "s"), line(values(20, times=0.003), "s", 200), services=[IN_MS])
    assert (story(said)[0], said[0].at) == ((OPENED, BREACH), START + 200)


def test_a_limit_without_a_unit_holds_for_the_one_that_its_metric_had_before_an_instance_was_replaced() -> None:
    def instance(name: str, samples: Iterable[Sample]) -> list[Sample]:
        key = SeriesKey.of("payments-api", "latency", {"pod": name})
        return [sample._replace(key=key) for sample in samples]

    other = line(noise(CHANGE + 220, seed=2), metric="other")
    new = line([*values(times=0.001), *values(20, times=0.003)], "s", CHANGE)
    said = run(together(other, instance("1", BEFORE), instance("2", new)), services=[WATCHED])
    assert (story(said)[0], said[0].at) == ((OPENED, BREACH), START + CHANGE + 200)
    assert said[0].evidence[0].actual == pytest.approx(150.0, rel=0.1)


def test_a_limit_in_a_unit_that_the_telemetry_never_has_is_told_as_nobody_watching_it() -> None:
    said = run(line(values(times=1e6), "By"), services=[IN_MS])
    assert story(said) == TOLD_ONCE
    assert detail(said) == (
        "in By instead of ms, which cannot be converted: learnt anew; "
        "nothing watches the objective latency above 100 ms any more"
    )
    assert said[0].confidence == pytest.approx(0.8)


def test_a_unit_that_cannot_be_converted_is_told_and_the_series_is_learnt_anew_without_its_limits() -> None:
    detection = Detection(DetectionParams(), [WATCHED])
    _, said = feed(detection, [*BEFORE, *line(values(300, times=100.0), "By", CHANGE)])
    assert story(said) == TOLD_ONCE
    assert detail(said) == (
        "in By instead of ms, which cannot be converted: learnt anew; "
        "nothing watches the objective latency above 100 any more"
    )
    _, spike = feed(detection, line([50_000.0], "By", CHANGE + 300))
    assert story(spike) == []  # beside objectives statistics open nothing so easily
    _, back = feed(detection, line([*values(40), *values(5, times=3.0)], "ms", CHANGE + 301))
    assert (OPENED, UNIT) in story(back)
    assert story(back)[-1] == (UPDATED, BREACH)


def test_an_objective_that_nothing_watches_is_named_again_when_its_series_changes_once_more() -> None:
    said = run(line(values(200), "By"), line(values(200, times=1 / 1024), "KiBy", 200), services=[IN_MS])
    assert story(said) == [*TOLD_ONCE, *TOLD_ONCE]
    assert detail(said[2:]) == (
        "in KiBy instead of By: converted, so what was learnt still holds; "
        "nothing watches the objective latency above 100 ms any more"
    )


def test_while_two_sources_send_under_one_name_the_one_that_was_there_first_is_judged() -> None:
    known, other = line(noise(800), "ms"), line(values(800, times=100.0), "By", CHANGE)
    mixed = together(known, [sample._replace(observed_at=sample.observed_at + 0.5) for sample in other])
    detection = Detection(DetectionParams())
    _, said = feed(detection, [*mixed[: CHANGE + 600], *line([500.0, 500.0], "ms", 1200)])
    assert detail(said) == "in By instead of ms at times, which cannot be converted: such samples are passed over"
    assert detection.refusals["unit"] >= 200
    assert said[-1].evidence[0].detector == "level"
    assert said[-1].evidence[0].actual == 500.0


def in_turns(units: dict[str, float], each: int, count: int) -> list[Sample]:
    """What sources send that take turns, each with so many samples."""
    named = list(units.items())
    parts = []
    for turn in range(count):
        unit, times = named[turn % len(named)]
        parts += line(values(each, seed=turn, times=times), unit, CHANGE + turn * each)
    return parts


@pytest.mark.parametrize(("each", "most"), [(1, 1), (20, 1), (50, 3)])
def test_two_sources_that_send_in_turns_are_soon_told_as_that_and_no_longer_learnt_anew(each: int, most: int) -> None:
    said = run(BEFORE, in_turns({"By": 100.0, "ms": 1.0}, each, 4000 // each))
    assert [phase for phase, _ in story(said)].count(OPENED) <= most
    assert said[-1].phase is ENDED
    assert said[-1].at < START + CHANGE + 600
    assert said[-1].evidence[0].detail.endswith("at times, which cannot be converted: such samples are passed over")


def test_a_change_that_is_taken_back_is_believed_when_it_has_lasted() -> None:
    said = run(BEFORE, in_turns({"By": 100.0, "ms": 1.0}, 200, 2))
    assert detail(said[-1:]) == "in ms instead of By, which cannot be converted: learnt anew"


@pytest.mark.parametrize("each", [1, 30])
def test_units_that_take_turns_are_converted_and_told_once_as_that(each: int) -> None:
    units = {"s": 0.001, "us": 1000.0, "ms": 1.0}
    detection = Detection(DetectionParams())
    scores, said = feed(detection, [*BEFORE, *in_turns(units, each, 900 // each)])
    assert story(said)[0] == (OPENED, UNIT)
    assert story(said)[-1] == (ENDED, UNIT)
    assert said[-1].at < START + CHANGE + 300
    assert detail(said[-1:]).endswith(", and so on in turns: all of it is converted")
    assert max(scores[CHANGE:]) < 0.999


def test_a_unit_that_changes_now_and_then_is_told_each_time() -> None:
    said = run(BEFORE, in_turns({"s": 0.001, "us": 1000.0, "min": 1 / 60_000}, 1200, 6))
    assert story(said) == [*TOLD_ONCE] * 6


def test_units_that_are_never_the_same_twice_are_told_too() -> None:
    chaos = [sample._replace(unit=f"x{number}") for number, sample in enumerate(line(values(60), "", CHANGE))]
    said = run(BEFORE, chaos)
    assert story(said)[0] == (OPENED, UNIT)
    assert detail(said) == "in x7 instead of ms at times, which cannot be converted: such samples are passed over"


def test_a_declaration_that_is_corrected_changes_no_value() -> None:
    said = run(BEFORE, line(values(), "s", CHANGE), services=[WATCHED])
    assert story(said) == TOLD_ONCE
    assert detail(said) == "in s instead of ms, though the values are what they were: taken as they come"


def test_a_declaration_that_is_corrected_beside_a_limit_in_its_own_unit_is_believed() -> None:
    said = run(BEFORE, line(values(20), "s", CHANGE), line(values(times=0.001), "s", CHANGE + 20), services=[IN_MS])
    assert story(said) == [(OPENED, BREACH), (ENDED, BREACH)]  # 50 s are more than 100 ms
    told = said[1].evidence[0].detail
    assert told.endswith("though the values are what they were: learnt anew in the unit of its objective")


@pytest.mark.parametrize("metrics", [2, 12])
def test_many_series_that_change_together_are_one_finding(metrics: int) -> None:
    names = [f"m{number}" for number in range(metrics)]
    before = [line(noise(CHANGE, seed=place), "ms", metric=name) for place, name in enumerate(names)]
    after = [line(values(seed=place, times=0.001), "s", CHANGE, metric=name) for place, name in enumerate(names)]
    said = run(together(*before, *after))
    assert story(said) == TOLD_ONCE
    likewise = "1 other series has" if metrics == 2 else f"{metrics - 1} other series have"
    assert f"; {likewise} changed likewise: m1" in detail(said)


def test_of_series_that_change_in_different_ways_each_way_is_told_as_what_it_is() -> None:
    names = ["a", "b", "latency"]
    before = [line(noise(CHANGE + place, seed=place), "ms", metric=name) for place, name in enumerate(names)]
    after = [
        line(values(seed=0, times=0.001), "s", CHANGE, metric="a"),
        line(values(seed=1, times=0.001), "s", CHANGE + 1, metric="b"),
        line(values(seed=2, times=100.0), "By", CHANGE + 2),
    ]
    _, *later = run(together(*before, *after), services=[WATCHED])
    (said,) = {each.evidence[0].detail for each in later}
    assert said == (
        "in s instead of ms: converted, so what was learnt still holds; 1 other series has "
        "changed likewise: b; latency is in By instead of ms, which cannot be converted: learnt anew; "
        "nothing watches the objective latency above 100 any more"
    )


def test_only_the_first_few_ways_are_listed_and_how_many_there_are_besides() -> None:
    ways = {"a": ("ms", "s"), "b": ("By", "KiBy"), "c": ("1", "%"), "d": ("s", "ms"), "e": ("MiBy", "GiBy")}
    times = {"a": 0.001, "b": 1 / 1024, "c": 100.0, "d": 1000.0, "e": 1 / 1024}
    before = [line(noise(CHANGE), old, metric=name) for name, (old, _) in ways.items()]
    after = [line(values(times=times[name]), new, CHANGE, metric=name) for name, (_, new) in ways.items()]
    (told,) = {each.evidence[0].detail for each in run(together(*before, *after))}
    assert told.startswith("in s instead of ms: converted")
    assert told.endswith("; 2 more have changed in other ways")


def test_of_a_series_that_was_learnt_anew_the_unit_is_watched_as_of_any_other() -> None:
    anew, jumped = line(values(300, times=20.0), "By", CHANGE), line(values(60, 4, times=20_000.0), "By", CHANGE + 300)
    told = [seen.detail for each in run(BEFORE, anew, jumped) for seen in each.evidence]
    assert any("1,000 times larger, spread and all" in detail for detail in told)


def test_of_more_series_than_are_remembered_the_one_that_has_lost_its_objective_is_told() -> None:
    redeclared = Redeclared()
    for number in range(KEPT + 9):
        key = SeriesKey.of("payments-api", f"m{number}")
        redeclared.note(Change(key, "in s", "ms", Outcome.CONVERTED, START))
    key = SeriesKey.of("payments-api", "latency")
    redeclared.note(Change(key, "in By", "ms", Outcome.ANEW, START, ("latency above 100",)))
    told = redeclared.tell((), START + 1)
    assert told is not None
    assert told[0].key == key
    assert "the objective latency above 100 any more; m0 is in s" in told[0].detail


def test_what_never_ceases_to_change_is_told_all_the_same() -> None:
    keys = [SeriesKey.of("payments-api", "latency", {"pod": str(number)}) for number in range(60)]
    pods = [Sample(key, 50.0, START + CHANGE + place, GAUGE, "By") for place, key in enumerate(keys)]
    said = run(together(pods, line(noise(CHANGE + 60), "ms", metric="other")), services=[IN_MS])
    assert story(said)[0] == (OPENED, UNIT)
    assert said[0].at < START + CHANGE + 20


def test_a_counter_in_another_unit_counts_on_without_a_spike() -> None:
    before = counted(CHANGE)
    after = [value * 1000 for value in counted(200, start=before[-1])]
    said = run(line(before, "kBy", kind=COUNTER), line(after, "By", CHANGE, kind=COUNTER))
    assert story(said) == TOLD_ONCE
    assert detail(said).startswith("in By instead of kBy: converted")


def test_a_counter_whose_declaration_is_corrected_counts_on_without_a_spike() -> None:
    total = counted(CHANGE + 200)
    said = run(line(total[:CHANGE], "kBy", kind=COUNTER), line(total[CHANGE:], "By", CHANGE, kind=COUNTER))
    assert story(said) == TOLD_ONCE
    assert "taken as they come" in detail(said)


@pytest.mark.parametrize(("before", "after"), [(GAUGE, COUNTER), (COUNTER, GAUGE)])
def test_a_gauge_that_becomes_a_counter_or_the_reverse_is_told_as_that_and_not_as_a_spike(
    before: SampleKind, after: SampleKind
) -> None:
    total = counted(CHANGE, start=1e6)
    now = counted(200, start=total[-1])
    said = run(line(total, kind=before), line(now, first=CHANGE, kind=after))
    assert story(said) == TOLD_ONCE
    assert detail(said) == f"a {after} instead of a {before}, which cannot be converted: learnt anew"


def test_no_rate_is_made_of_what_was_no_total() -> None:
    detection = Detection(DetectionParams())
    feed(detection, [*line(noise(CHANGE)), *line(counted(HELD + 9, start=5e6), first=CHANGE, kind=COUNTER)])
    (series,) = detection._bank
    assert [round(value, -1) for _, value in series.points] == [50.0] * 9


def test_changes_of_an_interval_that_become_totals_are_no_spike() -> None:
    said = run(line(noise(CHANGE)), line(counted(200, start=5e6), first=CHANGE, kind=COUNTER))
    assert story(said) == TOLD_ONCE


def test_what_was_told_of_a_series_that_is_learnt_anew_is_renamed() -> None:
    breached = line(values(20, times=3.0), "ms", CHANGE)
    said = run(BEFORE, breached, line(values(200), "By", CHANGE + 20), services=[WATCHED])
    assert story(said) == [(OPENED, BREACH), (UPDATED, UNIT), (ENDED, UNIT)]


def test_a_limit_that_is_held_against_nothing_is_not_passed_any_more() -> None:
    detection = Detection(DetectionParams(), [WATCHED])
    feed(detection, [*BEFORE, *line(values(20, times=3.0), "ms", CHANGE), *line(values(30), "By", CHANGE + 20)])
    assert detection._services[WATCHED.id].beyond == set()


def test_samples_of_another_sort_count_as_samples_so_that_their_series_is_not_silent() -> None:
    other = line(noise(CHANGE + 2 * HELD, seed=2), metric="other")
    unlike, after = line(values(HELD - 1), "By", CHANGE), line(values(HELD + 1, seed=3), "ms", CHANGE + HELD - 1)
    assert run(together(other, BEFORE, unlike, after)) == []
