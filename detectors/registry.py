"""The table of detectors that every series gets, in the order in which they judge a sample.

To add one: docs/howto/add-a-detector.md. What looks at more than one series of a service, at samples that do not come,
or at the objective of a series is no line of this table: ``detection`` and ``service`` know it by name.
"""

from collections.abc import Callable
from typing import NamedTuple

from detectors.base import Detector
from detectors.params import DetectionParams
from detectors.values.level import LevelDetector
from detectors.values.stuck import StuckDetector
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
