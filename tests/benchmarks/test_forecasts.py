"""How often forecasts come true by the confidence they state, and how early they are beside two rules of thumb.

On the recording of the demo, whose faults ramp up within minutes. ``predict_linear`` as in Prometheus: a least-squares
line through the last 60 samples, 60 seconds ahead, true for three samples in a row. Burn rate as in Google's SRE
workbook, with windows shrunk from an hour to a minute: 14.4 times an error budget of 1 % over 60 s and over 5 s.
"""

import csv
import gzip
import json
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from config.loader import load_with_environment
from detectors.trend import ForecastParams, TrendForecaster, fit
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective

pytestmark = pytest.mark.benchmark
DEMO = Path(__file__).parents[2] / "streams" / "demo"
Points = list[tuple[float, float]]
Rule = Callable[[Points, Objective], Iterator[float]]  # times at which the rule warns
MIN_CONFIDENCE = 0.6
GRACE_S = 60.0


class Told(NamedTuple):
    """A standing forecast, and what became of it."""

    at: float
    confidence: float
    true: bool  # the limit was passed within twice the time said, or 5 s
    inside: bool  # within the interval


def recording() -> list[tuple[SeriesKey, Objective, Points]]:
    """Every series that has an objective, in order of time."""
    goals = [
        (SeriesKey.of(service.id, goal.metric), goal)
        for service in load_with_environment(DEMO / "payments.yaml").landscape().services
        for goal in service.objectives
    ]
    points: dict[SeriesKey, Points] = {key: [] for key, _ in goals}
    with gzip.open(DEMO / "data" / "telemetry.csv.gz", "rt") as text:
        for row in csv.DictReader(text):
            line = points.get(SeriesKey.of(row["service"], row["metric"]))
            at = float(row["ts"])
            if line is not None and (not line or at > line[-1][0]):
                line.append((at, float(row["value"])))
    return [(key, goal, points[key]) for key, goal in goals]


def beyond(goal: Objective, value: float) -> bool:
    return value > goal.limit if goal.above else value < goal.limit


def told(key: SeriesKey, goal: Objective, points: Points) -> Iterator[Told]:
    forecaster = TrendForecaster(key, goal, ForecastParams())
    passed = [at for at, value in points if beyond(goal, value)]
    for at, value in points:
        forecast = forecaster.observe(at, value, learn=True)
        if forecast is None or forecast.issued_at != at or forecast.breach_at <= at or beyond(goal, value):
            continue
        after = bisect_left(passed, at)
        breach = passed[after] if after < len(passed) else float("inf")
        true = breach - at <= max(2 * (forecast.breach_at - at), 5.0)
        yield Told(at, forecast.confidence, true, forecast.earliest_at <= breach <= forecast.latest_at)


def ours(points: Points, goal: Objective) -> Iterator[float]:
    forecaster = TrendForecaster(SeriesKey.of("s", goal.metric), goal, ForecastParams())
    for at, value in points:
        forecast = forecaster.observe(at, value, learn=True)
        if forecast is not None and forecast.confidence >= MIN_CONFIDENCE:
            yield at


def predict_linear(points: Points, goal: Objective) -> Iterator[float]:
    window: Points = []
    agreed = 0
    for point in points:
        window = [*window[-59:], point]
        line = fit(window) if len(window) == 60 else None
        agreed = agreed + 1 if line is not None and beyond(goal, line.value + 60 * line.slope) else 0
        if agreed >= 3:
            yield point[0]


def burn_rate(points: Points, goal: Objective) -> Iterator[float]:
    long: deque[bool] = deque(maxlen=60)
    for at, value in points:
        long.append(beyond(goal, value))
        short = list(long)[-5:]
        if len(long) == 60 and sum(long) / 60 >= 0.144 and sum(short) / 5 >= 0.144:
            yield at


def openings(times: Iterator[float]) -> list[float]:
    """A warning lasts for as long as the rule repeats it within 15 s."""
    found: list[float] = []
    last = float("-inf")
    for at in times:
        if at - last > 15:
            found.append(at)
        last = at
    return found


def warnings(rule: Rule) -> list[tuple[ServiceId, float]]:
    return [(key.service, at) for key, goal, points in recording() for at in openings(rule(points, goal))]


def judged(said: list[tuple[ServiceId, float]]) -> str:
    lines = (DEMO / "data" / "incidents.jsonl").read_text().splitlines()
    incidents = [row for row in map(json.loads, lines) if row["kind"] != "data"]
    spans = [(row["fault_started_at"], row["breach_at"], row["resolved_at"] + GRACE_S) for row in incidents]
    leads = [
        next((breach - at for at in sorted(at for s, at in said if s in row["affected"]) if start <= at < breach), 0.0)
        / (breach - start)
        for row, (start, breach, _) in zip(incidents, spans, strict=True)
    ]
    right = sum(any(start <= at <= end for start, _, end in spans) for _, at in said)
    return (
        f"{sum(lead > 0 for lead in leads)} of {len(leads)} warned, median lead {median(leads):.2f} of the ramp, "
        f"{len(said)} warnings of which {right / max(1, len(said)):.0%} during a fault"
    )


def test_reliability_of_forecasts() -> None:
    everything = [one for key, goal, points in recording() for one in told(key, goal, points)]
    middle = (min(t.at for t in everything) + max(t.at for t in everything)) / 2
    for name, half in (("first half", [t for t in everything if t.at < middle]), ("second half", everything)):
        part = [t for t in half if name == "first half" or t.at >= middle]
        print(f"\n{name}: {len(part)} standing forecasts")
        for tenth in range(3, 10):
            inside = [t for t in part if int(t.confidence * 10) == tenth]
            if inside:
                true, hit = (sum(getattr(t, field) for t in inside) / len(inside) for field in ("true", "inside"))
                print(f"  said 0.{tenth}: {len(inside):4} came true {true:.0%}, inside the interval {hit:.0%}")


@pytest.mark.parametrize("rule", [ours, predict_linear, burn_rate], ids=lambda rule: rule.__name__)
def test_lead_beside_rules_of_thumb(rule: Rule) -> None:
    print(f"\n{rule.__name__}: {judged(warnings(rule))}")
