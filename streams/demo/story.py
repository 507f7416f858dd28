"""The demo from beginning to end: broker, processes, stand-ins, replay, and an honest account of what came of it."""

import asyncio
import math
import signal
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from config.settings import Settings
from domain.clock import Clock
from domain.identity import NoticeId
from streams.agents.detect import IDLE_AFTER_S
from streams.demo.broker import EmbeddedBroker, Sender
from streams.demo.cast import Cast
from streams.demo.checks import Check, Observed, checks, ended
from streams.demo.folder import CONFIG, Addresses, configure, free_addresses, own_folder
from streams.demo.letters import Letter, in_order, render_letters
from streams.demo.listener import HEARD, Listener
from streams.demo.mail_server import MailServer
from streams.demo.pages import Page, render
from streams.demo.performance import Performance, own_topics
from streams.demo.ports import HOST
from streams.demo.process import ServerProcess, command
from streams.demo.recording import Recording
from streams.demo.replaying import Schedule
from streams.demo.report import Heard, report
from streams.demo.slack_page import render_page
from streams.demo.slack_server import SlackServer
from streams.demo.slack_site import Room, SlackSite
from streams.demo.table import Sheet, sheet
from streams.demo.view import Board, LiveView, PlainView
from streams.pages.slack import PATH
from streams.record.projector import project

