"""How often forecasts come true by the confidence they state, and how early they are beside two rules of thumb.

On the demo's part of a recording and on a second one, whose faults ramp up within minutes, and on made-up ramps. With
``--cases DIR`` on one more recording of the same system (``telemetry.csv.gz``, ``incidents.jsonl``).

Forecasts are tried at many confidences, and with two pairs of standard errors and forecasts in a row.
``predict_linear`` as in Prometheus: a least-squares line through the last samples, so many seconds ahead, true for
three samples in a row. Burn rate as in Google's SRE workbook, with windows shrunk from an hour to a minute: so many
times an error budget of 1 %, over 60 s and over 5 s. Each rule is tried at many bars, and told with the best one that
keeps to a precision.
"""

from collections import deque
from collections.abc import Iterator
from statistics import mean, median
from typing import Any, NamedTuple

import pytest

from detectors.ramp import fit
from detectors.trend import ForecastParams, TrendForecaster
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from tests.support.forecasts import FULL, Points, Recording, beyond, life, recordings, reliability, told

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(0)]
GRACE_S = 60.0
SHARES = (0.05, 0.3, 0.5, 0.8, 1.0)  # of the ramps of a made-up series that reach the limit
RAMPS, SEEDS = 40, 3


@pytest.fixture(scope="module", name="every")
def all_of_them(request: pytest.FixtureRequest) -> list[Recording]:
    return list(recordings(request.config.getoption("--cases")))


def test_reliability_on_recordings(every: list[Recording]) -> None:
    for one in every:
        found = reliability(
            [each for key, goal, points in one.lines for each in told(f"{key} {goal.limit}", goal, points)]
        )
        print(f"\n{one.name}: Brier {found.brier:.3f}, calibration error {found.error:.3f}, ", end="")
        print(f"inside {found.inside:.0%}, the true time left is {found.late:.2f} of the one said (median)")
        print("\n".join(found.rows))


def test_reliability_on_made_up_ramps_as_a_series_goes_on() -> None:
    parts: dict[str, list[Any]] = {"ramps 1 to 5": [], "6 to 15": [], "16 to 40": []}
    for share in SHARES:
        for seed in range(SEEDS):
            points, began = life(share, seed, RAMPS)
            for each in told(f"{share} {seed}", FULL, points):
                number = sum(at <= each.at for at in began)
                parts["ramps 1 to 5" if number <= 5 else "6 to 15" if number <= 15 else "16 to 40"].append(each)
    for name, part in parts.items():
        found = reliability(part)
        print(f"\n{name}: Brier {found.brier:.3f}, calibration error {found.error:.3f}")
        print("\n".join(found.rows))


class Rule(NamedTuple):
    """One rule at one bar (confidence, errors and forecasts in a row; window and seconds ahead; times the budget)."""

    name: str
    bar: str

    def warns(self, points: Points, goal: Objective) -> Iterator[float]:
        match self.name:
            case "forecast" | "forecast as shipped":
                bar, certainty, agreeing = map(float, self.bar.split("/"))
                return ours(points, goal, bar, ForecastParams(certainty=certainty, agreeing=int(agreeing)))
            case "predict_linear":
                window, ahead_s = map(int, self.bar.split("/"))
                return predict_linear(points, goal, window, ahead_s)
            case _:
                return burn_rate(points, goal, float(self.bar))


BARS = {
    "forecast as shipped": ["0.6/4/3"],
    "forecast": [f"0.{tenth}/{gate}" for gate in ("4/3", "3/2") for tenth in range(1, 10)],
    "predict_linear": [f"{window}/{ahead}" for window in (15, 30, 60, 120) for ahead in (15, 30, 60, 120, 240)],
    "burn rate": ["1", "2", "6", "14.4", "30", "60"],
}


def ours(points: Points, goal: Objective, bar: float, params: ForecastParams) -> Iterator[float]:
    forecaster = TrendForecaster(SeriesKey.of("s", goal.metric), goal, params)
    was_beyond = False
    for at, value in points:
        forecast = forecaster.observe(at, value, learn=not was_beyond)
        was_beyond = beyond(goal, value)
        if forecast is not None and forecast.confidence >= bar:
            yield at


def predict_linear(points: Points, goal: Objective, samples: int, ahead_s: float) -> Iterator[float]:
    window: deque[tuple[float, float]] = deque(maxlen=samples)
    agreed = 0
    for point in points:
        window.append(point)
        line = fit(list(window)) if len(window) == samples else None
        agreed = agreed + 1 if line is not None and beyond(goal, line.value + ahead_s * line.slope) else 0
        if agreed >= 3:
            yield point[0]


def burn_rate(points: Points, goal: Objective, factor: float) -> Iterator[float]:
    long: deque[bool] = deque(maxlen=60)
    for at, value in points:
        long.append(beyond(goal, value))
        short = list(long)[-5:]
        if len(long) == 60 and min(sum(long) / 60, sum(short) / 5) >= 0.01 * factor:
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


def hurt(services: tuple[Service, ...], affected: list[str]) -> set[ServiceId]:
    """The services that a fault affects, and those that need one of them."""
    found = set(map(ServiceId, affected))
    for _ in services:
        found |= {service.id for service in services if found & set(service.depends_on)}
    return found


class Judged(NamedTuple):
    """What a rule is worth on one recording."""

    precision: float  # share of the warnings that came during a fault, on a service that it hurts
    warned: int
    leads: list[float]  # shares of the ramps
    warnings: int


def judged(rule: Rule, one: Recording) -> Judged:
    said = [(key.service, at) for key, goal, points in one.lines for at in openings(rule.warns(points, goal))]
    spans = [
        (row["fault_started_at"], row["resolved_at"] + GRACE_S, hurt(one.services, row["affected"]))
        for row in one.faults
    ]
    leads = []
    for row in one.faults:
        if row["kind"] == "sudden_kill" or row["breach_at"] is None:
            continue
        start, breach = row["fault_started_at"], row["breach_at"]
        first = min((at for who, at in said if who in row["affected"] and start <= at < breach), default=breach)
        leads.append((breach - first) / (breach - start))
    right = sum(any(start <= at <= end and who in services for start, end, services in spans) for who, at in said)
    return Judged(right / max(1, len(said)), sum(lead > 0 for lead in leads), leads, len(said))


@pytest.mark.parametrize("name", BARS)
def test_lead_at_equal_precision(name: str, every: list[Recording]) -> None:
    for one in every:
        found = [(bar, judged(Rule(name, bar), one)) for bar in BARS[name]]
        for least in (0.9, 0.95, 1.0):
            kept = [(bar, each) for bar, each in found if each.precision >= least and each.warnings]
            if not kept:
                print(f"\n{one.name}, {name}: no bar has a precision of {least:.0%}", end="")
                continue
            bar, best = max(kept, key=lambda item: mean(item[1].leads))
            print(
                f"\n{one.name}, {name} at precision >= {least:.0%}: {best.warned} of {len(best.leads)} warned, lead "
                f"mean {mean(best.leads):.2f}, median {median(best.leads):.2f} of the ramp, {best.warnings} warnings, "
                f"precision {best.precision:.0%} (bar {bar})",
                end="",
            )
