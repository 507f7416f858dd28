"""How often forecasts come true by the confidence they state, and how early they are beside two rules of thumb.

On the demo's part of a recording and on a second one, whose faults ramp up within minutes, and on made-up ramps. With
``--cases DIR`` on every recording of the same system below DIR (``telemetry.csv.gz``, ``incidents.jsonl``), too.

``predict_linear`` as in Prometheus: a least-squares line through the last samples, so many seconds ahead, true for
three samples in a row. Burn rate as in Google's SRE workbook, with windows shrunk from an hour to a minute: so many
times an error budget of 1 %, over 60 s and over 5 s. Each rule is tried at many bars, and told with the best one that
keeps to a precision: in hindsight for each recording, and with one bar for all of them.
"""

from collections import deque
from collections.abc import Sequence
from itertools import chain, pairwise
from statistics import mean, median
from typing import Any, NamedTuple

import pytest

from detectors.forecast.heading import UNSURE, ForecastParams
from detectors.forecast.ramp import fit
from detectors.forecast.trend import TrendForecaster
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from tests.support.forecasts import FULL, Points, Ramp, Recording, beyond, life, recordings, reliability, told

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(0)]
GRACE_S = 60.0
SHARES = (0.05, 0.3, 0.5, 0.8, 1.0)  # of the ramps of a made-up series that reach the limit
RAMPS, SEEDS = 40, 3
CONFIDENCES = (UNSURE, 0.06, 0.08, *(twentieth / 20 for twentieth in range(2, 20)))  # from all that is said on
SHIPPED = "0.60"  # from which a forecast opens an anomaly
AHEAD_S = (15, 30, 60, 120, 240)
FACTORS = (1, 2, 6, 14.4, 30, 60)


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
            points, ramps = life(share, seed, RAMPS)
            for each in told(f"{share} {seed}", FULL, points):
                number = sum(ramp.calm_at <= each.at for ramp in ramps)
                parts["ramps 1 to 5" if number <= 5 else "6 to 15" if number <= 15 else "16 to 40"].append(each)
    for name, part in parts.items():
        found = reliability(part)
        print(f"\n{name}: Brier {found.brier:.3f}, calibration error {found.error:.3f}")
        print("\n".join(found.rows))


Bars = dict[str, list[float]]  # when a rule is true, at each of its bars


def at_each_bar(name: str, points: Points, goal: Objective) -> Bars:
    match name:
        case "forecast":
            return ours(points, goal)
        case "predict_linear":
            return {bar: times for n in (15, 30, 60, 120) for bar, times in predict_linear(points, goal, n).items()}
        case _:
            return burn_rate(points, goal)


def ours(points: Points, goal: Objective) -> Bars:
    forecaster = TrendForecaster(SeriesKey.of("s", goal.metric), goal, ForecastParams())
    found: Bars = {f"{bar:.2f}": [] for bar in CONFIDENCES}
    was_beyond = False
    for at, value in points:
        forecast = forecaster.observe(at, value, learn=not was_beyond)
        was_beyond = beyond(goal, value)
        for bar in CONFIDENCES:
            if forecast is not None and forecast.confidence >= bar:
                found[f"{bar:.2f}"].append(at)
    return found


def predict_linear(points: Points, goal: Objective, samples: int) -> Bars:
    window: deque[tuple[float, float]] = deque(maxlen=samples)
    found: Bars = {f"{samples}/{ahead}": [] for ahead in AHEAD_S}
    agreed = dict.fromkeys(AHEAD_S, 0)
    for point in points:
        window.append(point)
        line = fit(list(window)) if len(window) == samples else None
        for ahead in AHEAD_S:
            true = line is not None and beyond(goal, line.value + ahead * line.slope)
            agreed[ahead] = agreed[ahead] + 1 if true else 0
            if agreed[ahead] >= 3:
                found[f"{samples}/{ahead}"].append(point[0])
    return found


def burn_rate(points: Points, goal: Objective) -> Bars:
    long: deque[bool] = deque(maxlen=60)
    found: Bars = {f"{factor:g}": [] for factor in FACTORS}
    for at, value in points:
        long.append(beyond(goal, value))
        burnt = min(sum(long) / 60, sum(list(long)[-5:]) / 5) if len(long) == 60 else 0.0
        for factor in FACTORS:
            if burnt >= 0.01 * factor:
                found[f"{factor:g}"].append(at)
    return found


def openings(times: list[float]) -> list[float]:
    """A warning lasts for as long as the rule repeats it within 15 s."""
    return [at for last, at in pairwise([float("-inf"), *times]) if at - last > 15]


def hurt(services: tuple[Service, ...], affected: list[str]) -> set[ServiceId]:
    """The services that a fault affects, and those that need one of them."""
    found = set(map(ServiceId, affected))
    for _ in services:
        found |= {service.id for service in services if found & set(service.depends_on)}
    return found


