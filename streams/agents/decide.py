"""Anomalies, incident events, answers and watermarks in, in one order; alerts and notices out."""

from collections.abc import Sequence

from alerts.decide import Decide
from domain.alert import AlertStatus, Transition
from domain.errors import DecodeError
from domain.feedback import Feedback
from domain.notice import Notice
from domain.state import Plain
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from streams.agents.base import Output, Quiet, Record
from streams.agents.refusals import refuse
from streams.metrics import Metrics
from streams.records import decode_any, encode
from streams.topics import Topic, partition_for


class DecideStage(Quiet):
    """The one owner of all episodes. Time comes to it by watermarks."""

    def __init__(self, decide: Decide, partitions: int, metrics: Metrics) -> None:
        """``partitions`` of the notices topic."""
        self.decide = decide
        self._partitions = partitions
        self._metrics = metrics

    def process(self, record: Record) -> Sequence[Output]:
        """Decide what follows from one record."""
        try:
            item = decode_any(record.value)
        except DecodeError as error:
            return (refuse(record, "decide", error.reason, error.detail, self._metrics),)
        if isinstance(item, Feedback) and self.decide.is_news(item):
            self._metrics.count("feedback", kind=item.kind)
        decided = self.decide.handle(item)
        for transition in decided.transitions:
            self._count(transition, item)
        for notice in decided.notices:
            self._metrics.count("notices", channel=notice.channel, phase=notice.phase, decision=notice.decision.kind)
        self._metrics.set("alerts_open", len(self.decide.open_alerts))
        self._metrics.set("endings_owed", self.decide.debt())
        self._metrics.set("services_silenced", self.decide.silenced())
        return [*map(_transition, decided.transitions), *map(self._notice, decided.notices)]

    def snapshot(self) -> Plain:
        """Every episode and everyone who was warned."""
        return self.decide.snapshot()

    def restore(self, state: Plain) -> None:
        """Continue from a snapshot."""
        self.decide.restore(state)

    def _notice(self, notice: Notice) -> Output:
        # By recipient, so that one worker paces each channel and every thread keeps its order.
        partition = partition_for(notice.recipient, self._partitions)
        return Output(Topic.NOTICES, notice.id.encode(), encode(notice), partition)

    def _count(self, transition: Transition, cause: object) -> None:
        self._metrics.count("alerts", status=transition.status)
        match cause:
            case IncidentEvent(kind=EventKind.INCIDENT, status=EventStatus.OPENED, at=at):
                if transition.status is not AlertStatus.OPEN and at > transition.opened_at:
                    self._metrics.observe("lead_seconds", at - transition.opened_at)


def _transition(transition: Transition) -> Output:
    return Output(Topic.ALERTS, transition.alert.encode(), encode(transition), 0)
