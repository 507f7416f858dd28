"""One sentence for a person at a squad: what is happening, what has changed, how it ended. Never shown to a client."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

from domain.anomaly import Anomaly, AnomalyKind, Evidence, Forecast
from domain.identity import SeriesKey

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
_TEN_YEARS_S: Final = 315_576_000.0
_SOON_S: Final = 5.0  # less is said as now: by the time it is read it is over
_LEARNT: Final = frozenset({"unit", "schema"})  # detectors
_SENTENCES: Final = frozenset({"integrity", "schema"})  # detectors whose detail says it all
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOVES: Final = 3  # metrics of one finding that are remembered of it
OBJECTIVE: Final = "objective"  # the detector that sees a limit passed
LISTED: Final = 3  # names in a list; the others are counted
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    if not seconds < _TEN_YEARS_S:
        return "a very long time"
    seconds = max(seconds, 0.0)
    if seconds < 1.5 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S - MINUTE_S / 2:
        return f"{seconds / MINUTE_S:.0f} min"
    large, small, size, unit = ("h", "min", HOUR_S, MINUTE_S) if seconds < 2 * DAY_S else ("d", "h", DAY_S, HOUR_S)
    whole, rest = divmod(round(seconds / unit), round(size / unit))
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def day(at: float) -> str:
    """Return a day as a person writes it, such as ``3 Nov 2026``, in UTC."""
    when = _when(at)
    return "an unknown day" if when is None else f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def time_of_day(at: float) -> str:
    """Return a time such as ``14:02 UTC``."""
    when = _when(at)
    return "an unknown time" if when is None else f"{when:%H:%M} UTC"


def day_and_time(at: float) -> str:
    """Return a day and a time such as ``3 Nov 2026, 14:02 UTC``."""
    return f"{day(at)}, {time_of_day(at)}"


def _when(at: float) -> datetime | None:
    # What people and machines answer may name any time at all, also one that no calendar has.
    try:
        return _EPOCH + timedelta(seconds=at)
    except (OverflowError, ValueError):
        return None


def moves(anomaly: Anomaly) -> tuple[str, ...]:
    """Say what the finding's leading metrics did, each in two words, such as ``pool_in_use rose``."""
    found = [_move(anomaly.kind, evidence) for evidence in anomaly.evidence[:MOVES]]
    if not found and anomaly.forecast is not None:
        found = [f"{anomaly.forecast.key.metric} {'rose' if anomaly.forecast.above else 'fell'}"]
    return tuple(dict.fromkeys(found))


def _move(kind: AnomalyKind, evidence: Evidence) -> str:
    name, actual = evidence.key.metric, evidence.actual
    if actual is None or kind is AnomalyKind.SILENCE:
        return f"{name} fell silent"
    if kind is AnomalyKind.STUCK:
        return f"{name} stood still"
    if kind is AnomalyKind.UNIT:
        return f"{name} changed its unit"
    if actual > evidence.high:
        return f"{name} rose"
    return f"{name} fell" if actual < evidence.low else f"{name} changed"


def metric(known: Evidence | Forecast) -> str:
    """Return the metric that it is about with its labels, without the service."""
    labels = ", ".join(f"{name}={value}" for name, value in known.key.attributes)
    return f"{known.key.metric} ({labels})" if labels else known.key.metric


def usual(evidence: Evidence) -> str:
    """Say what was expected: a range, or the one number that is."""
    return f"expected {between(number(evidence.low), number(evidence.high))}"


def between(low: str, high: str) -> str:
    """Say from where to where a range goes, in one number if both are written alike."""
    return low if low == high else f"{low} to {high}"


def forecast_words(forecast: Forecast, at: float) -> str:
    """Say when the limit will be passed, with the interval and how sure that is."""
    direction = "above" if forecast.above else "below"
    expected = f"{metric(forecast)} is expected {direction} its limit of {number(forecast.limit)}"
    sure = f"{forecast.confidence:.0%} sure"
    if due := due_words(forecast, at):
        return f"{expected} {due} ({sure})"
    return f"{expected} in about {span(forecast.breach_at - at)} ({interval(forecast, at)}, {sure})"


def due_words(forecast: Forecast, at: float) -> str:
    """Say that the limit is due to be passed; nothing while there is time to speak of."""
    left_s = forecast.breach_at - at
    if left_s <= 0:
        return "by now"
    return "any moment now" if left_s < _SOON_S else ""


