"""The alert: the episode that opens, is updated, and ends."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.anomaly import Anomaly
from domain.identity import AlertId, AnomalyId, ServiceId, derive


class AlertStatus(StrEnum):
    """What has just happened to an alert."""

    OPEN = "open"
    UPDATE = "update"
    SUSPENDED = "suspended"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


ENDED: Final = frozenset({AlertStatus.RESOLVED, AlertStatus.RETRACTED})


class Severity(StrEnum):
    """How bad it would be."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an alert, as written to the alerts topic. ``sequence`` counts from 1 within the alert."""

    alert: AlertId
    service: ServiceId
    status: AlertStatus
    sequence: int
    at: float
    opened_at: float
    severity: Severity
    reason: str
    anomaly: Anomaly
    incident: str | None = None  # id of the declared incident that this alert preceded or met
    joined: AlertId | None = None  # the alert in whose threads this one is told: they probably have one cause


def first_alert(service: ServiceId, anomaly: AnomalyId) -> AlertId:
    """Return the id of the alert that an anomaly opens when it is heard for the first time."""
    return AlertId(derive("alert", service, anomaly))
