"""Series of a service that are declared to be something else, and what is told of it."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample, SampleKind
from tests.support.timelines import START, feed, noise, timeline

OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED
UNIT, BREACH = AnomalyKind.UNIT, AnomalyKind.BREACH
TOLD_ONCE = [(OPENED, UNIT), (ENDED, UNIT)]
GAUGE, COUNTER = SampleKind.GAUGE, SampleKind.COUNTER
CHANGE = 400
WATCHED = Service(ServiceId("payments-api"), objectives=(Objective("latency", 100.0, above=True),))
IN_MS = Service(ServiceId("payments-api"), objectives=(Objective("latency", 100.0, above=True, unit="ms"),))


def line(values: Iterable[float], unit: str = "", first: int = 0, *, metric: str = "latency",
         kind: SampleKind = GAUGE) -> list[Sample]:  # fmt: skip
    samples = timeline(values, metric=metric, start=START + first, kind=kind)
    return [sample._replace(unit=unit) for sample in samples]


def values(count: int = 200, seed: int = 9, times: float = 1.0) -> list[float]:
    return [value * times for value in noise(count, seed)]


def counted(count: int, seed: int = 9, start: float = 0.0) -> list[float]:
    return list(accumulate(noise(count, seed), initial=start))[1:]


def run(*samples: Sequence[Sample], services: Sequence[Service] = ()) -> list[Anomaly]:
    return feed(Detection(DetectionParams(), services), [sample for part in samples for sample in part])[1]


def story(said: Sequence[Anomaly]) -> list[tuple[AnomalyPhase, AnomalyKind]]:
    return [(anomaly.phase, anomaly.kind) for anomaly in said]


def detail(said: Sequence[Anomaly]) -> str:
    return said[0].evidence[0].detail


BEFORE = line(noise(CHANGE), "ms")
