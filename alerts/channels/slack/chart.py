"""What the picture of an episode shows: the series that leads, what was expected of it, its limit and its forecast.

Pure: the same facts give the same chart. What does not fit together, or is not finite, is left out.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from alerts.channels.text import clean, moment
from alerts.policy.wording import between, number
from domain.anomaly import Evidence, Forecast, Trace
from domain.notice import SquadFacts

TITLE_LIMIT = 80
SERVICE_LIMIT = 40
ALT_LIMIT = 900
LEAST_POINTS = 2
LATELY = 0.15  # of the time shown
_MOST = 1e30  # beyond this nobody reads a chart
# The detectors whose range is where the values of the series are expected; of others it may be that of gaps or counts.
RANGES = frozenset({"level", "agreement"})
_UNITS = {
    "ms": " ms", "milliseconds": " ms", "s": " s", "seconds": " s", "us": " us", "percent": " %", "pct": " %",
    "rps": "/s", "cores": " cores", "celsius": " °C",
}  # fmt: skip
_SIZES = ((1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (0.0, " B"))
_MINUTES_ONLY_S = 600.0
_DAYS_TOO_S = 20 * 3600.0


@dataclass(frozen=True, slots=True)
class Fan:
    """A forecast: the limit is met at a time that is only known between two others."""

    at: float
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn. ``now`` is later than the last sample when samples have stopped to come."""

    title: str
    service: str
    unit: str  # the metric's own name for it, by which values are written
    points: tuple[tuple[float, float], ...]
    since: float  # from here on the series is in trouble
    now: float
    band: tuple[float, float] | None = None
    limit: float | None = None
    above: bool = True  # the limit is broken above it
    fan: Fan | None = None
    colour: str = "warning"  # severity, or "over"

    @property
    def expected_from(self) -> float:
        """Since when the band has held: it follows a drift, and is no measure of what lies before."""
        if self.band is None:
            return self.now
        before = [value for at, value in self.points if at < self.since]
        within = [value for value in before if self.band[0] <= value <= self.band[1]]
        start = self.points[0][0]
        return start if before and 2 * len(within) >= len(before) else self.now - LATELY * (self.now - start)

    @property
    def silent(self) -> bool:
        """Whether samples have stopped to come, for longer than two samples are ever apart here."""
        times = [at for at, _ in self.points]
        longest = max(later - at for at, later in pairwise(times))
        return self.now - times[-1] > 2 * longest

    def value(self, value: float) -> str:
        """Return a value as people write it, with its unit."""
        if self.unit != "bytes":
            return number(value) + _UNITS.get(self.unit, "")
        size, name = next((size, name) for size, name in _SIZES if abs(value) >= size)
        return number(value / (size or 1.0)) + name

    def range_words(self, band: tuple[float, float]) -> str:
        """Say what was expected."""
        return f"expected {between(*map(self.value, band))}"

    def clock(self, at: float) -> str:
        """Return a time of day, UTC, as exactly as the length of the chart asks for."""
        when = moment(at)
        if when is None:
            return "?"
        length = self.now - self.points[0][0]
        if length > _DAYS_TOO_S:
            return f"{_day(when)} {when:%H:%M}"
        return f"{when:%H:%M}" if length > _MINUTES_ONLY_S else f"{when:%H:%M:%S}"


def chart_of(facts: SquadFacts, *, over: bool) -> Chart | None:
    """Return the chart of an episode; None when too little is known. ``over``: nothing is forecast any more."""
    trace = facts.trace
    points = _points(trace) if trace is not None else ()
    if trace is None or len(points) < LEAST_POINTS or points[0][0] == points[-1][0]:
        return None
    own = [evidence for evidence in facts.evidence if evidence.key == trace.key]
    forecast = facts.forecast if facts.forecast is not None and facts.forecast.key == trace.key else None
    last_at = points[-1][0]
    silent_at = max((evidence.at for evidence in own if evidence.actual is None and not over), default=last_at)
    return Chart(
        title=_title(trace),
        service=clean(trace.key.service, SERVICE_LIMIT, "…"),
        unit=trace.key.metric.rsplit("_", 1)[-1] if "_per_" not in trace.key.metric else "rps",
        points=points,
        since=min([facts.opened_at, *(evidence.since for evidence in own)]),
        now=silent_at if last_at < silent_at < last_at + 10 * (last_at - points[0][0]) else last_at,
        band=_band(own),
        limit=_limit(own, forecast),
        above=_above(own, forecast),
        fan=None if forecast is None or over else _fan(forecast, last_at),
        colour="over" if over else facts.severity.value,
    )


def describe(chart: Chart) -> str:
    """Return what the picture shows in words, for who does not see it."""
    values = [value for _, value in chart.points]
    last_at, last = chart.points[-1]
    span = f"from {chart.clock(chart.points[0][0])} to {chart.clock(last_at)} UTC"
    reach = f"between {chart.value(min(values))} and {chart.value(max(values))}, last {chart.value(last)}"
    parts = [f"Chart of {chart.title} of {chart.service} {span}: {reach}"]
    if chart.silent:
        parts.append(f"no samples since {chart.clock(last_at)}")
    if chart.band is not None:
        parts.append(chart.range_words(chart.band))
    if chart.limit is not None:
        parts.append(f"limit {chart.value(chart.limit)}")
    if chart.fan is not None:
        interval = f"between {chart.clock(chart.fan.earliest)} and {chart.clock(chart.fan.latest)}"
        parts.append(f"expected to reach it at {chart.clock(chart.fan.at)}, {interval} UTC")
    return clean("; ".join(parts) + ".", ALT_LIMIT)


def _points(trace: Trace) -> tuple[tuple[float, float], ...]:
    pairs = zip(trace.times, trace.values, strict=False)
    return tuple(sorted((at, value) for at, value in pairs if moment(at) is not None and _fit(value)))


def _title(trace: Trace) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in trace.key.attributes)
    return clean(f"{trace.key.metric} ({labels})" if labels else trace.key.metric, TITLE_LIMIT, "…") or "?"


def _band(own: Iterable[Evidence]) -> tuple[float, float] | None:
    for evidence in own:
        usual = evidence.actual is not None and evidence.detector in RANGES
        if usual and _fit(evidence.low) and _fit(evidence.high) and evidence.low <= evidence.high:
            return evidence.low, evidence.high
    return None


def _limit(own: Iterable[Evidence], forecast: Forecast | None) -> float | None:
    breached = next((evidence.expected for evidence in own if evidence.detector == "objective"), None)
    limit = breached if forecast is None else forecast.limit
    return limit if limit is not None and _fit(limit) else None


def _above(own: Iterable[Evidence], forecast: Forecast | None) -> bool:
    if forecast is not None:
        return forecast.above
    return next((evidence.expected >= evidence.high for evidence in own if evidence.detector == "objective"), True)


def _fan(forecast: Forecast, now: float) -> Fan | None:
    times = (forecast.breach_at, forecast.earliest_at, forecast.latest_at)
    if any(moment(at) is None for at in times) or not _fit(forecast.limit) or forecast.breach_at <= now:
        return None
    return Fan(forecast.breach_at, max(now, forecast.earliest_at), max(forecast.breach_at, forecast.latest_at))


def _fit(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _MOST


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b}"
