"""Scenarios of decisions: a timeline of findings and events, played in event time, and all that is said of it."""

from collections.abc import Sequence

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.feedback import Feedback
from domain.journeys import Landscape
from domain.notice import ClientFacts, SquadFacts
from domain.telemetry import IncidentEvent
from tests.support.builders import T0, a_forecast, a_watermark, an_anomaly, an_evidence

PARAMS = AlertParams.model_validate({"group_wait": "0s"})
WAITING = AlertParams()
OPENED, UPDATED, ENDED = AnomalyPhase
BANK = "ops@bank-042.example"
PAYMENTS = "#squad-payments"
DATA = "#squad-data"


def finding(
    phase: AnomalyPhase,
    at: float,
    opened_at: float,
    kind: AnomalyKind = AnomalyKind.LEVEL,
    breach_at: float | None = None,
    service: str = "payments-api",
    confidence: float = 0.9,
    metric: str = "latency_p95_ms",
) -> Anomaly:
    forecast = None if breach_at is None else a_forecast(T0 + breach_at, T0 + at, service)
    detector = "objective" if kind is AnomalyKind.BREACH else "level"
    evidence = an_evidence(service, metric, T0 + at, since=T0 + opened_at, detector=detector)
    return an_anomaly(service, phase, T0 + at, T0 + opened_at, kind, confidence, forecast, [evidence])


class Story:
    """Plays a timeline with a watermark every ten seconds, and keeps what was said, to whom and when."""

    def __init__(
        self,
        landscape: Landscape,
        *items: Anomaly | IncidentEvent | Feedback,
        until: float,
        params: AlertParams = PARAMS,
    ) -> None:
        self.decide = Decide(landscape, params)
        self.said: list[tuple[float, str, str, str]] = []
        self.facts: list[SquadFacts] = []
        self.letters: list[tuple[float, tuple[str, ...]]] = []  # when which journeys were named to a client
        self.read: list[ClientFacts] = []
        self.reasons: list[tuple[float, str, str]] = []
        self.statuses: list[tuple[float, str, str]] = []
        marks = [a_watermark(T0 + 10 * number) for number in range(int(until / 10) + 1)]
        for item in sorted([*items, *marks], key=lambda item: item.at):
            decided = self.decide.handle(item)
            self.statuses += [(told.at - T0, told.service, told.status) for told in decided.transitions]
            for notice in decided.notices:
                kind = notice.decision.kind
                self.said.append((notice.decided_at - T0, notice.recipient, notice.phase, kind))
                self.reasons.append((notice.decided_at - T0, notice.recipient, notice.decision.reason))
                if isinstance(notice.facts, SquadFacts):
                    self.facts.append(notice.facts)
                elif isinstance(notice.facts, ClientFacts) and kind == "notify":
                    self.read.append(notice.facts)
                    self.letters.append((notice.decided_at - T0, notice.facts.journeys))
        self.headlines = [facts.headline for facts in self.facts]

    def sent(self, *recipients: str) -> Sequence[tuple[float, str, str]]:
        """Return what was sent, to these recipients or to all."""
        return [
            (at, recipient, phase)
            for at, recipient, phase, kind in self.said
            if kind == "notify" and (not recipients or recipient in recipients)
        ]
