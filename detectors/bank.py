"""The models of every series of a partition: made on first sight, bounded in number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detectors.base import Detector
from detectors.cadence import Cadence
from detectors.features import Feature, Refusal
from detectors.objective import ObjectiveDetector
from detectors.params import DetectionParams
from detectors.registry import DETECTORS, Entry
from detectors.trend import TrendForecaster
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.state import Plain
from domain.telemetry import SampleKind

HOLD = 60  # samples


@dataclass(slots=True)
class Series:
    """One series: its last sample, its cadence, its detectors, and its objectives."""

    key: SeriesKey
    feature: Feature
    cadence: Cadence
    detectors: tuple[tuple[Entry, Detector], ...]
    objectives: tuple[tuple[ObjectiveDetector, TrendForecaster], ...]
    warm: bool = False
    held: float = 0.0  # the highest score of this run of surprises
    hold: int = 0  # samples for which it still stands
    fresh: bool = True  # not yet given to its service

    def take(self, at: float, value: float, kind: SampleKind) -> float | Refusal:
        """Return the value to judge, or why there is none; an accepted sample counts for the cadence."""
        taken = self.feature.take(at, value, kind)
        if not isinstance(taken, Refusal) or taken is Refusal.NO_RATE:
            self.cadence.observe(at)
        return taken

    def surprise(self, score: float) -> float:
        """Return the score if it is news: within HOLD samples of a higher one it is not, and counts as 0."""
        self.hold -= 1
        if self.hold < 0:
            self.held = 0.0
        if score <= self.held:
            return 0.0
        self.held, self.hold = score, HOLD
        return score

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        key = [self.key.service, self.key.metric, [list(pair) for pair in self.key.attributes]]
        models = [[entry.name, detector.snapshot()] for entry, detector in self.detectors]
        goals = [[breach.snapshot(), trend.snapshot()] for breach, trend in self.objectives]
        limits = [[o.objective.metric, o.objective.limit, o.objective.above] for o, _ in self.objectives]
        return [
            key,
            self.feature.snapshot(),
            self.cadence.snapshot(),
            models,
            limits,
            goals,
            [self.warm, self.held, self.hold],
        ]


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
        self._series[key] = series = self._make(key)
        return series

    def _make(self, key: SeriesKey) -> Series:
        params = self._params
        goals = tuple(
            (ObjectiveDetector(key, goal), TrendForecaster(key, goal, params.forecast))
            for goal in self._objectives.get((key.service, key.metric), ())
        )
        detectors = tuple((entry, entry.make(key, params)) for entry in DETECTORS)
        return Series(key, Feature(), Cadence(params.silence), detectors, goals)

    def snapshot(self) -> Plain:
        """Return every series as plain data."""
        return [series.snapshot() for series in self._series.values()]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot. Detectors and objectives that the snapshot does not know start anew."""
        if not isinstance(state, Sequence) or isinstance(state, str | bytes):
            raise StateError("the saved bank of series is damaged")
        self._series.clear()
        for row in state:
            self._restore_series(row)

    def _restore_series(self, row: Plain) -> None:
        match row:
            case [
                [str() as service, str() as metric, [*pairs]],
                feature,
                cadence,
                [*models],
                [*limits],
                [*goals],
                [warm, held, hold],
            ]:
                key = SeriesKey(ServiceId(service), metric, tuple((str(name), str(text)) for name, text in pairs))
            case _:
                raise StateError("a saved series is damaged")
        series = self._series[key] = self._make(key)
        series.feature.restore(feature)
        series.cadence.restore(cadence)
        series.warm, series.held, series.hold = warm, held, hold
        known = dict(models)
        for entry, detector in series.detectors:
            if entry.name in known:
                detector.restore(known[entry.name])
        saved_goals = {tuple(limit): goal for limit, goal in zip(limits, goals, strict=True)}
        for breach, trend in series.objectives:
            goal = saved_goals.get((breach.objective.metric, breach.objective.limit, breach.objective.above))
            if goal is not None:
                breach.restore(goal[0])
                trend.restore(goal[1])
