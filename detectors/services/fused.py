"""A service whose findings are fused (``fusion``).

Most services are calm, and nothing is found of them for days: a fusion is made with the first finding, and whoever only
takes findings back needs none.
"""

from collections.abc import Collection, Iterable
from enum import Enum

from detectors.anomalies.fusion import Fusion
from detectors.anomalies.selected import Selected
from detectors.arrival.cadence import SAMPLES, read
from detectors.params import DetectionParams
from detectors.series.bank import Series
from domain.anomaly import AnomalyKind, Evidence
from domain.identity import SeriesKey, ServiceId

TROUBLE = frozenset({AnomalyKind.BREACH, AnomalyKind.FORECAST, AnomalyKind.LEVEL})


class Objectives(Enum):
    """Of which services people said what matters."""

    NONE = "none"
    OTHERS = "others"
    THIS_ONE = "this one"


class Fused:
    """The series of a service and what is found of them; ``ServiceState`` adds what looks for it."""

    __slots__ = ("_objectives", "_params", "fusion", "name", "series")

    def __init__(self, name: ServiceId, params: DetectionParams, objectives: Objectives) -> None:
        self.name = name
        self._params = params
        self._objectives = objectives
        self.series: list[Series] = []
        self.fusion: Fusion | None = None  # None until something is found, and after a long rest

    def fused(self) -> Fusion:
        """Return the fusion to give a finding to, made now if it is the first."""
        if self.fusion is None:
            name, params, without = self.name, self._params.fusion, frozenset(self._params.without)
            self.fusion = Selected(name, params, without=without) if without else Fusion(name, params)
            self.fusion.has_objectives = self._objectives is not Objectives.NONE
            self.fusion.has_own = self.has_own
            self.fusion.series = len(self.series)
        return self.fusion

    @property
    def has_own(self) -> bool:
        """Whether people said what matters of this very service."""
        return self._objectives is Objectives.THIS_ONE

    @property
    def idle(self) -> bool:
        """Whether there is nothing to settle."""
        return self.fusion is None or self.fusion.idle

    def rest(self, at: float) -> None:
        """Let go of the fusion once it remembers nothing that could matter to the next finding."""
        if self.fusion is not None and self.fusion.rested(at):
            self.fusion = None

    def measure_gap(self, fusion: Fusion, spoke: Series | None) -> None:
        """Let fusion know the usual gap of the slowest series; only that of the one that ``spoke`` may have changed."""
        if fusion.slowest is not None:
            if spoke is None:
                return
            if _usual_s(spoke) >= fusion.gap_s:
                fusion.gap_s, fusion.slowest = _usual_s(spoke), spoke.key
                return
            if spoke.key != fusion.slowest:
                return
        slowest = max(self.series, key=_usual_s)
        fusion.gap_s, fusion.slowest = _usual_s(slowest), slowest.key

    @property
    def troubled(self) -> bool:
        """Whether more than its telemetry is told of."""
        return self.fusion is not None and self.fusion.open is not None and self.fusion.open.kind in TROUBLE

    def none_is_silent(self, late: Evidence, silent: Collection[SeriesKey]) -> None:
        """Take in that samples come late, which explains what is silent, and what is told as a silence."""
        fusion = self.fused()
        told = () if fusion.open is None or fusion.open.kind is not AnomalyKind.SILENCE else (fusion.open.leader,)
        fusion.explained(AnomalyKind.SCHEMA, late, {*silent, *(key for key in told if key is not None)})

    def calm(self, key: SeriesKey, detector: str) -> None:
        """Count a calm sample against a finding, if there is one."""
        if self.fusion is not None:
            self.fusion.calm(key, detector)

    def over(self, key: SeriesKey, detector: str) -> None:
        """Drop a finding that has ended by its nature, if there is one."""
        if self.fusion is not None:
            self.fusion.over(key, detector)

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Forget what was found of series."""
        if self.fusion is not None:
            self.fusion.forget(keys)


def samples_of(some: Iterable[Series]) -> int:
    """Return how many samples of these series were taken."""
    return sum(read(series.record)[SAMPLES] for series in some)


def _usual_s(series: Series) -> float:
    usual_s: float = read(series.record)[1]
    return usual_s
