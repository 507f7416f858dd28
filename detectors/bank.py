"""The models of every series of a partition: made on first sight, bounded in number."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from detectors.base import Detector, restored, saved
from detectors.cadence import FRESH as UNHEARD
from detectors.cadence import Cadence, read, spoke
from detectors.calibration import nines_of, score_of
from detectors.features import LARGEST, Refusal, judged
from detectors.objective import ObjectiveDetector
from detectors.params import DetectionParams
from detectors.recurrence import Recurrence
from detectors.registry import DETECTORS
from detectors.trace import FRESH as NO_SAMPLES
from detectors.trace import latest, note
from detectors.trend import TrendForecaster
from domain.anomaly import Anomalous, AnomalyKind, Evidence, Normal
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.state import Plain
from domain.telemetry import SampleKind

HOLD = 60  # samples
KNOWN = Normal(score_of(0.65))  # what is left of a surprise that comes every day: half of the least finding


@dataclass(slots=True)
class Series:
    """One series: its objectives, and the record of its cadence, what the detectors know, and its latest samples.

    Where an objective keeps the latest samples anyway the record has none.
    """

    key: SeriesKey
    record: bytearray
    objectives: tuple[tuple[ObjectiveDetector, TrendForecaster], ...]
    place: int = -1  # in its service; -1: not yet given to it
    expected: bool = False  # known so well that its silence means something
    counted: float = 0.0  # the last value of a counter
    warm: bool = False
    held: float = 0.0  # the highest score of this run of surprises
    hold: int = 0  # samples for which it still stands
    signed: bool = False  # was below zero at some time
    daily: Recurrence | None = None  # made at the first surprise

    def take(self, at: float, value: float, kind: SampleKind) -> float | Refusal:
        """Return the value to judge, or why there is none; an accepted sample counts for the cadence."""
        record = self.record
        before = read(record)
        last_at = before[0]
        taken: float | Refusal = value
        if not (kind is SampleKind.GAUGE and at > last_at and -LARGEST < value < LARGEST and at < math.inf):
            taken = judged(at, value, kind, last_at, self.counted)  # few samples come here
            if isinstance(taken, Refusal) and taken is not Refusal.NO_RATE:
                return taken
            self.counted = value
        spoke(record, before, at)
        if not (self.objectives or isinstance(taken, Refusal)):
            note(record, at, taken)
        return taken

    def surprise(self, score: float) -> float:
        """Return the score if it is news: within HOLD samples of a higher one it is not, and counts as 0."""
        if self.hold > 0:
            self.hold -= 1
        else:
            self.held = 0.0
        if score <= self.held:
            return 0.0
        self.held, self.hold = score, HOLD
        return score

    def plausible(self, evidence: Evidence) -> Evidence:
        """Return the evidence for a person: a series that never was below zero is not expected there."""
        if self.signed or evidence.low >= 0 or evidence.high <= 0:
            return evidence
        return replace(evidence, low=0.0)

    def unless_daily(self, at: float, verdict: Anomalous, *, learn: bool) -> Normal | Anomalous:
        """Return the verdict, or one that finds nothing if such a surprise comes every day; keep it in any case."""
        nines = nines_of(verdict.score)
        if self.daily is None:
            self.daily = Recurrence()
        known = self.daily.known(at, nines)
        if learn:
            self.daily.remember(at, nines)
        return KNOWN if known else verdict

    @property
    def cadence(self) -> Cadence:
        """How often it speaks."""
        return Cadence.of(self.record)

    @property
    def points(self) -> Iterable[tuple[float, float]]:
        """Return time and value of the latest samples, the oldest first."""
        return self.objectives[0][1].points if self.objectives else latest(self.record)

    def snapshot(self) -> list[Plain]:
        """Return the whole state but for the record as plain data."""
        key = [self.key.service, self.key.metric, [list(pair) for pair in self.key.attributes]]
        goals = [[breach.snapshot(), trend.snapshot()] for breach, trend in self.objectives]
        limits = [[o.objective.metric, o.objective.limit, o.objective.above] for o, _ in self.objectives]
        state = [self.counted, self.warm, self.held, self.hold, self.signed]
        daily = None if self.daily is None else self.daily.snapshot()
        return [key, limits, goals, state, daily]


class Placed(NamedTuple):
    """A detector, and which part of a record is its own."""

    name: str
    leads_to: AnomalyKind
    detector: Detector
    start: int
    end: int


class Bank:
    """All series of a partition."""

    def __init__(self, params: DetectionParams, services: Sequence[Service]) -> None:
        self._params = params
        self._objectives: dict[tuple[ServiceId, str], tuple[Objective, ...]] = {}
        for service in services:
            for goal in service.objectives:
                mark = (service.id, goal.metric)
                self._objectives[mark] = (*self._objectives.get(mark, ()), goal)
        self._series: dict[SeriesKey, Series] = {}
        self.detectors, self._fresh = _made(params)
        self.refused = 0

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series.values())

    def get(self, key: SeriesKey) -> Series | None:
        """Return the series, made new if need be; None when there are too many already."""
        series = self._series.get(key)
        if series is not None:
            return series
        if len(self._series) >= self._params.max_series:
            self.refused += 1
            return None
        series = self._series[key] = self._make(key)
        return series

    def _make(self, key: SeriesKey) -> Series:
        params = self._params
        goals = tuple(
            (ObjectiveDetector(key, goal), TrendForecaster(key, goal, params.forecast))
            for goal in self._objectives.get((key.service, key.metric), ())
        )
        return Series(key, bytearray(self._fresh if goals else self._fresh + NO_SAMPLES), goals)

    def snapshot(self) -> Plain:
        """Return every series as plain data."""
        return [[*series.snapshot(), self._parts(series)] for series in self._series.values()]

    def _parts(self, series: Series) -> Plain:
        return [[name, saved(series.record[part])] for name, part in self._places(series)]

    def _places(self, series: Series) -> Iterator[tuple[str, slice]]:
        """Yield what a record is made of."""
        yield "cadence", slice(0, len(UNHEARD))
        for each in self.detectors:
            yield each.name, slice(each.start, each.end)
        if not series.objectives:
            yield "latest", slice(len(self._fresh), len(series.record))

    def restore(self, state: Plain) -> None:
        """Take over a snapshot. Detectors and objectives that the snapshot does not know start anew."""
        if not isinstance(state, Sequence) or isinstance(state, str | bytes):
            raise StateError("the saved bank of series is damaged")
        self._series.clear()
        for row in state:
            self._restore_series(row)

    def _restore_series(self, row: Plain) -> None:
        match row:
            case [[str() as service, str() as metric, [*pairs]], [*limits], [*goals], own, daily, [*parts]]:
                key = SeriesKey(ServiceId(service), metric, tuple((str(name), str(text)) for name, text in pairs))
            case _:
                raise StateError("a saved series is damaged")
        series = self._series[key] = self._make(key)
        series.counted, series.warm, series.held, series.hold, series.signed = own
        if daily is not None:
            series.daily = Recurrence()
            series.daily.restore(daily)
        known = dict(parts)
        for name, part in self._places(series):
            if name in known:
                series.record[part] = restored(known[name], part.stop - part.start)
        series.expected = series.cadence.known(self._params.silence)
        saved_goals = {tuple(limit): goal for limit, goal in zip(limits, goals, strict=True)}
        for breach, trend in series.objectives:
            goal = saved_goals.get((breach.objective.metric, breach.objective.limit, breach.objective.above))
            if goal is not None:
                breach.restore(goal[0])
                trend.restore(goal[1])


def _made(params: DetectionParams) -> tuple[tuple[Placed, ...], bytes]:
    """Return the detectors, each with its place, and the record of a series of which nothing is known, to their end."""
    placed: list[Placed] = []
    fresh = UNHEARD
    for entry in DETECTORS:
        if entry.name in params.without:
            continue
        detector = entry.make(params, len(fresh))
        placed.append(Placed(entry.name, entry.leads_to, detector, len(fresh), len(fresh) + len(detector.fresh)))
        fresh += detector.fresh
    return tuple(placed), fresh
