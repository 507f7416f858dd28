"""Builders for what a run of the demo hears: one alert, told to a squad and to clients."""

from dataclasses import dataclass, field

from domain.alert import AlertStatus, Severity, Transition
from domain.identity import AlertId, ClientId, JourneyId, NoticeId, ServiceId, SquadId
from domain.notice import (
    ChannelKind,
    ClientFacts,
    Decision,
    Delivered,
    Notice,
    Notify,
    Outcome,
    Phase,
    Receipt,
    SquadFacts,
)
from streams.demo.recording import Change, Fault
from streams.demo.report import Heard
from tests.support.builders import T0, an_anomaly

WALL = 9_000.0
"""The wall-clock time at which every time of a recording was released."""


def a_fault(
    name: str = "f1",
    kind: str = "disk_fill",
    start: float = 100.0,
    breach: float | None = 200.0,
    resolved: float = 230.0,
    affected: str = "payments-api",
    journeys: tuple[str, ...] = ("payment-initiation",),
) -> Fault:
    """Times are seconds after T0."""
    at = None if breach is None else T0 + breach
    hit = tuple(JourneyId(journey) for journey in journeys)
    return Fault(name, kind, (ServiceId(affected),), T0 + start, at, T0 + resolved, hit)


def a_change(start: float, end: float) -> Change:
    return Change("load_burst", T0 + start, T0 + end)


@dataclass(slots=True)
class Story:
    """Collects what is said; each method adds something that a pipeline would have written."""

    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    def alert(
        self,
        opened: float,
        ended: float | None = None,
        name: str = "a1",
        service: str = "payments-api",
        joined: str | None = None,
    ) -> None:
        self.transition(AlertStatus.OPEN, opened, 1, name, service, joined)
        if ended is not None:
            self.transition(AlertStatus.RESOLVED, ended, 2, name, service, joined)

    def transition(
        self, status: AlertStatus, at: float, sequence: int, name: str, service: str, joined: str | None = None
    ) -> None:
        self.transitions.append(
            Transition(
                AlertId(name),
                ServiceId(service),
                status,
                sequence,
                T0 + at,
                T0 + at,
                Severity.WARNING,
                "because",
                an_anomaly(service, at=T0 + at),
                joined=None if joined is None else AlertId(joined),
            )
        )

    def squad(self, phase: Phase, at: float, name: str = "a1", who: str = "payments", took: float | None = 0.0) -> None:
        """``took``: wall-clock seconds to delivery; None: never delivered."""
        facts = SquadFacts(
            ServiceId("payments-api"),
            Severity.WARNING,
            "trouble",
            T0,
            T0 + at,
            (),
            None,
            (),
            (),
            (),
            "they answer for it",
        )
        notice = Notice(
            NoticeId(f"{name}-{who}-{phase}-{at}"), f"thread-{name}-{who}", AlertId(name), round(at), phase,
            ChannelKind.SLACK, f"#{who}", SquadId(who), None, Notify("so"), T0 + at, facts,
        )  # fmt: skip
        self.add(notice, took)

    def client(
        self,
        phase: Phase,
        at: float,
        name: str = "a1",
        who: str = "bank-042",
        took: float | None = 0.0,
        decision: Decision | None = None,
    ) -> None:
        facts = ClientFacts("Example Bank", "en", "UTC", ("Payment initiation",), (), T0, None, None, None, 0.9)
        notice = Notice(
            NoticeId(f"{name}-{who}-{phase}-{at}"), f"thread-{name}-{who}", AlertId(name), round(at), phase,
            ChannelKind.EMAIL, f"ops@{who}.example", None, ClientId(who), decision or Notify("so"), T0 + at, facts,
        )  # fmt: skip
        self.add(notice, took)

    def add(self, notice: Notice, took: float | None) -> None:
        self.notices.append(notice)
        if took is not None and isinstance(notice.decision, Notify):
            self.answer(notice, Delivered("ref"), took)

    def answer(self, notice: Notice, outcome: Outcome, took: float = 0.0) -> None:
        self.receipts.append(
            Receipt(notice.id, notice.thread, notice.alert, notice.channel, outcome, 1, WALL + took, notice.decided_at)
        )

    def heard(self) -> Heard:
        return Heard(self.transitions, self.notices, self.receipts, lambda _: WALL)


def a_good_story(opened: float = 150.0, ended: float = 240.0) -> Story:
    """An alert of which squad and client are warned when it opens, and told the end when it ends."""
    story = Story()
    story.alert(opened, ended)
    story.squad(Phase.WARNING, opened)
    story.client(Phase.WARNING, opened)
    story.squad(Phase.ALL_CLEAR, ended)
    story.client(Phase.ALL_CLEAR, ended)
    return story
