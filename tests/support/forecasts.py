"""Forecasts held against what came: recordings, made-up ramps, and a table of reliability.

Forecasts within one ramp are not independent, so every ramp (an episode) counts as much as any other.
"""

import csv
import gzip
import json
import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from config.loader import load_with_environment
from detectors.forecast.heading import IN_TIME, LEAST, ForecastParams
from detectors.forecast.trend import TrendForecaster
from domain.identity import SeriesKey
from domain.journeys import Objective, Service

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "streams" / "demo"
APART = 15  # samples without a forecast between two episodes
Points = list[tuple[float, float]]
Lines = list[tuple[SeriesKey, Objective, Points]]


class Recording(NamedTuple):
    """Every series that has an objective, in order of time, and what was done to the system."""

    name: str
    services: tuple[Service, ...]
    lines: Lines
    faults: list[dict[str, Any]]


def recording(folder: Path) -> Recording:
    """A recording of the system of the demo, under the demo's configuration."""
    services = tuple(load_with_environment(DEMO / "payments.yaml").landscape().services)
    goals = [(SeriesKey.of(service.id, goal.metric), goal) for service in services for goal in service.objectives]
    points: dict[SeriesKey, Points] = {key: [] for key, _ in goals}
    with gzip.open(folder / "telemetry.csv.gz", "rt") as text:
        for row in csv.DictReader(text):
            line = points.get(SeriesKey.of(row["service"], row["metric"]))
            at = float(row["ts"])
            if line is not None and (not line or at > line[-1][0]):
                line.append((at, float(row["value"])))
    rows = map(json.loads, (folder / "incidents.jsonl").read_text().splitlines())
    faults = [row for row in rows if row["kind"] != "data"]
    return Recording(folder.name, services, [(key, goal, points[key]) for key, goal in goals], faults)


def recordings(more: Path | None = None) -> Iterator[Recording]:
    """The two of the repository, and one that is elsewhere, or all that are in a folder elsewhere."""
    yield from map(recording, (DEMO / "data", ROOT / "tests" / "recordings" / "second"))
    if more is not None:
        yield from (recording(found.parent) for found in sorted(more.rglob("telemetry.csv.gz")))


class Drawn(NamedTuple):
    """What is drawn for each ramp: how many steps, how high the top short of the limit, how strongly it bends."""

    steps: int
    top: float
    rate: float


# The share of the way that is gone, by the share of the time of the ramp.
Shape = Callable[[float, Drawn], float]
REACH: Mapping[str, Shape] = {
    "linear": lambda x, _: x,
    "quadratic": lambda x, _: x * x,
    "exponential": lambda x, drawn: math.expm1(drawn.rate * x) / math.expm1(drawn.rate),
    "root": lambda x, _: x**0.6,
    "stairs": lambda x, drawn: math.floor(x * drawn.steps) / drawn.steps,
    "saw": lambda x, drawn: x + 0.5 / drawn.steps * ((x * drawn.steps) % 1) - 0.25 / drawn.steps,
}
TURN_BACK: Mapping[str, Shape] = {
    "levels off": lambda x, drawn: drawn.top * -math.expm1(-drawn.rate * x),
    "halts": lambda x, drawn: min(x, drawn.top) if x < drawn.top + 0.5 else 0.0,
    "hump": lambda x, drawn: drawn.top * math.exp(-(((x - 1) * 2.2) ** 2)),
    "wave": lambda x, drawn: drawn.top * (1 - math.cos(math.pi * x)) / 2,
}
FULL = Objective("made_up", 1.0, above=True)


class Ramp(NamedTuple):
    """When its calm time began, and when it began to rise."""

    calm_at: float
    rises_at: float


def ramp(shape: Shape, chance: random.Random) -> tuple[int, list[float]]:
    """How long it is calm, and a calm time and a ramp with noise that is drawn, too: how much, whether it follows."""
    spread, follows = chance.choice((0.005, 0.02, 0.05)), chance.choice((0.0, 0.8))
    length, calm = math.exp(chance.uniform(math.log(40), math.log(300))), chance.randint(150, 300)
    drawn = Drawn(chance.randint(4, 9), chance.uniform(0.3, 0.95), chance.uniform(2, 5))
    values, noise = [], 0.0
    for i in range(calm + int(length * 1.35)):
        noise = follows * noise + chance.gauss(0, spread * math.sqrt(1 - follows * follows))
        gone = (i - calm) / length
        values.append(noise + (min(1.4, shape(gone, drawn)) if gone > 0 else 0.0))
    return calm, values


