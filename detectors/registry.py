"""The table of detectors that every series gets. To add one: write its file, add a line here and its Params."""

from collections.abc import Callable
from typing import NamedTuple

from detectors.base import Detector
from detectors.level import LevelDetector
from detectors.params import DetectionParams
from detectors.stuck import StuckDetector
from domain.anomaly import AnomalyKind
from domain.identity import SeriesKey


class Entry(NamedTuple):
    """One kind of detector: its name in evidence, the kind of anomaly that it leads to, and how one is made."""

    name: str
    leads_to: AnomalyKind
    make: Callable[[SeriesKey, DetectionParams], Detector]


DETECTORS: tuple[Entry, ...] = (
    Entry("level", AnomalyKind.LEVEL, lambda key, params: LevelDetector(key, params.level)),
    Entry("stuck", AnomalyKind.STUCK, lambda key, params: StuckDetector(key, params.stuck)),
)
KINDS: dict[str, AnomalyKind] = {entry.name: entry.leads_to for entry in DETECTORS} | {
    "silence": AnomalyKind.SILENCE,
    "objective": AnomalyKind.BREACH,
    "forecast": AnomalyKind.FORECAST,
}
