"""Series whose samples are declared to be something else than before: in another unit, or a counter instead of a gauge.

A unit that can be converted is converted, so that all that is known of the series holds, its objectives too: they are
for the unit that they name, else for the first one in which their metric came: an instance that takes the place of
another may come in another unit, too. Unless its values are what they were: then it was the declaration that was wrong.
What cannot be converted is passed over for a while, because two sources may send under one name; if nothing else comes
any more, the series is learnt anew, without its objectives as long as those are for something else. Each time that it
was, the next has to come for longer: sources that send in turns are told as that. All of it is one finding of a
service, however many series change.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from enum import StrEnum
from statistics import median
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from detectors.bank import LOOK, Bank, Series
from detectors.cadence import FRESH as UNHEARD
from detectors.calibration import score_of
from detectors.features import Refusal, judged
from detectors.measure import Declared, Foreign, measured
from detectors.unit_jump import ENOUGH, NAME, bounds
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain
from domain.telemetry import Sample, SampleKind

HELD = 8  # samples that nothing converts, in a row: from then on the series is that
LONGER = 4  # times as many are asked for after each time
LONGEST = 512  # of them at most
TURNS = 3  # changes, one soon after the other, of which the last is told: from then on they come in turns
SOON = 1000  # samples
NINES = 6.0  # of such a change
BLIND = 12.0  # of one by which an objective is watched no more
TOLD = 60.0  # usual gaps for which it is told
LISTED = 3  # series
KEPT = 256  # series that are remembered


class Outcome(StrEnum):
    """What follows for a series, the most serious first."""

    ANEW = "anew"  # it is learnt anew
    MIXED = "mixed"  # it goes on, without the samples that nothing converts
    WRONG = "wrong"  # its objective was held against values in a wrong unit: it is learnt anew
    TURNS = "turns"  # it goes on in its unit, whatever comes
    CORRECTED = "corrected"  # it goes on under another name of its unit
    CONVERTED = "converted"  # it goes on in its unit


_SAYS = {
    Outcome.ANEW: ", which cannot be converted: learnt anew",
    Outcome.MIXED: " at times, which cannot be converted: such samples are passed over",
    Outcome.WRONG: ", though the values are what they were: learnt anew in the unit of its objective",
    Outcome.TURNS: ", and so on in turns: all of it is converted",
    Outcome.CORRECTED: ", though the values are what they were: taken as they come",
    Outcome.CONVERTED: ": converted, so what was learnt still holds",
}


class Change(NamedTuple):
    """What has become of a series."""

    key: SeriesKey
    now: str  # in a few words
    before: str
    outcome: Outcome
    since: float
    blind: tuple[str, ...] = ()  # objectives that are watched no more

    @property
    def anew(self) -> bool:
        """Whether what was known of it is gone."""
        return self.outcome in {Outcome.ANEW, Outcome.WRONG}


def taken(series: Series, sample: Sample, bank: Bank, every: Iterable[Series]) -> tuple[float | Refusal, Change | None]:
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
        change = _unlike(series, declared, at, bank)
    else:
        change = _like(series, declared, sample, times, bank)
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


def _like(series: Series, declared: Declared, sample: Sample, times: float, bank: Bank) -> Change | None:
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
            _renew(series, declared.kind, bank)
        foreign = Foreign(declared, times, after=samples)
        series.measure = measured(*measure.declared, foreign, measure.wanted, turns)
    if turns > TURNS:
        return None
    return Change(series.key, now, before, outcome, at, () if measure.wanted is None else _goals(series, bank))


def _goes_on(series: Series, sample: Sample, times: float) -> bool:
    """Whether a value is like the latest ones as it is, and far from them when it is converted."""
    factor = series.watch.factor if series.watch is not None and series.objectives else 1.0
    latest = [value * factor for _, value in series.points]
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


def _unlike(series: Series, declared: Declared, at: float, bank: Bank) -> Change | None:
    """Take in what nothing converts: to be passed over, or the series is that from now on, if it gets nothing else."""
    measure, samples = series.measure, series.cadence.samples
    known = measure.foreign
    if known is None or known.declared != declared:
        known = Foreign(declared, None, heard=0 if known is None else known.heard)
    run, heard = known.run + 1 if samples == known.after else 1, known.heard + 1
    if run >= min(LONGEST, HELD * LONGER**measure.turns):
        return _anew(series, declared, measure.wanted or measure.declared, at, bank)
    series.measure = measure._replace(foreign=Foreign(declared, None, run, heard, samples + 1))
    return Change(series.key, *declared.against(measure.declared), Outcome.MIXED, at) if heard == HELD else None


def _anew(series: Series, declared: Declared, wanted: Declared, at: float, bank: Bank) -> Change:
    """Learn a series anew, with its objectives if they are for what it is now."""
    goals, before = bank.goals(series.key), series.measure
    times, turns = declared.factor(wanted), min(TURNS + 1, before.turns + 1)
    _renew(series, declared.kind, bank, held=times is not None)
    if not goals or times == 1.0:
        series.measure = measured(*declared, turns=turns)
    elif times is None:
        series.measure = measured(*declared, wanted=wanted, turns=turns)
    else:
        series.measure = measured(*wanted, Foreign(declared, times), turns=turns)
    blind = () if times is not None else _goals(series, bank)
    return Change(series.key, *declared.against(before.declared), Outcome.ANEW, at, blind)


def _renew(series: Series, kind: SampleKind, bank: Bank, *, held: bool = True) -> None:
    """Forget all that is known of a series but its cadence; its objectives may not be ``held`` against it."""
    fresh, rhythm = bank.make(series.key, held=held), len(UNHEARD)
    fresh.record[:rhythm] = series.record[:rhythm]
    fresh.place, fresh.expected, fresh.measure = series.place, series.expected, series.measure
    fresh.counted = math.inf if kind is SampleKind.COUNTER else 0.0  # nothing counts on from there
    fresh.low, fresh.high = LOOK
    for part in fields(Series):
        setattr(series, part.name, getattr(fresh, part.name))


def _goals(series: Series, bank: Bank) -> tuple[str, ...]:
    """Return what is asked of a series as a person says it."""
    return tuple(
        f"{goal.metric} {'above' if goal.above else 'below'} {goal.limit:g} {goal.unit}".rstrip()
        for goal in bank.goals(series.key)
    )


def _most_serious(changes: Iterable[Change]) -> list[Change]:
    order = list(Outcome)
    return sorted(changes, key=lambda change: (not change.blind, order.index(change.outcome)))[:KEPT]


def _said(changes: Sequence[Change], *, more: str = "") -> str:
    """Say what is the same of several series: after the name of the first one's metric and "is"."""
    first, *others = changes
    text = f"{first.now} instead of {first.before}{_SAYS[first.outcome]}"
    blind = _listed(goal for change in changes for goal in change.blind)
    if blind:
        text += f"; nothing watches the objective {blind} any more"
    return text + likewise([change.key.metric for change in others], more=more)


