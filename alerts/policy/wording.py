"""One sentence for a person at a squad: what is happening, what has changed, how it ended. Never shown to a client."""

import math
from typing import assert_never

from domain.anomaly import Anomaly, AnomalyKind, Evidence, Forecast

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0


def number(value: float) -> str:
    """Return three significant digits, without an exponent where a person would not write one."""
    if not math.isfinite(value):
        return "unbounded"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -6 <= magnitude < 15:
        return f"{value:.2e}"
    digits = 2 - magnitude
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(seconds: float) -> str:
    """Return a rough duration in at most two units, such as ``45 s``, ``9 min``, ``1 h 20 min``."""
    seconds = max(seconds, 0.0)
    if seconds < 1.5 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S - MINUTE_S / 2:
        return f"{seconds / MINUTE_S:.0f} min"
    large, small, size, unit = ("h", "min", HOUR_S, MINUTE_S) if seconds < 2 * DAY_S else ("d", "h", DAY_S, HOUR_S)
    whole, rest = divmod(round(seconds / unit), round(size / unit))
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def metric(evidence: Evidence) -> str:
    """Return the metric with its labels, without the service."""
    labels = ", ".join(f"{name}={value}" for name, value in evidence.key.attributes)
    return f"{evidence.key.metric} ({labels})" if labels else evidence.key.metric


def forecast_words(forecast: Forecast, at: float) -> str:
    """Say when the limit will be passed, with the interval and how sure that is."""
    direction = "above" if forecast.above else "below"
    limit = f"{direction} its limit of {number(forecast.limit)}"
    if forecast.breach_at <= at:
        return f"{forecast.key.metric} is expected {limit} by now ({forecast.confidence:.0%} sure)"
    interval = f"{span(forecast.earliest_at - at)} to {span(forecast.latest_at - at)}"
    when = f"in about {span(forecast.breach_at - at)}"
    return f"{forecast.key.metric} is expected {limit} {when} ({interval}, {forecast.confidence:.0%} sure)"


def headline(anomaly: Anomaly, at: float) -> str:
    """Say in one sentence what is happening to the service."""
    return f"{anomaly.service}: {trouble(anomaly, at)}"


def change(before: Anomaly, after: Anomaly, at: float) -> str:
    """Say in one sentence what is new, or what is happening when nothing else is new."""
    forecast = after.forecast
    if after.kind is AnomalyKind.BREACH and before.kind is not AnomalyKind.BREACH:
        return headline(after, at)
    if forecast is not None and forecast != before.forecast:
        what = "new forecast" if before.forecast is None else "forecast changed"
        return f"{after.service}: {what}: {forecast_words(forecast, at)}"
    if forecast is None and before.forecast is not None:
        return f"{after.service}: forecast withdrawn; {trouble(after, at)}"
    return headline(after, at)


def trouble(anomaly: Anomaly, at: float) -> str:
    """Say what is happening, without the service's name."""
    if anomaly.kind is AnomalyKind.FORECAST and anomaly.forecast is not None:
        return forecast_words(anomaly.forecast, at)
    if not anomaly.evidence:
        return "something is not as usual"
    evidence = anomaly.evidence[0]
    name = metric(evidence)
    actual = "nothing" if evidence.actual is None else number(evidence.actual)
    usual = f"expected {number(evidence.low)} to {number(evidence.high)}"
    lasting = span(at - evidence.since)
    match anomaly.kind:
        case AnomalyKind.LEVEL | AnomalyKind.FORECAST:
            text = f"{name} is {actual}, {usual}"
        case AnomalyKind.BREACH:
            text = f"{name} has breached its objective: {actual}, {usual}"
        case AnomalyKind.SILENCE:
            text = f"no {name} for {lasting}"
        case AnomalyKind.STUCK:
            text = f"{name} has stood still at {actual} for {lasting}"
        case AnomalyKind.SCHEMA:
            text = f"{name} does not look like before"
        case _:
            assert_never(anomaly.kind)
    return text