RECORD = "record.sqlite"  # what was decided, for `foreshock audit verify` and `foreshock explain` to be tried on
ENCORE_SPEED = 2.0  # slow enough to read a message and press its buttons
ENCORE_BEFORE_S, ENCORE_AFTER_S = 45.0, 90.0
PAUSE_S = 1.0  # of event time between a recording and what follows it


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. ``out`` is emptied first, but only if an earlier run has made it.

    ``stay``: afterwards the first incident comes again, slowly, and the pages stay until the run is interrupted.
    """

    recording: Recording
    config: Path
    out: Path
    speed: float
    stay: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What came of a run. ``site`` shows the stand-ins while they last; ``alert`` is one to try commands on."""

    page: Page
    site: str
    alert: str | None

    @property
    def table(self) -> Sheet:
        """The table."""
        return self.page.sheet

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check."""
        return tuple(self.page.checks)

    @property
    def succeeded(self) -> bool:
        """Every check holds."""
        return all(check.holds for check in self.checks)


Tell = Callable[[Account], None]


async def run(plan: Plan, clock: Clock, console: Console, tell: Tell) -> Account:
    """Run the demo and ``tell`` what came of it; raises ForeshockError when it could not be run."""
    with own_folder(plan.out):
        return await _run(plan, clock, console, tell)


async def _run(plan: Plan, clock: Clock, console: Console, tell: Tell) -> Account:
    slack, mail = SlackServer(folder=plan.out / "slack"), MailServer(folder=plan.out / "mail")
    letters = Room("/letters", "What clients read by e-mail", lambda: render_letters(_letters(mail)))
    slack.serve(SlackSite(slack, letters).routes)
    with EmbeddedBroker() as broker:
        async with slack, mail:
            addresses = free_addresses(broker.bootstrap)
            settings = configure(plan.config, plan.out, addresses, slack, mail)
            slack.people.request_url = f"{settings.answers.url}{PATH}"
            broker.create_topics(own_topics(settings))
            topics = {f"{settings.kafka.topic_prefix}{topic}": topic for topic in HEARD}
            with closing(broker.reader(topics)) as reader:
                site = slack.url.removesuffix("api/")
                console.print(f"Look on at {site} (the squads' Slack) and {site}letters (the clients' mail).")
                show = _Show(plan, settings, slack, mail, Listener(reader, topics), clock, console)
                return await show.run(broker.sender(), addresses, tell)


class _Show:
    """A run between servers that are there."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        slack: SlackServer,
        mail: MailServer,
        listener: Listener,
        clock: Clock,
        console: Console,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._slack = slack
        self._mail = mail
        self._listener = listener
        self._clock = clock
        self._console = console
        self._services = [service.id for service in settings.landscape().services]

    async def run(self, sender: Sender, addresses: Addresses, tell: Tell) -> Account:
        """Start the processes, replay, stay if that is wanted, and end everything."""
        plan, clock = self._plan, self._clock
        worker, answers = processes(plan.out, addresses, clock)
        async with worker, answers:
            performance = Performance(self._settings, sender, self._listener, worker, clock)
            account = await self._play(performance, (worker, answers))
            if plan.stay:
                await self._leave_behind(account)
                tell(account)
                await self._stay(performance)
            statuses = {process.name: await process.stop() for process in (worker, answers)}
        self._listener.listen()
        account = replace(account, page=replace(account.page, checks=(*account.checks, ended(statuses))))
        await self._leave_behind(account)
        if not plan.stay:
            tell(account)
        return account

    async def _play(self, performance: Performance, children: Sequence[ServerProcess]) -> Account:
        """Replay the recording while people answer, and return what came of it."""
        recording = self._plan.recording
        board = Board(recording.first_at, recording.last_at, self._plan.speed, self._services)
        terminal = self._console.is_terminal
        with LiveView(self._console, board) if terminal else PlainView(self._console, board) as view:
            await performance.ready(children, board, view)
            cast = Cast(self._slack, performance.heard_at, self._clock)
            acting = asyncio.create_task(cast.play())
            try:
                schedule = await performance.play(recording, board, view, cast.busy)
            finally:
                acting.cancel()
            with suppress(asyncio.CancelledError):
                await acting
        return self._account(schedule, performance.handled, board.sent, cast)

    async def _stay(self, performance: Performance) -> None:
        """Play the first incident again, slowly, and keep everything going until the run is interrupted."""
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, enough.set)
        staying = loop.create_task(self._encore(performance))
        waiting = loop.create_task(enough.wait())
        await asyncio.wait((staying, waiting), return_when=asyncio.FIRST_COMPLETED)
        staying.cancel()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await staying

    async def _encore(self, performance: Performance) -> None:
        recording = self._plan.recording
        # Event time has stood still since the end, unless it was so long that it has gone on with the clock.
        gone_s = performance.idle_s if performance.idle_s >= IDLE_AFTER_S else 0.0
        again = encore(recording, recording.last_at + gone_s + PAUSE_S)
        board = Board(recording.first_at, again.last_at, ENCORE_SPEED, self._services, services_of=performance.alerts)
        with PlainView(self._console, board, every_s=math.inf) as view:
            await performance.play(again, board, view)
            await performance.linger("serving until Ctrl-C")

    def _account(self, schedule: Schedule, handled: int, sent: int, cast: Cast) -> Account:
        """Return what came of the replay. Later, the pipeline may say more."""
        landscape, recording, heard = self._settings.landscape(), self._plan.recording, self._listener
        notices, transitions = tuple(heard.notices), tuple(heard.transitions)
        said = Heard(transitions, notices, tuple(heard.receipts), schedule.released_at)
        result = report(said, recording.faults, recording.changes, landscape, until=recording.last_at)
        seen = Observed(
            produced=sent,
            handled=handled,
            dead_letters=tuple(heard.dead_letters),
            arrived={NoticeId(each) for each in (*self._slack.notice_ids, *self._mail.notice_ids)},
            pressed=tuple(part.told for part in cast.pressed),
            shown=self._slack.everything_said(),
        )
        page = Page(
            result=result,
            sheet=sheet(result, [client.name for client in landscape.clients], recording.first_at),
            checks=checks(result, notices, seen),
            rows=recording.rows,
            first_at=recording.first_at,
            speed=self._plan.speed,
        )
        return Account(page, self._slack.url.removesuffix("api/"), transitions[0].alert if transitions else None)

    async def _leave_behind(self, account: Account) -> None:
        """Write the pages and the record, anew where they are there."""
        out = self._plan.out
        slack = render_page(self._slack.messages, self._slack.files.pictures)
        (out / "slack.html").write_text(slack, encoding="utf-8")
        (out / "index.html").write_text(render(account.page, slack, _letters(self._mail)), encoding="utf-8")
        await asyncio.to_thread(project, self._settings, str(out / RECORD), self._clock)


def encore(recording: Recording, at: float) -> Recording:
    """Return the first incident that clients felt, as if it happened again ``at`` then; else all of it."""
    felt = next((fault for fault in recording.faults if fault.breach_at is not None), None)
    if felt is None:
        return recording.moved(at - recording.first_at)
    part = recording.between(felt.started_at - ENCORE_BEFORE_S, felt.resolved_at + ENCORE_AFTER_S)
    return part.moved(at - part.first_at)


def processes(out: Path, addresses: Addresses, clock: Clock) -> tuple[ServerProcess, ServerProcess]:
    """Return the worker and the process for answers, not started."""
    config = ("--config", out / CONFIG)
    metrics = ("--metrics-port", str(addresses.answers_metrics))
    pages = (f"http://{HOST}:{port}" for port in (addresses.worker, addresses.answers_metrics))
    commands = (command("worker", *config), command("answers", *config, *metrics))
    names = (("the worker", "worker.log"), ("the process for answers", "answers.log"))
    worker, answers = (
        ServerProcess(name, line, out / log, page, clock)
        for (name, log), line, page in zip(names, commands, pages, strict=True)
    )
    return worker, answers


def _letters(mail: MailServer) -> tuple[Letter, ...]:
    return in_order(taken.message for taken in mail.messages)
