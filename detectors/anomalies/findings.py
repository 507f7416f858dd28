"""What fusion remembers: findings and forecasts in the order in which they are told.

While a service is in trouble nearly all of its series may have a finding, and each of their samples changes one: orders
are kept, not made anew, so that a sample costs the logarithm of their number.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Generic, TypeAlias, TypeVar

from detectors.anomalies.agreement import NAME as AGREEMENT
from domain.anomaly import AnomalyKind, Evidence, Forecast
from domain.identity import SeriesKey

WINDOW = 3  # samples that a finding remembers
SURER = 0.1  # confidence by which a forecast must beat the one that was told
BESIDE = 2  # forecasts that are told beside the leading one
SOONER = 0.1  # share of the time left to the one to tell, within which another that may be told comes before it
RANK: Final = {
    AnomalyKind.BREACH: 5, AnomalyKind.FORECAST: 4, AnomalyKind.SILENCE: 3,
    AnomalyKind.STUCK: 2, AnomalyKind.SCHEMA: 1, AnomalyKind.UNIT: 1, AnomalyKind.LEVEL: 0,
}  # fmt: skip
BEHIND: Final = 1  # after all of these
Mark: TypeAlias = tuple[SeriesKey, str]  # of a finding: series and detector
Goal: TypeAlias = tuple[SeriesKey, float]  # of a forecast: series and limit
M = TypeVar("M")


@dataclass(slots=True)
class Finding:
    """What one detector says of one series, and for how many calm samples it has not been confirmed."""

    kind: AnomalyKind
    evidence: Evidence
    nines: float
    peak: float
    calm: int = 0
    recent: tuple[float, ...] = ()  # nines of the last samples: of a low value below zero, of a calm one 0
    behind: bool = False  # a silence that was told, and made way for other news

    def confirm(self, evidence: Evidence, nines: float) -> None:
        """Take in one more finding."""
        self.evidence, self.nines, self.calm = evidence, nines, 0
        self.peak = max(self.peak, nines)
        self.recent = (*self.recent[1 - WINDOW :], sided(evidence, nines))

    def weaken(self) -> None:
        """Take in a calm sample."""
        self.calm += 1
        self.recent = (*self.recent[1 - WINDOW :], 0.0)

    def persistent(self, times: int) -> float:
        """Return the nines that so many of the last samples reach on one side.

        A low value after a high one confirms nothing: often it is the usual one, below a level that the high one has
        lifted.
        """
        if len(self.recent) < times:
            return 0.0
        ordered = sorted(self.recent)
        return max(0.0, ordered[-times], -ordered[times - 1])


@dataclass(slots=True)
class Foreseen:
    """A forecast, and for how many samples it has not been repeated."""

    forecast: Forecast
    lapsed: int = 0


class Ranked(Generic[M]):
    """Marks in the order of their ranks, the smallest first; of equal ones, the one that came first."""

    __slots__ = ("_came", "_order", "_places")

    def __init__(self) -> None:
        self._places: dict[M, tuple[Any, ...]] = {}  # the rank, then when it came, then the mark itself
        self._order: list[tuple[Any, ...]] = []
        self._came = 0

    def __iter__(self) -> Iterator[M]:
        return (place[-1] for place in self._order)

    def put(self, mark: M, *rank: float | str) -> None:
        """Take a mark in, or move it to another rank."""
        known = self._places.get(mark)
        if known is None:
            self._came += 1
            came = self._came
        else:
            *before, came, _ = known
            if before == [*rank]:
                return
            del self._order[bisect_left(self._order, known)]
        place = self._places[mark] = (*rank, came, mark)  # no two came at once: marks are never compared
        insort(self._order, place)

    def drop(self, mark: M) -> None:
        """Let a mark go, if it is there."""
        known = self._places.pop(mark, None)
        if known is not None:
            del self._order[bisect_left(self._order, known)]

    def __contains__(self, mark: object) -> bool:
        return mark in self._places

    def place(self, mark: M) -> tuple[Any, ...]:
        """Return the rank of a mark that is there, and then when it came."""
        return self._places[mark][:-1]

    def heads(self) -> Iterator[M]:
        """Yield the first mark of each number with which a rank begins."""
        at = 0
        while at < len(self._order):
            yield self._order[at][-1]
            at = bisect_left(self._order, (self._order[at][0] + 1,), at)


def sided(evidence: Evidence, nines: float) -> float:
    """Return the nines of a finding, below zero if its value is lower than expected."""
    return -nines if evidence.actual is not None and evidence.actual < evidence.expected else nines


class Findings:
    """The findings of one service."""

    __slots__ = ("_came", "_fresh", "_lasting", "_passed", "_persist", "_ranked", "_together", "changed", "known")

    def __init__(self, persist: int, known: Iterable[tuple[Mark, Finding]] = ()) -> None:
        """``persist``: of the last samples of a series, how many must agree for it to be unusual for long enough."""
        self._persist = persist
        self.known: dict[Mark, Finding] = {}  # every sample asks whether there are any: a call would cost more
        self._ranked = Ranked[Mark]()
        self._lasting = Ranked[Mark]()  # single series that are merely unusual
        self._together: dict[Mark, Finding] = {}  # all series together
        self._passed: dict[Mark, int] = {}  # limits that are passed, numbered as they came
        self._came = 0
        self._fresh: Counter[AnomalyKind] = Counter()
        self.changed: dict[Mark, Finding] = {}  # confirmed since somebody has cleared it
        for mark, finding in known:
            self._add(mark, finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.known.values())

    def items(self) -> Iterable[tuple[Mark, Finding]]:
        """Return all of them, in the order in which they came."""
        return self.known.items()

    def first(self, count: int) -> list[Finding]:
        """Return the most important ones: by kind, then by how rare they were at their height.

        Of limits that are passed, the one that was passed last comes first: of those before it people know.
        """
        return [self.known[mark] for mark in islice(self._ranked, count)]

    @property
    def peak(self) -> float:
        """The rarity of the rarest one at its height, but for what made way."""
        heads = (self.known[mark] for mark in self._ranked.heads())
        return max((head.peak for head in heads if not head.behind), default=0.0)

    @property
    def fresh(self) -> set[AnomalyKind]:
        """The kinds of those that the last sample has confirmed."""
        return {kind for kind, count in self._fresh.items() if count}

    @property
    def lasting(self) -> float:
        """How rare the rarest is, of single series that are merely unusual, in as many samples as must agree."""
        return max((self.known[mark].persistent(self._persist) for mark in islice(self._lasting, 1)), default=0.0)

    @property
    def together(self) -> Iterable[Finding]:
        """What was found of all series together: one at a time."""
        return self._together.values()

    def beside(self, kind: AnomalyKind) -> Finding | None:
        """Return the most important one of another kind."""
        heads = (self.known[mark] for mark in self._ranked.heads())
        return next((head for head in heads if head.kind is not kind), None)

    def make_way(self, kind: AnomalyKind, *, behind: bool) -> None:
        """Let those of a kind come after all others, or in their order again."""
        for mark, finding in self.known.items():
            if finding.kind is kind and finding.behind is not behind:
                finding.behind = behind
                self._place(mark, finding)

    def take(self, kind: AnomalyKind, evidence: Evidence, nines: float) -> None:
        """Take in a finding, or its confirmation."""
        mark = (evidence.key, evidence.detector)
        known = self.known.get(mark)
        if known is None:
            known = Finding(kind, evidence, nines, nines, recent=(sided(evidence, nines),))
            self._add(mark, known)
        else:
            self._fresh[known.kind] += known.calm > 0
            known.confirm(evidence, nines)
            self._place(mark, known)
        self.changed[mark] = known

    def weaken(self, mark: Mark) -> Finding | None:
        """Count a calm sample against a finding, and return it; None if there is none."""
        known = self.known.get(mark)
        if known is not None:
            self._fresh[known.kind] -= known.calm == 0
            known.weaken()
            self._place(mark, known)
        return known

    def drop(self, mark: Mark) -> None:
        """Let a finding go, if it is there."""
        known = self.known.pop(mark, None)
        if known is not None:
            self._fresh[known.kind] -= known.calm == 0
            self._ranked.drop(mark)
            self._lasting.drop(mark)
            self._together.pop(mark, None)
            self._passed.pop(mark, None)
            self.changed.pop(mark, None)

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Let everything about some series go."""
        for mark in [mark for mark in self.known if mark[0] in keys]:
            self.drop(mark)

    def _add(self, mark: Mark, finding: Finding) -> None:
        self.known[mark] = finding
        self._fresh[finding.kind] += finding.calm == 0
        if finding.evidence.detector == AGREEMENT:
            self._together[mark] = finding
        if finding.kind is AnomalyKind.BREACH:
            self._came += 1
            self._passed[mark] = self._came
        self._place(mark, finding)

    def _place(self, mark: Mark, finding: Finding) -> None:
        kind = finding.kind
        rank = BEHIND if finding.behind else -RANK[kind]
        self._ranked.put(mark, rank, -self._passed.get(mark, 0), -finding.peak, str(finding.evidence.key))
        if kind is AnomalyKind.LEVEL and mark not in self._together:
            self._lasting.put(mark, -finding.persistent(self._persist))


