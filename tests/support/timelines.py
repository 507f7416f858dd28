"""Small made-up telemetry: seeded noise, shapes, and a runner that keeps what detection said."""

import math
import random
from collections.abc import Callable, Iterable, Sequence

from detectors.detection import Detection
from domain.anomaly import Anomaly
from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind

START = 1_700_000_000.0


def noise(count: int, seed: int = 7, centre: float = 50.0, spread: float = 2.0) -> list[float]:
    """Gaussian values, the same for the same seed."""
    chance = random.Random(seed)  # seeded
    return [chance.gauss(centre, spread) for _ in range(count)]


def timeline(
    values: Iterable[float],
    service: str = "payments-api",
    metric: str = "latency_ms",
    step_s: float = 1.0,
    start: float = START,
    kind: SampleKind = SampleKind.GAUGE,
) -> list[Sample]:
    """One series, a sample every step."""
    key = SeriesKey.of(service, metric)
    return [Sample(key, value, start + number * step_s, kind) for number, value in enumerate(values)]


def together(*timelines: Sequence[Sample]) -> list[Sample]:
    """Several series in order of time."""
    return sorted((sample for line in timelines for sample in line), key=lambda sample: sample.observed_at)


def feed(detection: Detection, samples: Iterable[Sample]) -> tuple[list[float], list[Anomaly]]:
    """Everything that detection says of the samples."""
    scores: list[float] = []
    said: list[Anomaly] = []
    for sample in samples:
        score, anomalies = detection.observe(sample)
        scores.append(score)
        said.extend(anomalies)
    return scores, said


def with_shape(values: Sequence[float], start: int, shape: Callable[[int], float]) -> list[float]:
    """The values, from ``start`` on with a shape added."""
    return [value + (shape(i - start) if i >= start else 0.0) for i, value in enumerate(values)]


def day_wave(count: int, per_day: int, height: float = 20.0) -> list[float]:
    """A daily season without noise."""
    return [100.0 + height * math.sin(2 * math.pi * i / per_day) for i in range(count)]
