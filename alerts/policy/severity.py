"""How bad it would be: from who is affected, and how sure we are; never from a score alone."""

from alerts.params import AlertParams
from alerts.policy.impact import Routes
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind, Forecast
from domain.journeys import Impact

_CHANGED = frozenset({AnomalyKind.SCHEMA, AnomalyKind.UNIT})
RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def severity(anomaly: Anomaly, impact: Impact, routes: Routes, params: AlertParams) -> Severity:
    """Return the severity of a finding with this impact.

    No journey affected: info, or a warning once an objective is breached. A journey affected: a warning; critical if it
    matters much and the breach is there, or the confidence is high and it is not only due in a day or two. Telemetry
    that has changed is a warning, however sure: it hurts nobody; what is foreseen beside it may be more.
    """
    breached = anomaly.kind is AnomalyKind.BREACH
    if not impact.journeys:
        return Severity.WARNING if breached else Severity.INFO
    sure = breached or _is_sure(anomaly, params)
    return Severity.CRITICAL if sure and _matters_much(impact, routes, params) else Severity.WARNING


def _is_sure(anomaly: Anomaly, params: AlertParams) -> bool:
    if anomaly.kind in _CHANGED or (anomaly.kind is AnomalyKind.FORECAST and anomaly.forecasts):
        return near(anomaly, anomaly.at, params) is not None
    return anomaly.confidence >= params.critical_confidence


def near(anomaly: Anomaly, at: float, params: AlertParams) -> Forecast | None:
    """Return the first of its forecasts that is sure, and due so soon by ``at`` that somebody has to be woken."""
    return next(
        (
            forecast
            for forecast in anomaly.forecasts
            if forecast.confidence >= params.critical_confidence and forecast.breach_at - at <= params.critical_ahead
        ),
        None,
    )


def _matters_much(impact: Impact, routes: Routes, params: AlertParams) -> bool:
    if len(impact.clients) >= params.critical_clients:
        return True
    for affected in impact.journeys:
        journey = routes.journeys[affected.journey]
        tolerance_s = journey.impact_tolerance_s
        if journey.important_business_service or (tolerance_s is not None and tolerance_s <= params.critical_tolerance):
            return True
    return False


def worse(one: Severity, other: Severity) -> Severity:
    """Return the worse of two."""
    return max(one, other, key=RANK.__getitem__)
