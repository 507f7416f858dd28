"""What follows when a counter counts no longer, or counts again: see `counting` for how that shows.

What is as large as it was is judged on as it is, with all that is known of it, its objectives too, and what came since
is learnt once more. Anything else is learnt anew, without its objectives while those are for a rate. The series of the
same metric that fell at the same moment are the same: one that hardly ever counts could not show it by itself.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detectors.arrival.features import Refusal
from detectors.changes.redeclared import goals_of, renew, take_converted
from detectors.changes.redeclared_told import Change, Outcome, Redeclared
from detectors.incidents.spans import Spans
from detectors.series.bank import LOOK, Bank, Series
from detectors.units.counting import CountDoubt, Finding
from detectors.units.measure import Declared, Foreign, Measure, measured
from domain.state import Plain
from domain.telemetry import Sample, SampleKind

COUNTER, GAUGE = SampleKind.COUNTER, SampleKind.GAUGE
NEAR = 2.0  # usual gaps that may lie between the first falls of two series
NOT_TAKEN = frozenset(Refusal) - {Refusal.NO_RATE}
A_GAUGE, A_COUNTER = "a gauge", "a counter"


class Since(NamedTuple):
    """What was known of a series, and the samples since then as they are to be judged."""

    known: Plain
    samples: Sequence[tuple[float, float]]


def take_redeclared(
    series: Series, sample: Sample, told: Redeclared, every: Iterable[Series], bank: Bank, frozen: Spans | None
) -> tuple[float | Refusal, list[Change]]:
    """Take a sample of a counter in doubt, or one that is declared otherwise; return what to judge, and what is new.

    ``every``: all series of its service.
    """
    if series.measure.watched(sample.unit, sample.kind):
        if series.measure.doubted:
            return _counter(series, sample.observed_at, sample.value, told, every, bank, frozen)
        return _gauge(series, sample.observed_at, sample.value, told, bank, frozen)
    told.doubts.pop(series.key, None)
    value, change = take_converted(series, sample, bank, every)
    return value, [] if change is None else [change]


def as_declared(series: Series, sample: Sample, bank: Bank) -> None:
    """Believe that a counter counts, whatever its values look like, if this is one of its samples."""
    if series.measure.doubted:
        series.measure = series.measure.without_doubt
    elif series.measure.watched(sample.unit, sample.kind):
        _anew(series, sample.observed_at, bank)


def _counter(
    series: Series, at: float, value: float, told: Redeclared, every: Iterable[Series], bank: Bank, frozen: Spans | None
) -> tuple[float | Refusal, list[Change]]:
    """Take a sample of a counter that fell a while ago."""
    last_at, last = series.cadence.last_at, series.counted
    judged = series.take(at, value, COUNTER)
    if judged in NOT_TAKEN:
        return judged, []
    doubt = told.doubts.get(series.key) or told.doubt(series.key, _fallen(series, last_at, last, bank))
    if doubt is None:
        series.measure = series.measure.without_doubt
        return judged, []
    doubt.values.append((at, value))
    match doubt.no_longer():
        case None:
            return judged, []
        case Finding.ALIKE:
            alike = [series, *_fell_with(series, doubt, told, every)]
            return value, [_as_it_is(each, told.doubts.pop(each.key), at, bank, frozen) for each in alike]
        case Finding.UNLIKE:
            del told.doubts[series.key]
            return value, [_anew_as_it_is(series, at, bank, every)]
        case Finding.NONE:
            del told.doubts[series.key]
            series.measure = series.measure.without_doubt
            return judged, []


def _gauge(
    series: Series, at: float, value: float, told: Redeclared, bank: Bank, frozen: Spans | None
) -> tuple[float | Refusal, list[Change]]:
    """Take a sample of a series that is a gauge, though it is declared to be a counter."""
    judged = series.take(at, value, GAUGE)
    if judged in NOT_TAKEN:
        return judged, []
    series.counted = value
    doubt = told.doubts.get(series.key) or told.doubt(series.key, _far_beyond(series, at, value, bank))
    if doubt is None:
        return judged, []
    doubt.values.append((at, value))
    match doubt.again():
        case None:
            return judged, []
        case Finding.ALIKE:
            del told.doubts[series.key]
            return doubt.rates[-1][1], [_as_rate(series, doubt, at, bank, frozen)]
        case Finding.UNLIKE:
            del told.doubts[series.key]
            return Refusal.NO_RATE, [_anew(series, at, bank)]
        case Finding.NONE:
            del told.doubts[series.key]
            return judged, []


def _fallen(series: Series, at: float, value: float, bank: Bank) -> CountDoubt:
    """Begin to doubt whether a series counts, of which the last sample fell."""
    doubt = _begun(series, at, bank)
    doubt.values.append((at, value))
    return doubt


def _far_beyond(series: Series, at: float, value: float, bank: Bank) -> CountDoubt | None:
    """Begin to doubt whether a series counts again, if this value is far beyond the latest ones, or those are few."""
    if series.low < value < series.high:
        return None
    doubt = _begun(series, at, bank)
    return doubt if doubt.high < value else None


def _begun(series: Series, at: float, bank: Bank) -> CountDoubt:
    converted = series.watch is not None and series.watch.factor != 1.0  # then no value is as large as it was judged
    return CountDoubt.begun(
        [] if converted else [value for when, value in series.points if when < at], bank.known(series)
    )


def _fell_with(series: Series, doubt: CountDoubt, told: Redeclared, every: Iterable[Series]) -> list[Series]:
    """Return the other series of the metric that have been in doubt since the same moment."""
    near_s = NEAR * series.cadence.usual_s
    return [
        each
        for each in every
        if each is not series
        and each.key.metric == series.key.metric
        and each.measure.doubted
        and each.key in told.doubts
        and abs(told.doubts[each.key].since - doubt.since) <= near_s
        and not told.doubts[each.key].goes_on
    ]


def _as_it_is(series: Series, doubt: CountDoubt, at: float, bank: Bank, frozen: Spans | None) -> Change:
    """Judge the values as they come, and what came since it fell once more."""
    series.measure = _no_counter(series.measure)
    _learn_again(series, Since(doubt.known, doubt.values[1:]), at, bank, frozen)
    return Change(series.key, A_GAUGE, A_COUNTER, Outcome.RATE, at)


def _as_rate(series: Series, doubt: CountDoubt, at: float, bank: Bank, frozen: Spans | None) -> Change:
    """Judge its rate again, and what came since it counts once more."""
    series.measure = series.measure.without_doubt
    _learn_again(series, Since(doubt.known, doubt.rates), at, bank, frozen)
    return Change(series.key, A_COUNTER, A_GAUGE, Outcome.COUNTS, at)


def _learn_again(series: Series, since: Since, at: float, bank: Bank, frozen: Spans | None) -> None:
    bank.learn_anew(series, since, frozen, at)
    series.watch, series.low, series.high = None, *LOOK


def _no_counter(measure: Measure, wanted: Declared | None = None) -> Measure:
    """Return what is judged of a counter that counts no longer."""
    unit, kind = measure.declared
    return measured(unit, GAUGE, Foreign(Declared(unit, kind), 1.0), wanted or measure.wanted, measure.turns)


def _anew_as_it_is(series: Series, at: float, bank: Bank, every: Iterable[Series]) -> Change:
    """Learn the values as they come anew, without the objectives that are for a rate.

    Another instance of what counts no longer already is what that is, with its objectives if those hold, and no news.
    """
    like = next(
        (each.measure for each in every if each.key.metric == series.key.metric and each.measure.counts_no_longer), None
    )
    measure, goals = series.measure, goals_of(series, bank)
    held = like is not None and like.wanted is None
    renew(series, GAUGE, bank, held=held)
    series.measure = _no_counter(measure, measure.declared if goals and not held else None)
    return Change(series.key, A_GAUGE, A_COUNTER, Outcome.UNCOUNTED, at, () if held else goals, known=like is not None)


def _anew(series: Series, at: float, bank: Bank) -> Change:
    """Learn its rate anew, with the objectives that are for that."""
    measure, counted = series.measure.without_doubt, series.counted
    wanted = None if measure.wanted == measure.declared else measure.wanted
    renew(series, COUNTER, bank, held=wanted is None)
    series.measure, series.counted = measured(*measure.declared, wanted=wanted, turns=measure.turns), counted
    return Change(series.key, A_COUNTER, A_GAUGE, Outcome.RECOUNTED, at)
