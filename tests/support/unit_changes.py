"""Series whose unit changes, and what is recognised of one alone."""

from collections.abc import Sequence

from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.unit_doubt import likeliest
from detectors.units.unit_jump import CLAIM, Jump, UnitWatch
from domain.anomaly import Anomaly
from domain.journeys import Service
from domain.telemetry import SampleKind
from tests.support.timelines import feed, noise, timeline


def times(factor: float, count: int = 300, seed: int = 9, centre: float = 50.0, spread: float = 2.0) -> list[float]:
    return [value * factor for value in noise(count, seed, centre, spread)]


def jump(before: Sequence[float], after: Sequence[float]) -> Jump | None:
    """What is recognised of a series, without the rest of detection."""
    watch = UnitWatch(before[-24:])
    for at, value in enumerate(after):
        doubt = watch.take(at, value, list)
        if doubt is not None:
            factor, sure = likeliest(doubt)
            if sure >= CLAIM:
                return watch.settle(factor, sure)
            watch.unsettled()
    return None


def run(values: Sequence[float], *services: Service, kind: SampleKind = SampleKind.GAUGE) -> list[Anomaly]:
    samples = timeline(values, kind=kind)
    return feed(Detection(DetectionParams(), services), samples)[1]


def whole(values: Sequence[float]) -> list[float]:
    return [float(round(value)) for value in values]
