"""Scripted stages for a backtest, so that what is written does not depend on how anomalies are found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from alerts.decide import Decide, Decided
from detectors.detection import Detection
from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast, Watermark
from domain.identity import AlertId, ClientId, ServiceId
from domain.notice import Decision, Notice, Phase
from domain.telemetry import IncidentEvent, Sample
from tests.support.builders import T0, an_anomaly, an_evidence
from tests.support.notices import a_notice

BAR = 100.0


class ScriptedDetection:
    """Scores by a sum; a value over the bar opens an anomaly of its service, the next one below it ends it."""

    def __init__(self) -> None:
        self.seen: list[Sample] = []
        self.events: list[IncidentEvent] = []
        self.refusals: Counter[str] = Counter()
        self.open: dict[ServiceId, Anomaly] = {}

    @property
    def series_count(self) -> int:
        return len({sample.key for sample in self.seen})

    def states_by_service(self) -> Mapping[ServiceId, Counter[str]]:
        return {sample.key.service: Counter() for sample in self.seen}

    def observe(self, sample: Sample) -> tuple[float, Sequence[Anomaly]]:
        self.seen.append(sample)
        service, at = sample.key.service, sample.observed_at
        score = len(self.seen) / 3 % 1
        known = self.open.get(service)
        if sample.value > BAR and known is None:
            evidence = Evidence("level", sample.key, at, sample.value, 20.0, 10.0, 30.0, score, at, "high: scripted")
            forecast = Forecast(sample.key, 800.0, True, at, at + 60, at + 30, at + 90, 0.75)
            self.open[service] = an_anomaly(service, at=at, evidence=[evidence], forecast=forecast)
            return score, [self.open[service]]
        if sample.value <= BAR and known is not None:
            del self.open[service]
            return score, [an_anomaly(service, AnomalyPhase.ENDED, at, known.opened_at)]
        return score, ()

    def event(self, event: IncidentEvent) -> Sequence[Anomaly]:
        self.events.append(event)
        return ()


class ScriptedDecide:
    """Every anomaly is an alert; time alone suspends it once."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.open: dict[ServiceId, Transition] = {}

    def handle(self, item: Anomaly | IncidentEvent | Watermark) -> Decided:
        self.heard.append(item)
        if isinstance(item, Anomaly):
            ended = item.phase is AnomalyPhase.ENDED
            said = a_transition(item, AlertStatus.RESOLVED if ended else AlertStatus.OPEN, 3 if ended else 1)
            self.open[item.service] = said
            return Decided((said,))
        return Decided()


def stages() -> tuple[Detection, Decide]:
    """Detection and decision as scripted."""
    return cast("Detection", ScriptedDetection()), cast("Decide", ScriptedDecide())


def a_transition(anomaly: Anomaly, status: AlertStatus, sequence: int = 1, **changes: Any) -> Transition:
    """A change of the alert that belongs to an anomaly."""
    known: dict[str, Any] = {
        "alert": AlertId(f"alert-{anomaly.service}-{anomaly.opened_at:.0f}"),
        "service": anomaly.service,
        "status": status,
        "sequence": sequence,
        "at": anomaly.at,
        "opened_at": anomaly.opened_at,
        "severity": Severity.WARNING,
        "reason": f"{anomaly.service}: something is unusual",
        "anomaly": anomaly,
    }
    return Transition(**(known | changes))


def an_alert(
    service: str = "payments-api",
    opened: float = 0.0,
    ended: float | None = 30.0,
    detectors: Sequence[str] = ("level",),
    forecast: Forecast | None = None,
    severity: Severity = Severity.WARNING,
    status: AlertStatus = AlertStatus.RESOLVED,
) -> tuple[Transition, ...]:
    """The changes of one alert; times are seconds since T0."""
    found = tuple(_from(name, service, T0 + opened) for name in detectors)
    kind = AnomalyKind.FORECAST if forecast is not None else AnomalyKind.LEVEL
    anomaly = an_anomaly(service, at=T0 + opened, evidence=found, forecast=forecast, kind=kind)
    steps = [a_transition(anomaly, AlertStatus.OPEN, severity=severity)]
    if ended is not None:
        over = an_anomaly(service, AnomalyPhase.ENDED, T0 + ended, T0 + opened, evidence=found)
        steps.append(a_transition(over, status, 2, reason="over"))
    return tuple(steps)


def told(
    steps: Sequence[Transition],
    phase: Phase,
    at: float,
    decision: Decision | None = None,
    sequence: int = 1,
    client: str | None = None,
) -> Notice:
    """A notice of an alert; ``at`` is in seconds since T0."""
    notice = a_notice(phase, sequence, alert=steps[0].alert, decision=decision, at=T0 + at)
    return notice if client is None else replace(notice, squad=None, client=ClientId(client))


def _from(detector: str, service: str, at: float) -> Evidence:
    known = an_evidence(service, at=at)
    return Evidence(
        detector, known.key, at, known.actual, known.expected, known.low, known.high, known.score, at, known.detail
    )
