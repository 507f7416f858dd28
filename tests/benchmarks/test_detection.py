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
from tests.support.timelines import START, feed, noise

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


@pytest.mark.parametrize(
    ("step_s", "series"), [(1.0, 1), (60.0, 1), (300.0, 1), (3600.0, 1), (1.0, 20), (60.0, 20), (300.0, 20)]
)
def test_cost_per_sample(tmp_path: Path, step_s: float, series: int) -> None:
    values = noise(COUNT)
    keys = [SeriesKey.of("api", f"value_{number}") for number in range(series)]
    samples = [Sample(keys[i % series], value, START + i // series * step_s) for i, value in enumerate(values)]
    telemetry = tmp_path / "telemetry.csv"
    lines = [f"{sample.observed_at},api,{sample.key.metric},{sample.value!r}\n" for sample in samples]
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
    print(f"\na sample every {step_s:.0f} s of {series} series")
    print(f"GaussianScorer {base:.2f} us per sample")
    print(f"detection      {detect:.2f} us per sample, {detect / base:.1f} times GaussianScorer")
    print(f"backtest       {whole:.2f} us per sample, {whole / base:.1f} times GaussianScorer")
    print(f"snapshot       {len(json.dumps(detection.snapshot())) / series:.0f} bytes of JSON for each series")


@pytest.mark.parametrize(("services", "metrics"), [(10, 1), (1000, 1), (10, 2), (1000, 2)])
def test_cost_beside_many_services(services: int, metrics: int) -> None:
    """Every series speaks once a minute, at its own second; what is timed comes once all of them are known."""
    names = [SeriesKey.of(f"service-{s}", f"metric_{m}") for s in range(services) for m in range(metrics)]
    offsets = [second % 59.0 for second in noise(len(names), 5, 500.0, 100.0)]
    rounds = 2 * COUNT // len(names) if services < 1000 else 60
    rows = sorted((START + turn * 60.0 + offsets[n], n) for turn in range(rounds) for n in range(len(names)))
    samples = [Sample(names[n], value, at) for (at, n), value in zip(rows, noise(len(rows)), strict=True)]
    detection = Detection(DetectionParams())
    feed(detection, samples[: len(samples) // 2])
    rest = samples[len(samples) // 2 :]
    started = time.process_time()
    feed(detection, rest)
    cost = (time.process_time() - started) / len(rest) * 1e6
    print(f"\n{services} services of {metrics} series: detection {cost:.1f} us per sample")


@pytest.mark.parametrize("slow", [20, 300, 1000])
def test_cost_where_one_of_a_service_speaks_by_the_second_and_the_others_by_the_minute(slow: int) -> None:
    """Each of the others speaks at its own time; what is timed comes once all of them are known."""
    names = [SeriesKey.of("api", f"value_{number}") for number in range(slow + 1)]
    by_minute = [(60.0 * (turn + n / slow), n) for turn in range(40) for n in range(1, slow + 1)]
    rows = sorted([*by_minute, *((float(second), 0) for second in range(40 * 60))])
    samples = [Sample(names[n], x, START + at) for (at, n), x in zip(rows, noise(len(rows)), strict=True)]
    detection = Detection(DetectionParams())
    feed(detection, samples[: len(samples) * 3 // 4])
    rest = samples[len(samples) * 3 // 4 :]
    started = time.process_time()
    feed(detection, rest)
    cost = (time.process_time() - started) / len(rest) * 1e6
    print(f"\none series by the second beside {slow} by the minute: detection {cost:.1f} us per sample")


@pytest.mark.parametrize(
    ("services", "metrics", "samples"),
    [(25, 20, 100), (10, 50, 100), (500, 1, 100), (6, 20, 3000), (3, 50, 3000), (40, 1, 3000)],
)
def test_memory_per_series(services: int, metrics: int, samples: int) -> None:
    """Everything that detection holds, services and keys too, before anything was found and after: noise has findings.

    A record does not grow.
    """
    names = [(f"service-{s}", f"metric_{m}_seconds") for s in range(services) for m in range(metrics)]
    values = noise(samples * len(names))
    gc.collect()
    tracemalloc.start()
    detection = Detection(DetectionParams())
    for number, value in enumerate(values):
        sample, place = divmod(number, len(names))
        detection.observe(Sample(SeriesKey.of(*names[place]), value, START + sample * 60.0))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"\n{services} services of {metrics} series, {samples} samples of each: {held / len(names):.0f} bytes a series"
    )