def life(share: float, seed: int, count: int) -> tuple[Points, list[Ramp]]:
    """One series with so many ramps, of which about this share reach the limit."""
    chance = random.Random(f"{share} {seed}")
    points: Points = []
    ramps = []
    for _ in range(count):
        shapes = REACH if chance.random() < share else TURN_BACK
        calm, values = ramp(shapes[chance.choice(sorted(shapes))], chance)
        ramps.append(Ramp(float(len(points)), float(len(points) + calm)))
        points += [(len(points) + float(i), value) for i, value in enumerate(values)]
    return points, ramps


class Told(NamedTuple):
    """A forecast, and what became of it."""

    episode: str
    at: float
    confidence: float
    true: bool  # the limit was passed in time: within twice the time said, or five samples
    inside: bool  # within the interval
    late: float  # the true time left, as a share of the one that was said; infinite if it never came


def beyond(goal: Objective, value: float) -> bool:
    """Whether a value is beyond the limit."""
    return value > goal.limit if goal.above else value < goal.limit


def told(name: str, goal: Objective, points: Points) -> Iterator[Told]:
    """Every forecast that stands, but for those whose outcome lies behind the end."""
    forecaster = TrendForecaster(SeriesKey.of("any", goal.metric), goal, ForecastParams())
    passed = [at for at, value in points if beyond(goal, value)]
    gap_s = (points[-1][0] - points[0][0]) / (len(points) - 1)
    was_beyond, last, number = False, -math.inf, 0
    for at, value in points:
        forecast = forecaster.observe(at, value, learn=not was_beyond)
        was_beyond = beyond(goal, value)
        if forecast is None or forecast.breach_at <= at:
            continue
        number += at - last > APART * gap_s
        last = at
        if forecast.issued_at != at:  # it stands: means say it anew every 64 samples, of the same ramp
            continue
        after = bisect_left(passed, at)
        breach = passed[after] if after < len(passed) else math.inf
        said = forecast.breach_at - at
        in_time = max(IN_TIME * said, LEAST * gap_s)
        if breach < math.inf or at + in_time <= points[-1][0]:
            inside = forecast.earliest_at <= breach <= forecast.latest_at
            yield Told(
                f"{name} {number}", at, forecast.confidence, breach - at <= in_time, inside, (breach - at) / said
            )


class Reliability(NamedTuple):
    """How far stated confidence is from what came true; every episode counts the same."""

    brier: float
    error: float  # expected calibration error over tenths
    inside: float  # share of breaches within the interval; one that never came is outside
    late: float  # median of the true time left as a share of the one said, where it came
    rows: list[str]


def reliability(everything: Sequence[Told]) -> Reliability:
    """The table, by the tenth of the confidence that was stated."""
    count = Counter(one.episode for one in everything)

    def mean(of: Callable[[Told], float], among: Sequence[Told]) -> float:
        return sum(of(one) / count[one.episode] for one in among) / sum(1 / count[one.episode] for one in among)

    rows, error = [], 0.0
    for tenth in range(10):
        part = [one for one in everything if int(one.confidence * 10) == tenth]
        if part:
            said, true, inside = mean(lambda t: t.confidence, part), mean(_true, part), mean(_inside, part)
            error += abs(said - true) * sum(1 / count[one.episode] for one in part) / len(count)
            episodes = len({one.episode for one in part})
            rows.append(
                f"said {said:.2f}: came true {true:4.0%}, inside the interval {inside:4.0%} "
                f"({len(part)} forecasts, {episodes} episodes)"
            )
    brier = mean(lambda t: (t.confidence - t.true) ** 2, everything)
    late = median(one.late for one in everything if one.late < math.inf)
    return Reliability(brier, error, mean(_inside, everything), late, rows)


def _true(one: Told) -> float:
    return float(one.true)


def _inside(one: Told) -> float:
    return float(one.inside)