class Forecasts:
    """What is foreseen of one service, by series and limit."""

    __slots__ = ("_least", "_ranked", "_soonest", "changed", "known")

    def __init__(self, least: float, known: Iterable[tuple[Goal, Foreseen]] = ()) -> None:
        """``least``: confidence from which a forecast may be told of its own accord."""
        self._least = least
        self.known: dict[Goal, Foreseen] = {}
        self._ranked = Ranked[Goal]()
        self._soonest = Ranked[Goal]()  # of those that may be told
        self.changed: dict[Goal, Foreseen] = {}  # repeated since somebody has cleared it
        for goal, foreseen in known:
            self._put(goal, foreseen)

    def __iter__(self) -> Iterator[Foreseen]:
        return iter(self.known.values())

    def items(self) -> Iterable[tuple[Goal, Foreseen]]:
        """Return all of them, in the order in which they came."""
        return self.known.items()

    def take(self, goal: Goal, forecast: Forecast) -> None:
        """Take in a forecast, or its repetition."""
        self.changed[goal] = self._put(goal, Foreseen(forecast))

    def lapse(self, goal: Goal, after: int) -> None:
        """Count a sample without a forecast, and let the one that is known go after so many."""
        known = self.known.get(goal)
        if known is not None:
            known.lapsed += 1
            if known.lapsed >= after:
                self._drop(goal)

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Let everything about some series go."""
        for goal in [goal for goal in self.known if goal[0] in keys]:
            self._drop(goal)

    def best(self, told: Forecast | None, at: float) -> Forecast | None:
        """Return the one to tell: the one that was told before, unless another is clearly surer, or comes long before.

        A disk that will be full in two days, however surely, must not hide a pool that is used up in two minutes.
        """
        surest = next(iter(self._ranked), None)
        if surest is None:
            return None
        if told is not None and (before := (told.key, told.limit)) in self._ranked:
            rank, came = self._ranked.place(before)
            if (rank - SURER, came) < self._ranked.place(surest):
                surest = before
        lead = self.known[surest].forecast
        soonest = next(iter(self._soonest), surest)
        sooner = self.known[soonest].forecast
        return sooner if sooner.breach_at - at < SOONER * (lead.breach_at - at) else lead

    def may_open(self, best: Forecast | None) -> bool:
        """Whether it is sure enough to be told of its own accord, and the last sample of its series has repeated it."""
        return best is not None and best.confidence >= self._least and self.known[best.key, best.limit].lapsed == 0

    def beside(self, told: Forecast | None) -> tuple[Forecast, ...]:
        """Return what else may be told beside a forecast, the soonest first: as many as a person reads."""
        led = None if told is None else (told.key, told.limit)
        others = (self.known[goal].forecast for goal in self._soonest if goal != led)
        return tuple(islice(others, BESIDE))

    def _put(self, goal: Goal, foreseen: Foreseen) -> Foreseen:
        self.known[goal] = foreseen
        self._ranked.put(goal, -foreseen.forecast.confidence)
        if foreseen.forecast.confidence >= self._least:
            self._soonest.put(goal, foreseen.forecast.breach_at)
        else:
            self._soonest.drop(goal)
        return foreseen

    def _drop(self, goal: Goal) -> None:
        del self.known[goal]
        self._ranked.drop(goal)
        self._soonest.drop(goal)
        self.changed.pop(goal, None)
