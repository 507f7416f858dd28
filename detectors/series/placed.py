"""Where each detector of the registry keeps its part of the record of a series: one after the other."""

from typing import NamedTuple

from detectors.arrival.cadence import FRESH as UNHEARD
from detectors.base import Detector
from detectors.params import DetectionParams
from detectors.registry import DETECTORS
from domain.anomaly import AnomalyKind


class Placed(NamedTuple):
    """A detector, and which bytes of a record are its own: from ``start`` up to ``end``."""

    name: str
    leads_to: AnomalyKind
    detector: Detector
    start: int
    end: int


def placed(params: DetectionParams) -> tuple[tuple[Placed, ...], bytes]:
    """Return the detectors, each with its place, and the record of a series of which nothing is known, to their end."""
    found: list[Placed] = []
    fresh = UNHEARD
    for entry in DETECTORS:
        if entry.name in params.without:
            continue
        detector = entry.make(params, len(fresh))
        found.append(Placed(entry.name, entry.leads_to, detector, len(fresh), len(fresh) + len(detector.fresh)))
        fresh += detector.fresh
    return tuple(found), fresh
