"""A service whose findings are fused (``fusion``).

Most services are calm, and nothing is found of them for days: a fusion is made with the first finding, and whoever only
takes findings back needs none.
"""

from collections.abc import Collection
from enum import Enum

from detectors.bank import Series
from detectors.fusion import Fusion
from detectors.params import DetectionParams
from detectors.selected import Selected
from domain.identity import SeriesKey, ServiceId


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
        self.fusion: Fusion | None = None  # None until something is found

    def fused(self) -> Fusion:
        """Return the fusion to give a finding to, made now if it is the first."""
        if self.fusion is None:
            name, params, without = self.name, self._params.fusion, frozenset(self._params.without)
            self.fusion = Selected(name, params, without=without) if without else Fusion(name, params)
            self.fusion.has_objectives = self._objectives is not Objectives.NONE
            self.fusion.has_own = self._objectives is Objectives.THIS_ONE
            self.fusion.series = len(self.series)
        return self.fusion

    @property
    def idle(self) -> bool:
        """Whether there is nothing to settle."""
        return self.fusion is None or self.fusion.idle

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
