"""Series whose samples are declared to be something else than before: in another unit, or a counter instead of a gauge.

A unit that can be converted is converted, so that all that is known of the series holds, its objectives too: they are
for the unit that they name, else for the first one in which their metric came: an instance that takes the place of
another may come in another unit, too. Unless its values are what they were: then it was the declaration that was wrong.
What cannot be converted is passed over for a while, because two sources may send under one name; if nothing else comes
any more, the series is learnt anew, without its objectives as long as those are for something else. Each time that it
was, the next has to come for longer: sources that send in turns are told as that. How all of it is told is in
`redeclared_told`.
"""

import math
from collections.abc import Iterable
from dataclasses import fields

from detectors.arrival.cadence import FRESH as UNHEARD
from detectors.arrival.features import Refusal, judged
from detectors.changes.redeclared_told import Change, Outcome
from detectors.series.bank import LOOK, Bank, Series
from detectors.units.measure import Declared, Foreign, measured
from detectors.units.unit_jump import ENOUGH, bounds
from domain.telemetry import Sample, SampleKind

HELD = 8  # samples that nothing converts, in a row: from then on the series is that
LONGER = 4  # times as many are asked for after each time
TURNS = 3  # changes, one soon after the other, of which the last is told: from then on they come in turns
SOON = 1000  # samples


def take_converted(
    series: Series, sample: Sample, bank: Bank, every: Iterable[Series]
) -> tuple[float | Refusal, Change | None]:
    """Take a sample that is declared to be something else than its series; return what to judge, and what is new.

    ``every``: all series of its service.
    """
    _, value, at, kind, unit = sample
    foreign = series.measure.foreign
    if foreign is not None and foreign.factor is not None and foreign.declared == (unit, kind):
        return series.take(at, value * foreign.factor, kind), None
    refused = judged(at, value, SampleKind.GAUGE, series.cadence.last_at, 0.0)
    if isinstance(refused, Refusal):
        return refused, None
    declared, change = Declared(unit or series.measure.unit, kind), None
    times = declared.factor(series.measure.declared)
    if not series.cadence.samples:
        change = _begin(series, declared, at, bank, every)
    elif times is None:
        change = _inconvertible(series, declared, at, bank)
    else:
        change = _convertible(series, declared, sample, times, bank)
    times = declared.factor(series.measure.declared)
    if times is None:
        series.pass_over(at)
        return Refusal.UNIT, change
    return series.take(at, value * times, kind), change


def _begin(series: Series, declared: Declared, at: float, bank: Bank, every: Iterable[Series]) -> Change | None:
    """Take in what a new series is, perhaps not what its objectives are for."""
    goals = bank.goals(series.key)
    unit = goals[0].unit or _first_unit(series.key.metric, every) if goals else ""
    wanted = Declared(unit or declared.unit, declared.kind)
    times = declared.factor(wanted)
    if times is None:
        series.measure = measured(*wanted)
        return _anew(series, declared, wanted, at, bank)
    series.measure = measured(*wanted, None if times == 1.0 else Foreign(declared, times))
    return None


def _first_unit(metric: str, every: Iterable[Series]) -> str:
    """Return for which unit the other series of a metric are held against its objectives, "" if for none."""
    others = (series.measure for series in every if series.key.metric == metric)
    return next((one.wanted.unit if one.wanted is not None else one.unit for one in others if one.unit), "")