def likewise(metrics: Sequence[str], *, more: str = "") -> str:
    """Say of which other series the same is true, "" if of none."""
    if not metrics:
        return ""
    count = "1 other series has" if len(metrics) == 1 else f"{more}{len(metrics)} other series have"
    return f"; {count} changed likewise: {_listed(metrics)}"


def _listed(names: Iterable[str]) -> str:
    once = list(dict.fromkeys(names))
    more = f" and {len(once) - LISTED} more" if len(once) > LISTED else ""
    return f"{', '.join(once[:LISTED])}{more}"


class Redeclared:
    """The series of one service that are declared to be something else."""

    __slots__ = ("_new", "_told", "_until")

    def __init__(self) -> None:
        self._new: list[Change] = []  # not told yet, so that what changes together is told together
        self._told: dict[SeriesKey, Change] = {}  # the first one leads, then the most serious
        self._until = 0.0

    @property
    def key(self) -> SeriesKey | None:
        """Return the key of the finding, if there is one."""
        return next(iter(self._told), None)

    def note(self, change: Change) -> None:
        """Take in what has become of a series."""
        if len(self._new) < KEPT:
            self._new.append(change)
        elif change.blind:
            self._new[-1] = change

    def tell(self, every: Iterable[Series], at: float) -> tuple[Evidence, frozenset[SeriesKey]] | None:
        """Return the finding if there is something new, and the series of which it takes the place of any other.

        What has just changed may be the first of many. What was told before and still is remains a part of it.
        """
        if not self._new or at <= self._new[0].since:
            return None
        anew = frozenset(change.key for change in self._new if change.outcome is Outcome.ANEW)
        changes = self._told | {change.key: change for change in self._new}
        lead = self.key or _most_serious(changes.values())[0].key
        first = changes.pop(lead)
        self._told = {lead: first} | {change.key: change for change in _most_serious(changes.values())}
        self._new = []
        known = {series.key: series for series in every if series.key in self._told}
        self._until = at + TOLD * max((series.cadence.usual_s for series in known.values()), default=0.0)
        values = [value for _, value in known[lead].points] if lead in known else []
        low, mid, high = (min(values), median(values), max(values)) if values else (0.0, 0.0, 0.0)
        score = score_of(BLIND if any(change.blind for change in self._told.values()) else NINES)
        since = min(change.since for change in self._told.values())
        last = values[-1] if values else 0.0
        return Evidence(NAME, lead, at, last, mid, low, high, score, since, self._words()), anew

    def _words(self) -> str:
        """Say what has become of them, those together of which it is the same."""
        alike: dict[tuple[str, ...], list[Change]] = {}
        for change in self._told.values():
            alike.setdefault((change.outcome, change.now, change.before), []).append(change)
        more = "at least " if len(self._told) > KEPT else ""
        first, *others = alike.values()
        said = [_said(first, more=more)]
        said += [f"{changes[0].key.metric} is {_said(changes, more=more)}" for changes in others[: LISTED - 1]]
        if len(others) >= LISTED:
            said.append(f"{sum(map(len, others[LISTED - 1 :]))} more have changed in other ways")
        return "; ".join(said)

    def over(self, at: float) -> SeriesKey | None:
        """Return the key of the finding once it has been told for long enough."""
        if not self._told or at <= self._until:
            return None
        key = self.key
        self._told = {}
        return key

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return _SAVED.dump_python((self._new, list(self._told.values()), self._until))  # type: ignore[no-any-return] # pydantic types the dump of anything as Any

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        try:
            self._new, told, self._until = _SAVED.validate_python(state)
        except ValidationError as error:
            raise StateError(f"the saved units of a service are damaged: {error.error_count()} errors") from None
        self._told = {change.key: change for change in told}


_SAVED = TypeAdapter(tuple[list[Change], list[Change], float])
