from dataclasses import replace

import pytest

from alerts.params import AlertParams
from alerts.policy.impact import Routes
from alerts.policy.severity import severity, worse
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind, Forecast
from domain.identity import ServiceId
from domain.journeys import Landscape
from tests.support.builders import T0, a_client, a_forecast, a_journey, a_landscape, an_anomaly

INNER = a_landscape(journeys=[])
PLAIN = a_landscape()
IMPORTANT = a_landscape(journeys=[a_journey(important=True)])
HASTY = a_landscape(journeys=[a_journey(impact_tolerance_s=3600)])
PATIENT = a_landscape(journeys=[a_journey(impact_tolerance_s=3601)])
CROWDED = a_landscape(clients=[a_client(f"bank-{number}") for number in range(10)])

SURE = an_anomaly(confidence=0.8)
UNSURE = an_anomaly(confidence=0.79, score=1.0)
BREACHED = an_anomaly(confidence=0.1, kind=AnomalyKind.BREACH)


@pytest.mark.parametrize(
    ("landscape", "anomaly", "expected"),
    [
        (INNER, SURE, Severity.INFO),
        (INNER, BREACHED, Severity.WARNING),
        (PLAIN, UNSURE, Severity.WARNING),
        (PLAIN, BREACHED, Severity.WARNING),
        (IMPORTANT, SURE, Severity.CRITICAL),
        (IMPORTANT, UNSURE, Severity.WARNING),
        (IMPORTANT, BREACHED, Severity.CRITICAL),
        (HASTY, SURE, Severity.CRITICAL),
        (PATIENT, SURE, Severity.WARNING),
        (CROWDED, SURE, Severity.CRITICAL),
    ],
)
def test_severity_follows_who_is_affected_and_how_sure_we_are(
    landscape: Landscape, anomaly: Anomaly, expected: Severity
) -> None:
    routes = Routes(landscape)

    assert severity(anomaly, routes.impact(ServiceId("payments-api")), routes, AlertParams()) is expected


@pytest.mark.parametrize(
    ("kind", "ahead_s", "expected"),
    [
        (AnomalyKind.FORECAST, 21_600.0, Severity.CRITICAL),
        (AnomalyKind.FORECAST, 21_601.0, Severity.WARNING),
        (AnomalyKind.LEVEL, 21_601.0, Severity.CRITICAL),
        (AnomalyKind.BREACH, 21_601.0, Severity.CRITICAL),
    ],
)
def test_what_is_only_forecast_and_due_much_later_wakes_nobody(
    kind: AnomalyKind, ahead_s: float, expected: Severity
) -> None:
    anomaly = an_anomaly(kind=kind, confidence=0.95, forecast=a_forecast(breach_at=T0 + ahead_s))
    impact = Routes(IMPORTANT).impact(ServiceId("payments-api"))

    assert severity(anomaly, impact, Routes(IMPORTANT), AlertParams()) is expected


@pytest.mark.parametrize(
    ("leads", "beside", "expected"),
    [
        (a_forecast(T0 + 60, confidence=0.6), a_forecast(T0 + 600, confidence=0.9), Severity.CRITICAL),
        (a_forecast(T0 + 60, confidence=0.6), a_forecast(T0 + 86_400, confidence=0.9), Severity.WARNING),
        (a_forecast(T0 + 86_400, confidence=0.9), a_forecast(T0 + 60, confidence=0.6), Severity.WARNING),
    ],
)
def test_a_doubtful_forecast_that_leads_does_not_hide_a_sure_one(
    leads: Forecast, beside: Forecast, expected: Severity
) -> None:
    found = an_anomaly(kind=AnomalyKind.FORECAST, confidence=leads.confidence, forecast=leads)
    impact = Routes(IMPORTANT).impact(ServiceId("payments-api"))

    assert severity(replace(found, further=(beside,)), impact, Routes(IMPORTANT), AlertParams()) is expected


@pytest.mark.parametrize("kind", [AnomalyKind.UNIT, AnomalyKind.SCHEMA])
def test_telemetry_that_has_changed_is_never_critical_by_itself(kind: AnomalyKind) -> None:
    impact = Routes(IMPORTANT).impact(ServiceId("payments-api"))
    changed = an_anomaly(kind=kind, confidence=0.99)
    foreseen = replace(changed, forecast=a_forecast(T0 + 60, confidence=0.9))

    assert severity(changed, impact, Routes(IMPORTANT), AlertParams()) is Severity.WARNING
    assert severity(foreseen, impact, Routes(IMPORTANT), AlertParams()) is Severity.CRITICAL


def test_the_worse_of_two_is_not_the_later_in_the_alphabet() -> None:
    assert worse(Severity.CRITICAL, Severity.WARNING) is Severity.CRITICAL
    assert worse(Severity.INFO, Severity.WARNING) is Severity.WARNING