def _convertible(series: Series, declared: Declared, sample: Sample, times: float, bank: Bank) -> Change | None:
    """Take in a unit that was not declared before, or another one of the same sort."""
    measure, at, samples = series.measure, sample.observed_at, series.cadence.samples
    if times == 1.0:
        # The same in other words, or in words for the first time.
        series.measure = measured(*declared, wanted=measure.wanted, turns=measure.turns)
        return None
    known = measure.foreign if measure.foreign is not None and measure.foreign.factor is not None else None
    last = measure.declared if known is None else known.declared
    if known is not None and declared.factor(last) == 1.0:
        series.measure = measure._replace(foreign=known._replace(declared=declared, factor=times))
        return None
    now, before = declared.against(last)
    soon = known is None or samples - known.after < SOON
    turns = min(TURNS + 1, measure.turns + 1 if soon else 1)
    outcome = Outcome.CONVERTED if turns < TURNS else Outcome.TURNS
    if known is None and _goes_on(series, sample, times):
        wanted = measure.wanted is None and any(goal.unit for goal in bank.goals(series.key))
        outcome = Outcome.WRONG if wanted else Outcome.CORRECTED
    if outcome is Outcome.CORRECTED:
        series.measure = measured(*declared, wanted=measure.wanted, turns=turns)
    else:
        if outcome is Outcome.WRONG:
            renew(series, declared.kind, bank)
        foreign = Foreign(declared, times, after=samples)
        series.measure = measured(*measure.declared, foreign, measure.wanted, turns)
    if turns > TURNS:
        return None
    return Change(series.key, now, before, outcome, at, () if measure.wanted is None else goals_of(series, bank))


def _goes_on(series: Series, sample: Sample, times: float) -> bool:
    """Whether a value is like the latest ones as it is, and far from them when it is converted."""
    latest = [value for _, value in series.points]
    if len(latest) < ENOUGH:
        return False
    low, high = bounds(latest)
    last_at = series.cadence.last_at
    plain, converted = (
        judged(sample.observed_at, value, sample.kind, last_at, series.counted)
        for value in (sample.value, sample.value * times)
    )
    if isinstance(plain, Refusal) or not low < plain < high:
        return False
    return isinstance(converted, Refusal) or not low < converted < high


def _inconvertible(series: Series, declared: Declared, at: float, bank: Bank) -> Change | None:
    """Take in what nothing converts: to be passed over, or the series is that from now on, if it gets nothing else."""
    measure, samples = series.measure, series.cadence.samples
    known = measure.foreign
    if known is None or known.declared != declared:
        known = Foreign(declared, None, heard=0 if known is None else known.heard)
    run, heard = known.run + 1 if samples == known.after else 1, known.heard + 1
    if run >= HELD * LONGER ** min(TURNS, measure.turns):
        return _anew(series, declared, measure.wanted or measure.declared, at, bank)
    series.measure = measure._replace(foreign=Foreign(declared, None, run, heard, samples + 1))
    return Change(series.key, *declared.against(measure.declared), Outcome.MIXED, at) if heard == HELD else None


def _anew(series: Series, declared: Declared, wanted: Declared, at: float, bank: Bank) -> Change:
    """Learn a series anew, with its objectives if they are for what it is now."""
    goals, before = bank.goals(series.key), series.measure
    times, turns = declared.factor(wanted), min(TURNS + 1, before.turns + 1)
    renew(series, declared.kind, bank, held=times is not None)
    if not goals or times == 1.0:
        series.measure = measured(*declared, turns=turns)
    elif times is None:
        series.measure = measured(*declared, wanted=wanted, turns=turns)
    else:
        series.measure = measured(*wanted, Foreign(declared, times), turns=turns)
    blind = () if times is not None else goals_of(series, bank)
    return Change(series.key, *declared.against(before.declared), Outcome.ANEW, at, blind)


def renew(series: Series, kind: SampleKind, bank: Bank, *, held: bool = True) -> None:
    """Forget all that is known of a series but its cadence; its objectives may not be ``held`` against it."""
    fresh, rhythm = bank.make(series.key, held=held), len(UNHEARD)
    fresh.record[:rhythm] = series.record[:rhythm]
    fresh.place, fresh.expected, fresh.measure = series.place, series.expected, series.measure
    fresh.counted = math.inf if kind is SampleKind.COUNTER else 0.0  # nothing counts on from there
    fresh.low, fresh.high = LOOK
    for part in fields(Series):
        setattr(series, part.name, getattr(fresh, part.name))


def goals_of(series: Series, bank: Bank) -> tuple[str, ...]:
    """Return what is asked of a series as a person says it."""
    return tuple(
        f"{goal.metric} {'above' if goal.above else 'below'} {goal.limit:g} {goal.unit}".rstrip()
        for goal in bank.goals(series.key)
    )