class Judged(NamedTuple):
    """What a rule is worth: its warnings, and by what share of the ramp each slow fault was warned of before."""

    warnings: int
    wrong: int  # that came outside of faults, or on a service that the fault does not hurt
    leads: tuple[float, ...]

    @property
    def precision(self) -> float:
        return 1 - self.wrong / max(1, self.warnings)

    def __str__(self) -> str:
        warned = sum(lead > 0 for lead in self.leads)
        return (
            f"lead mean {mean(self.leads):.2f}, median {median(self.leads):.2f} of the ramp, {warned} of "
            f"{len(self.leads)} warned, {self.warnings} warnings, {self.wrong} of them wrong"
        )


def judged(one: Recording, said: list[tuple[ServiceId, float]]) -> Judged:
    spans = [
        (row["fault_started_at"], row["resolved_at"] + GRACE_S, hurt(one.services, row["affected"]))
        for row in one.faults
    ]
    leads = []
    for row in one.faults:
        if row["kind"].startswith("sudden") or row["breach_at"] is None:
            continue
        start, breach = row["fault_started_at"], row["breach_at"]
        first = min((at for who, at in said if who in row["affected"] and start <= at < breach), default=breach)
        leads.append((breach - first) / (breach - start))
    right = sum(any(start <= at <= end and who in services for start, end, services in spans) for who, at in said)
    return Judged(len(said), len(said) - right, tuple(leads))


def by_bar(name: str, one: Recording) -> dict[str, Judged]:
    said: dict[str, list[tuple[ServiceId, float]]] = {}
    for key, goal, points in one.lines:
        for bar, times in at_each_bar(name, points, goal).items():
            said.setdefault(bar, []).extend((key.service, at) for at in openings(times))
    return {bar: judged(one, warnings) for bar, warnings in said.items()}


def together(all_of_them: Sequence[dict[str, Judged]]) -> dict[str, Judged]:
    """One bar for all recordings."""
    return {
        bar: Judged(
            sum(each[bar].warnings for each in all_of_them),
            sum(each[bar].wrong for each in all_of_them),
            tuple(chain.from_iterable(each[bar].leads for each in all_of_them)),
        )
        for bar in all_of_them[0]
    }


def best(found: dict[str, Judged], least: float) -> str:
    kept = [(bar, each) for bar, each in found.items() if each.precision >= least and each.warnings]
    if not kept:
        return f"precision >= {least:.0%}: no bar"
    bar, most = max(kept, key=lambda item: mean(item[1].leads))
    return f"precision >= {least:.0%}: {most} (bar {bar})"


@pytest.mark.parametrize("name", ["forecast", "predict_linear", "burn rate"])
def test_lead_at_equal_precision(name: str, every: list[Recording]) -> None:
    found = [by_bar(name, one) for one in every]
    titled = [*zip((one.name for one in every), found, strict=True), ("all, one bar", together(found))]
    for title, bars in titled:
        if name == "forecast":
            print(f"\n{title}, forecast as shipped: {bars[SHIPPED]}", end="")
        for least in (0.9, 0.95, 0.98, 1.0):
            print(f"\n{title}, {name}, {best(bars, least)}", end="")


def on_ramps(points: Points, ramps: list[Ramp], said: list[float]) -> Judged:
    """Made-up ramps: a warning is right that comes on one that reaches the limit; of each ramp the first one counts."""
    ends = [*(ramp.calm_at for ramp in ramps[1:]), points[-1][0] + 1]
    warnings = wrong = 0
    leads = []
    for ramp, end in zip(ramps, ends, strict=True):
        passed = next((at for at, value in points[int(ramp.calm_at) : int(end)] if beyond(FULL, value)), None)
        mine = [at for at in said if ramp.calm_at <= at < (end if passed is None else passed)]
        early = sum(at < ramp.rises_at for at in mine)
        on_it = [at for at in mine if at >= ramp.rises_at]
        warnings += early + bool(on_it)
        wrong += early + bool(on_it and passed is None)
        if passed is not None:
            leads.append((passed - min(on_it, default=passed)) / (passed - ramp.rises_at))
    return Judged(warnings, wrong, tuple(leads))


@pytest.mark.parametrize("name", ["forecast", "predict_linear"])
def test_lead_on_made_up_ramps(name: str) -> None:
    found: list[dict[str, Judged]] = []
    for share in SHARES:
        for seed in range(SEEDS):
            points, ramps = life(share, seed, RAMPS)
            bars = at_each_bar(name, points, FULL)
            found.append({bar: on_ramps(points, ramps, openings(times)) for bar, times in bars.items()})
    for least in (0.5, 0.6, 0.7, 0.8):
        print(f"\n{name}, made-up ramps, {best(together(found), least)}", end="")
