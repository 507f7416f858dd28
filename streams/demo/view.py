"""What a person at the terminal sees: the run drawn live, or told line by line where nothing can be drawn."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from domain.alert import ENDED, AlertStatus, Transition
from domain.anomaly import SeriesState, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ServiceId
from domain.notice import ChannelKind, ClientFacts, Deferred, Delivered, Notice, Notify, Phase, Receipt, Rejected
from streams.demo.recording import Fault
from streams.demo.words import title

FEED_LINES = 14
_STYLES = {
    Phase.WARNING: "bold yellow",
    Phase.UPDATE: "yellow",
    Phase.ALL_CLEAR: "green",
    Phase.RETRACTION: "green",
}


_ANSWERS = {
    FeedbackKind.ACKNOWLEDGE: "{by} acknowledges {alert}",
    FeedbackKind.RESOLVE: "{by} ends {alert}",
    FeedbackKind.SILENCE: "{by} silences {alert}",
    FeedbackKind.APPROVE: "{by} approves the notice to {client} ({alert})",
    FeedbackKind.HOLD: "{by} holds the notice to {client} ({alert})",
    FeedbackKind.USEFUL: "{by} finds {alert} useful",
    FeedbackKind.NOT_USEFUL: "{by} does not find {alert} useful",
    FeedbackKind.UNSUBSCRIBE: "{by} unsubscribes from optional notices",
}
_SHOWN_BY_ALERT = frozenset(  # the alert itself says when it was taken in
    {FeedbackKind.ACKNOWLEDGE, FeedbackKind.SILENCE, FeedbackKind.APPROVE, FeedbackKind.HOLD}
)


def offset(at: float, first_at: float) -> str:
    """Return minutes and seconds since the recording began."""
    seconds = max(0, round(at - first_at))
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, for the feed. ``at`` is event time."""

    at: float
    text: str
    style: str = ""


@dataclass(slots=True)
class Board:
    """Everything that the view shows; the run fills it in."""

    first_at: float
    last_at: float
    speed: float
    services: Sequence[ServiceId]
    step: str = ""
    reached_at: float = 0.0  # by the replay
    heard_at: float = 0.0  # by those who decide: everything up to then has been judged
    watermarks: dict[int, float] = field(default_factory=dict)  # of each partition of telemetry
    sent: int = 0
    handled: int = 0
    samples: int = 0
    series: Mapping[SeriesState, int] = field(default_factory=dict)
    open_alerts: dict[AlertId, Transition] = field(default_factory=dict)
    services_of: dict[AlertId, ServiceId] = field(default_factory=dict)  # of every alert that was heard of
    answers: set[str] = field(default_factory=set)  # a repeat has the same id
    waiting: list[Feedback] = field(default_factory=list)  # answers that no alert has shown yet
    hurting: dict[str, Fault] = field(default_factory=dict)
    well_again: set[str] = field(default_factory=set)  # faults whose end was told
    delivered: dict[ChannelKind, int] = field(default_factory=dict)
    unsent: int = 0  # notices held or suppressed
    feed: deque[Line] = field(default_factory=lambda: deque(maxlen=FEED_LINES))

    def watermark(self, watermark: Watermark) -> None:
        """Take in how far a partition of telemetry has been judged."""
        known = self.watermarks.get(watermark.partition, watermark.at)
        self.watermarks[watermark.partition] = max(known, watermark.at)
        self.heard_at = max(self.heard_at, min(self.watermarks.values()))  # a partition may begin late

    def transition(self, transition: Transition) -> Line | None:
        """Take in a change of an alert; returns what to say about it."""
        self.services_of[transition.alert] = transition.service
        over = transition.status in ENDED
        if over:
            self.open_alerts.pop(transition.alert, None)
        else:
            self.open_alerts[transition.alert] = transition
        if transition.status is AlertStatus.UPDATE:
            return self._answered(transition)
        style = "green" if over else "bold yellow"
        return Line(transition.at, f"alert {transition.status} on {transition.service}: {transition.reason}", style)

    def receipt(self, receipt: Receipt, notice: Notice) -> Line | None:
        """Take in the answer of a channel; returns what to say about it."""
        match receipt.outcome:
            case Delivered():
                self.delivered[receipt.channel] = self.delivered.get(receipt.channel, 0) + 1
                if notice.phase is Phase.UPDATE:
                    return None
                return Line(notice.decided_at, f"{notice.phase} to {addressee(notice)}", _STYLES[notice.phase])
            case Deferred(failure, detail):
                text = f"{notice.phase} to {addressee(notice)} must wait ({failure}): {detail}"
                return Line(notice.decided_at, text, "magenta")
            case Rejected(failure, detail):
                return Line(notice.decided_at, f"{addressee(notice)} cannot be reached ({failure}): {detail}", "red")

    def decided(self, notice: Notice) -> Line | None:
        """Take in a decision; returns a line for those that send nothing."""
        if isinstance(notice.decision, Notify):
            return None
        self.unsent += 1
        return Line(notice.decided_at, f"{addressee(notice)} not told: {notice.decision.reason}", "dim")

    def answer(self, feedback: Feedback) -> Line | None:
        """Take in what somebody has answered; returns what to say about it, None until an alert shows it."""
        if feedback.id in self.answers:
            return None
        self.answers.add(feedback.id)
        if feedback.kind in _SHOWN_BY_ALERT and feedback.alert is not None:
            self.waiting.append(feedback)
            return None
        return Line(self.heard_at, self._said(feedback), "bold cyan")

    def _answered(self, transition: Transition) -> Line | None:
        found = next((each for each in self.waiting if each.by in transition.reason), None)
        if found is None:
            return None
        self.waiting.remove(found)
        return Line(transition.at, self._said(found), "bold cyan")

    def _said(self, feedback: Feedback) -> str:
        service = self.services_of.get(feedback.alert) if feedback.alert is not None else feedback.service
        said = _ANSWERS.get(feedback.kind, f"{{by}}: {feedback.kind}").format(
            by=feedback.by,
            alert="an alert" if service is None else f"the alert on {service}",
            client=feedback.client or "every client",
        )
        return f"{said}, adding: {feedback.text}" if feedback.text else said

    def truth(self, faults: Sequence[Fault]) -> list[Line]:
        """Note who was hurting up to what has been judged; returns a line for each hurt that began or ended.

        What has been judged goes on in leaps, of a minute where the machine is slow: a hurt within one is told too.
        """
        lines = []
        for fault in faults:
            felt_at = fault.breach_at
            if felt_at is None or felt_at > self.heard_at or fault.id in self.well_again:
                continue
            if fault.id not in self.hurting:
                self.hurting[fault.id] = fault
                lines.append(
                    Line(felt_at, f"CLIENTS FEEL IT ({title(fault)}): {', '.join(fault.journeys)}", "bold red")
                )
            if fault.resolved_at <= self.heard_at:
                del self.hurting[fault.id]
                self.well_again.add(fault.id)
                lines.append(Line(fault.resolved_at, f"clients are well again ({title(fault)})", "cyan"))
        return lines


