"""The table of detectors that every series gets. To add one: write its file, add a line here and its Params."""

from collections.abc import Callable
from typing import NamedTuple

from detectors.base import Detector
from detectors.level import LevelDetector
from detectors.params import DetectionParams
from detectors.stuck import StuckDetector
from domain.anomaly import AnomalyKind


class Entry(NamedTuple):
    """One kind of detector: its name in evidence, the kind of anomaly that it leads to, and how one is made.

    It is made for a place in the record of a series.
    """

    name: str
    leads_to: AnomalyKind
    make: Callable[[DetectionParams, int], Detector]


DETECTORS: tuple[Entry, ...] = (
    Entry("level", AnomalyKind.LEVEL, lambda params, place: LevelDetector(params.level, place)),
    Entry("stuck", AnomalyKind.STUCK, lambda params, place: StuckDetector(params.stuck, place)),
)
KINDS: dict[str, AnomalyKind] = {entry.name: entry.leads_to for entry in DETECTORS} | {
    "silence": AnomalyKind.SILENCE,
    "objective": AnomalyKind.BREACH,
    "forecast": AnomalyKind.FORECAST,
}
