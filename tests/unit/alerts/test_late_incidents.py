"""Incidents that were opened and closed before the telemetry of their time was read."""

import pytest

from alerts.decide import Decide
from domain.alert import AlertStatus
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.notice import Phase
from domain.telemetry import EventStatus
from tests.support.builders import T0, a_forecast, a_landscape, a_watermark, an_anomaly, an_incident
from tests.support.decide import AT_ONCE

FORECAST = AnomalyKind.FORECAST


def ending(began_at: float, closed_at: float, service: str = "payments-api") -> tuple[AlertStatus, set[Phase]]:
    """How an alert about a forecast ends that is open from T0 to T0+60, when the incident was read before it."""
    decide = Decide(a_landscape(), AT_ONCE)
    decide.handle(an_incident("INC-1", service, at=began_at))
    decide.handle(an_incident("INC-1", service, at=closed_at, status=EventStatus.CLOSED))
    forecast = a_forecast(at=T0)
    decide.handle(an_anomaly(kind=FORECAST, forecast=forecast))
    again = Decide(a_landscape(), AT_ONCE)
    again.restore(decide.snapshot())
    ended = an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 60, opened_at=T0, kind=FORECAST)
    decided = [again.handle(ended), again.handle(a_watermark(T0 + 600))]
    transitions = [each for one in decided for each in one.transitions]
    phases = {notice.phase for one in decided for notice in one.notices} & {Phase.ALL_CLEAR, Phase.RETRACTION}
    return transitions[-1].status, phases


#   incident          T0+10 ===== T0+40          (read first, as a whole)
#   alert      T0 --------------------------- T0+60
@pytest.mark.parametrize(("began", "closed"), [(10, 40), (-30, 5), (50, 90), (-10, 100)])
def test_an_alert_that_met_an_incident_ends_as_resolved_however_late_it_was_read(began: float, closed: float) -> None:
    assert ending(T0 + began, T0 + closed) == (AlertStatus.RESOLVED, {Phase.ALL_CLEAR})


@pytest.mark.parametrize(("began", "closed"), [(-90, -30), (61, 90)])
def test_an_incident_of_another_time_is_not_its_own(began: float, closed: float) -> None:
    assert ending(T0 + began, T0 + closed) == (AlertStatus.RETRACTED, {Phase.RETRACTION})


def test_an_incident_of_another_service_is_not_its_own() -> None:
    assert ending(T0 + 10, T0 + 40, "ledger-db") == (AlertStatus.RETRACTED, {Phase.RETRACTION})