def addressee(notice: Notice) -> str:
    """Return whom a notice speaks to, and how."""
    if isinstance(notice.facts, ClientFacts):
        return f"{notice.facts.client_name} by e-mail"
    return f"squad {notice.squad} in {notice.recipient}"


class View(Protocol):
    """Shows a board; used as a context manager around the run."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""

    def say(self, line: Line) -> None:
        """Show one more thing that happened."""

    def show(self) -> None:
        """Show the board as it is now."""


class LiveView:
    """Redraws the board in place."""

    def __init__(self, console: Console, board: Board) -> None:
        self._board = board
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, line: Line) -> None:
        """Keep it in the feed."""
        self._board.feed.append(line)

    def show(self) -> None:
        """Redraw."""
        self._live.update(draw(self._board), refresh=True)


class PlainView:
    """Prints a line for everything that happened, and where the run is every so often: for CI and for pipes."""

    def __init__(self, console: Console, board: Board, every_s: float = 120.0) -> None:
        self._console = console
        self._board = board
        self._every_s = every_s
        self._told_at = board.first_at
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, line: Line) -> None:
        """Print it."""
        text = f"{offset(line.at, self._board.first_at)}  {line.text}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self) -> None:
        """Print a new step, and progress when enough of the recording has passed."""
        board = self._board
        if board.step != self._step:
            self._step = board.step
            self._console.print(f"-- {board.step}", markup=False, highlight=False)
        if board.reached_at >= self._told_at + self._every_s:
            self._told_at = board.reached_at
            series = ", ".join(f"{count} {state}" for state, count in board.series.items() if count)
            where = f"{offset(board.reached_at, board.first_at)} of {offset(board.last_at, board.first_at)}"
            text = f"-- {where}: {board.sent} messages sent, {board.handled} handled; series: {series or 'none yet'}"
            self._console.print(text, markup=False, highlight=False)


def draw(board: Board) -> RenderableType:
    """Return the whole picture."""
    body = Table.grid(expand=True, padding=(0, 1))
    body.add_column(ratio=2)
    body.add_column(ratio=5)
    left = Group(
        Panel(_services(board), title="services", title_align="left", border_style="dim"),
        Panel(_figures(board), title="pipeline", title_align="left", border_style="dim"),
    )
    body.add_row(left, Panel(_feed(board), title="what happened", title_align="left", border_style="dim"))
    return Group(_header(board), body)


def _header(board: Board) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    reached = max(board.reached_at, board.first_at)
    bar = ProgressBar(total=board.last_at - board.first_at, completed=reached - board.first_at)
    where = f"{offset(reached, board.first_at)} / {offset(board.last_at, board.first_at)} at {board.speed:g}x"
    grid.add_row(Text(f"foreshock demo: {board.step}", style="bold"), bar, Text(where))
    return grid


def _services(board: Board) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    hurting = {service for fault in board.hurting.values() for service in fault.affected}
    alerts = {transition.service: transition for transition in board.open_alerts.values()}
    for service in board.services:
        state = Text("calm", style="dim green")
        if service in alerts:
            state = Text(f"alert {offset(alerts[service].opened_at, board.first_at)}", style="bold yellow")
        if service in hurting:
            state = Text("clients feel it", style="bold red")
        table.add_row(service, state)
    return table


def _figures(board: Board) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_row("messages sent", f"{board.sent:,}")
    table.add_row("messages handled", f"{board.handled:,}")
    table.add_row("samples judged", f"{board.samples:,}")
    for state, count in board.series.items():
        if count:
            table.add_row(f"series {state}", f"{count:,}")
    for kind in ChannelKind:
        table.add_row("Slack messages" if kind is ChannelKind.SLACK else "e-mails", f"{board.delivered.get(kind, 0):,}")
    table.add_row("held or not sent", f"{board.unsent:,}")
    return table


def _feed(board: Board) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for line in board.feed:
        table.add_row(offset(line.at, board.first_at), Text(line.text, style=line.style))
    for _ in range(FEED_LINES - len(board.feed)):
        table.add_row("", "")
    return table
