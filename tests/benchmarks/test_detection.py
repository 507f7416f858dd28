"""What a sample costs, as a ratio to a loop over River's GaussianScorer in the same run."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from river import anomaly

from alerts.decide import Decide
from alerts.params import AlertParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.journeys import Landscape
from streams.backtest import Backtest
from tests.support.timelines import START, feed, noise, timeline

pytestmark = pytest.mark.benchmark
COUNT = 30_000


def cost_us(work: Callable[[], object]) -> float:
    """Microseconds of processor time per sample, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best / COUNT * 1e6


def gaussian(values: list[float]) -> None:
    model = anomaly.GaussianScorer()
    for value in values:
        model.score_one(None, value)
        model.learn_one(None, value)


def test_cost_per_sample(tmp_path: Path) -> None:
    values = noise(COUNT)
    samples = timeline(values)
    telemetry = tmp_path / "telemetry.csv"
    lines = [f"{START + i},api,value,{value!r}\n" for i, value in enumerate(values)]
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
    print(f"\nGaussianScorer {base:.2f} us per sample")
    print(f"detection      {detect:.2f} us per sample, {detect / base:.1f} times GaussianScorer")
    print(f"backtest       {whole:.2f} us per sample, {whole / base:.1f} times GaussianScorer")
    print(f"snapshot       {len(json.dumps(detection.snapshot()))} bytes of JSON for one series")