def interval(forecast: Forecast, at: float) -> str:
    """Say between when and when the limit will be passed; what may come at once is said by its end alone."""
    latest = span(forecast.latest_at - at)
    if forecast.earliest_at - at < _SOON_S:
        return f"at most {latest}"
    return f"{span(forecast.earliest_at - at)} to {latest}"


def headline(anomaly: Anomaly, at: float) -> str:
    """Say in one sentence what is happening to the service."""
    return f"{anomaly.service}: {trouble(anomaly, at)}"


def change(before: Anomaly, after: Anomaly, at: float) -> str:
    """Say in one sentence what is new, or what is happening when nothing else is new."""
    forecast = after.forecast
    breaches = after.kind is AnomalyKind.BREACH
    if breaches and (before.kind is not AnomalyKind.BREACH or _newest(after) not in {None, _newest(before)}):
        return headline(after, at)
    if forecast is not None and forecast != before.forecast:
        what = "new forecast" if before.forecast is None else "forecast changed"
        known = {(each.key, each.limit) for each in before.forecasts}
        more = (each for each in after.further if (each.key, each.limit) not in known)
        words = "; also ".join(forecast_words(each, at) for each in (forecast, *more))
        return f"{after.service}: {what}: {words}"
    if forecast is None and before.forecast is not None:
        return f"{after.service}: forecast withdrawn; {trouble(after, at)}"
    return headline(after, at)


def ending(anomaly: Anomaly) -> str:
    """Say how it ended: what telemetry has become for good is not back to normal, it is known from then on."""
    learnt = anomaly.evidence and anomaly.evidence[0].detector in _LEARNT
    return "taken as usual from now on" if learnt else "back to normal"


def unfulfilled(anomaly: Anomaly) -> str:
    """Say what did not come: a limit may well have been passed, though not for as long as its objective allows."""
    if anomaly.forecast is None:
        return "what was forecast did not come"
    return f"{metric(anomaly.forecast)} did not breach its objective"


def trouble(anomaly: Anomaly, at: float) -> str:
    """Say what is happening, without the service's name."""
    if anomaly.kind is AnomalyKind.FORECAST and anomaly.forecast is not None:
        return forecast_words(anomaly.forecast, at)
    if not anomaly.evidence:
        return "something is not as usual"
    passed = _passed(anomaly)
    evidence = (passed or anomaly.evidence)[0]
    name = metric(evidence)
    actual = "nothing" if evidence.actual is None else number(evidence.actual)
    told = f"{actual}, {usual(evidence)}"
    lasting = span(at - evidence.since)
    match anomaly.kind:
        case AnomalyKind.BREACH if passed:
            text = f"{name} has breached its objective: {told}"
        case AnomalyKind.LEVEL | AnomalyKind.FORECAST | AnomalyKind.BREACH:  # of a breach: what outlasts it
            text = evidence.detail if _speaks_for_itself(anomaly.kind, evidence) else f"{name} is {told}"
        case AnomalyKind.SILENCE:
            text = f"no {name} for {lasting}"
        case AnomalyKind.STUCK:
            text = f"{name} has stood still at {actual} for {lasting}"
        case AnomalyKind.SCHEMA:
            own = evidence.detail if evidence.detector in _SENTENCES else ""
            text = f"since {time_of_day(evidence.since)} {own}" if own else f"{name} does not look like before"
        case AnomalyKind.UNIT:
            own = f"is {evidence.detail}" if evidence.detector == "unit" else "looks as if its unit had changed"
            text = f"since {time_of_day(evidence.since)} {name} {own}"
        case _:
            assert_never(anomaly.kind)
    return text


def _newest(anomaly: Anomaly) -> SeriesKey | None:
    """Return the series that has passed its limit last of those that are beyond it."""
    return next((each.key for each in _passed(anomaly)), None)


def _passed(anomaly: Anomaly) -> list[Evidence]:
    """Return what is beyond its limit, the one that was passed last first."""
    return [each for each in anomaly.evidence if each.detector == OBJECTIVE and anomaly.kind is AnomalyKind.BREACH]


def _speaks_for_itself(kind: AnomalyKind, evidence: Evidence) -> bool:
    """Whether the value says less than the words beside it: of what was learnt from incidents, and one as expected."""
    as_expected = evidence.actual is not None and evidence.low <= evidence.actual <= evidence.high
    return bool(evidence.detail) and (kind is AnomalyKind.FORECAST or as_expected)
