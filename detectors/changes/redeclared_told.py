"""What is told of series that are declared to be something else: one finding of a service, however many change."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from detectors.calibration import score_of
from detectors.series.bank import Series
from detectors.units.counting import CountDoubt
from detectors.units.unit_jump import NAME
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NINES = 6.0  # of such a change
BLIND = 12.0  # of one by which an objective is watched no more
TOLD = 60.0  # usual gaps for which it is told
LISTED = 3  # series
KEPT = 256  # series that are remembered


class Outcome(StrEnum):
    """What follows for a series, the most serious first."""

    ANEW = "anew"  # it is learnt anew
    UNCOUNTED = "uncounted"  # the same, though it is declared to be what it was
    RECOUNTED = "recounted"  # the same, once it is that again
    MIXED = "mixed"  # it goes on, without the samples that nothing converts
    WRONG = "wrong"  # its objective was held against values in a wrong unit: it is learnt anew
    TURNS = "turns"  # it goes on in its unit, whatever comes
    CORRECTED = "corrected"  # it goes on under another name of its unit
    CONVERTED = "converted"  # it goes on in its unit
    RATE = "rate"  # it goes on as it comes
    COUNTS = "counts"  # it goes on as a rate


_NOW_ANEW = frozenset({Outcome.ANEW, Outcome.UNCOUNTED, Outcome.RECOUNTED})
_SAYS = {
    Outcome.ANEW: ", which cannot be converted: learnt anew",
    Outcome.UNCOUNTED: ": it no longer counts, its values go up and down, unlike the rate that it had: learnt anew",
    Outcome.RECOUNTED: ": it counts again, and is learnt anew",
    Outcome.MIXED: " at times, which cannot be converted: such samples are passed over",
    Outcome.WRONG: ", though the values are what they were: learnt anew in the unit of its objective",
    Outcome.TURNS: ", and so on in turns: all of it is converted",
    Outcome.CORRECTED: ", though the values are what they were: taken as they come",
    Outcome.CONVERTED: ": converted, so what was learnt still holds",
    Outcome.RATE: ": it no longer counts, its values go up and down like the rate that it had; what was learnt holds",
    Outcome.COUNTS: ": it counts again; what was learnt holds",
}


class Change(NamedTuple):
    """What has become of a series."""

    key: SeriesKey
    now: str  # in a few words
    before: str
    outcome: Outcome
    since: float
    blind: tuple[str, ...] = ()  # objectives that are watched no more
    known: bool = False  # it was told of others of its metric

    @property
    def anew(self) -> bool:
        """Whether what was known of it is gone."""
        return self.outcome in _NOW_ANEW or self.outcome is Outcome.WRONG

    @property
    def explains(self) -> bool:
        """Whether it takes the place of what was found of the series meanwhile."""
        return self.outcome in {*_NOW_ANEW, Outcome.RATE, Outcome.COUNTS}


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
    """The series of one service that are declared to be something else, or may count no longer."""

    __slots__ = ("_new", "_told", "_until", "doubts")

    def __init__(self) -> None:
        self.doubts: dict[SeriesKey, CountDoubt] = {}
        self._new: list[Change] = []  # not told yet, so that what changes together is told together
        self._told: dict[SeriesKey, Change] = {}  # the first one leads, then the most serious
        self._until = 0.0

    @property
    def key(self) -> SeriesKey | None:
        """Return the key of the finding, if there is one."""
        return next(iter(self._told), None)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to tell and nothing in doubt."""
        return not (self._new or self._told or self.doubts)

    def doubt(self, key: SeriesKey, doubt: CountDoubt | None) -> CountDoubt | None:
        """Remember a doubt, and return it; None if there is none, or no room for it."""
        if doubt is None or len(self.doubts) >= KEPT:
            return None
        self.doubts[key] = doubt
        return doubt

    def note(self, change: Change) -> None:
        """Take in what has become of a series."""
        if change.known:
            return
        if len(self._new) < KEPT:
            self._new.append(change)
        elif change.blind:
            self._new[-1] = change

    def tell(self, every: Collection[Series], at: float) -> tuple[Evidence, frozenset[SeriesKey]] | None:
        """Return the finding if there is something new, and the series of which it takes the place of any other.

        What has just changed may be the first of many. What was told before and still is remains a part of it.
        """
        if self.doubts:
            self.doubts = {each.key: self.doubts[each.key] for each in every if each.key in self.doubts}
        if not self._new or at <= self._new[0].since:
            return None
        explained = frozenset(change.key for change in self._new if change.explains)
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
        return Evidence(NAME, lead, at, last, mid, low, high, score, since, self._words()), explained

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
        doubts = [(key, doubt.snapshot()) for key, doubt in self.doubts.items()]
        new, told, until = _SAVED.dump_python((self._new, list(self._told.values()), self._until))
        return [new, told, until, *([_DOUBTS.dump_python(doubts)] if doubts else [])]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        doubts: Plain = None
        match state:
            case [new, told, until, doubts]:
                state = [new, told, until]
        try:
            self._new, told, self._until = _SAVED.validate_python(state)
            saved = _DOUBTS.validate_python(doubts or ())
        except ValidationError as error:
            raise StateError(f"the saved units of a service are damaged: {error.error_count()} errors") from None
        self._told = {change.key: change for change in told}
        self.doubts = {key: CountDoubt.of(doubt) for key, doubt in saved}


_DOUBTS = TypeAdapter(list[tuple[SeriesKey, Any]])
_SAVED = TypeAdapter(tuple[list[Change], list[Change], float])
