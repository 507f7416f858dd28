"""What a sample costs, as a ratio to a loop over River's GaussianScorer in the same run; and what a series costs."""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from river import anomaly

from alerts.decide import Decide
from alerts.params import AlertParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.identity import SeriesKey
from domain.journeys import Landscape
from domain.telemetry import Sample
from streams.backtest import Backtest
from tests.support.timelines import START, feed, noise, timeline

pytestmark = pytest.mark.benchmark
COUNT = 30_000


def cost_us(work: Callable[[], object]) -> float:
    """Microseconds of processor time per sample, the best of seven: other work on the machine disturbs some."""
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best / COUNT * 1e6


def gaussian(values: list[float]) -> None:
    model = anomaly.GaussianScorer()
    for value in values:
        model.score_one(None, value)
        model.learn_one(None, value)


@pytest.mark.parametrize("step_s", [1.0, 60.0, 300.0, 3600.0])
def test_cost_per_sample(tmp_path: Path, step_s: float) -> None:
    values = noise(COUNT)
    samples = timeline(values, step_s=step_s)
    telemetry = tmp_path / "telemetry.csv"
    lines = [f"{START + i * step_s},api,value,{value!r}\n" for i, value in enumerate(values)]
    telemetry.write_text("ts,service,metric,value\n" + "".join(lines))
    base = cost_us(lambda: gaussian(values))
    detect = cost_us(lambda: feed(Detection(DetectionParams()), samples))
    whole = cost_us(
        lambda: Backtest(Detection(DetectionParams()), Decide(Landscape(), AlertParams())).run(
            telemetry, tmp_path / "o"
        )
    )
    detection = Detection(DetectionParams())
    feed(detection, samples)
    print(f"\na sample every {step_s:.0f} s")
    print(f"GaussianScorer {base:.2f} us per sample")
    print(f"detection      {detect:.2f} us per sample, {detect / base:.1f} times GaussianScorer")
    print(f"backtest       {whole:.2f} us per sample, {whole / base:.1f} times GaussianScorer")
    print(f"snapshot       {len(json.dumps(detection.snapshot()))} bytes of JSON for one series")


@pytest.mark.parametrize(("services", "metrics"), [(25, 20), (10, 50), (500, 1)])
def test_memory_per_series(services: int, metrics: int) -> None:
    """Everything that detection holds, services and keys too, before anything was found: a record does not grow."""
    names = [(f"service-{s}", f"metric_{m}_seconds") for s in range(services) for m in range(metrics)]
    values = noise(100)
    gc.collect()
    tracemalloc.start()
    detection = Detection(DetectionParams())
    for i, value in enumerate(values):
        for service, metric in names:
            detection.observe(Sample(SeriesKey.of(service, metric), value, START + i * 60.0))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"\n{services} services of {metrics} series: {held / len(names):.0f} bytes a series")
