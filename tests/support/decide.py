"""What tests of decisions share: feeding a log, and saying shortly what came of it."""

from typing import Any, TypeAlias

from alerts.decide import Decide, Decided
from alerts.params import AlertParams
from domain.alert import AlertStatus
from domain.anomaly import Anomaly, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.notice import Notify, Phase, SquadFacts
from domain.telemetry import IncidentEvent
from tests.support.builders import T0, a_client, a_feedback, a_landscape

PARAMS = AlertParams.model_validate(
    {
        "resolve_hold": "60s",
        "stale_after": "30m",
        "partition_idle_after": "2h",
        "repeat_every": "0s",
        "group_wait": "0s",
    }
)
AT_ONCE = AlertParams.model_validate({"group_wait": "0s"})
Item: TypeAlias = Anomaly | IncidentEvent | Watermark | Feedback
BANK = "ops@bank-042.example"
SQUAD = "#squad-payments"


def a_decide(**changes: Any) -> Decide:
    """Decisions about the usual landscape; ``changes`` are of the settings."""
    return Decide(a_landscape(), PARAMS.model_copy(update=changes))


def asking() -> Decide:
    """Decisions about one client who wants to be asked each time, and no squads."""
    return Decide(a_landscape(squads=[], clients=[a_client(approval="required")]), PARAMS)


def feed(decide: Decide, *items: Item) -> list[Decided]:
    return [decide.handle(item) for item in items]


def statuses(decided: list[Decided]) -> list[AlertStatus]:
    return [transition.status for one in decided for transition in one.transitions]


def answer(kind: FeedbackKind, decide: Decide, at: float = T0 + 5, **more: Any) -> Decided:
    """Answer about the first open alert, unless another is named."""
    alert = more.pop("alert", decide.open_alerts[0].alert if decide.open_alerts else None)
    return decide.handle(a_feedback(kind, alert, at, **more))


def sent(decided: Decided) -> list[tuple[str, Phase]]:
    return [(notice.recipient, notice.phase) for notice in decided.notices if isinstance(notice.decision, Notify)]


def held_back(decided: Decided) -> list[tuple[str, str]]:
    decisions = [(notice.recipient, notice.decision) for notice in decided.notices]
    return [(recipient, decision.reason) for recipient, decision in decisions if not isinstance(decision, Notify)]


def facts_of(decided: Decided, channel: str = SQUAD) -> list[SquadFacts]:
    return [
        notice.facts
        for notice in decided.notices
        if isinstance(notice.facts, SquadFacts) and notice.recipient == channel
    ]
