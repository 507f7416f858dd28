"""The demo from beginning to end: broker, worker, stand-ins, replay, and an honest account of what came of it."""

import asyncio
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from config.loader import load
from config.settings import Settings
from domain.clock import Clock
from domain.errors import ForeshockError
from domain.identity import NoticeId
from streams.demo.broker import EmbeddedBroker
from streams.demo.checks import Check, Observed, checks
from streams.demo.mail_server import MailServer
from streams.demo.pages import Page, read_mails, render
from streams.demo.performance import Performance, Played, own_topics
from streams.demo.process import WorkerProcess, worker_command
from streams.demo.recording import Recording
from streams.demo.report import Report, report
from streams.demo.slack_page import render_page
from streams.demo.slack_server import SlackServer
from streams.demo.table import Sheet, sheet
from streams.demo.view import Board, LiveView, PlainView, View
from streams.record.projector import project

RECORD = "record.sqlite"  # what was decided, for `foreshock audit verify` and `foreshock explain` to be tried on
MARKER = ".foreshock-demo"  # tells a folder that a run has made, and that the next run may empty


class DemoError(ForeshockError):
    """The demo cannot run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. ``out`` is emptied first, but only if an earlier run has made it."""

    recording: Recording
    config: Path
    out: Path
    speed: float


@dataclass(frozen=True, slots=True)
class Account:
    """What came of a run."""

    result: Report
    table: Sheet
    checks: tuple[Check, ...]

    @property
    def succeeded(self) -> bool:
        """Every check holds."""
        return all(check.holds for check in self.checks)


async def run(plan: Plan, clock: Clock, console: Console) -> Account:
    """Run the demo; raises ForeshockError when it could not be run: whether it succeeded is in the account."""
    prepare_folder(plan.out)
    slack, mail = SlackServer(folder=plan.out / "slack"), MailServer(folder=plan.out / "mail")
    with EmbeddedBroker() as broker:
        async with slack, mail:
            settings = _configure(plan, broker.bootstrap, slack, mail)
            broker.create_topics(own_topics(settings))
            played = await _play(plan, settings, broker, clock, console)
            await asyncio.to_thread(project, settings, str(plan.out / RECORD), clock)
    account = _account(plan, settings, played, {NoticeId(each) for each in (*slack.notice_ids, *mail.notice_ids)})
    _write_pages(plan, account, render_page(slack.messages, slack.files.pictures))
    return account


def prepare_folder(out: Path) -> None:
    """Make the folder, or empty the one that an earlier run has made; raises DemoError for anybody else's."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).exists())):
        raise DemoError(f"{out} is not empty and no earlier demo has made it: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARKER).write_text(
        "A run of `foreshock demo` made this folder; the next one empties it.\n", encoding="utf-8"
    )


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with every value of ``over`` in its place; neither is changed."""
    result = dict(base)
    for key, value in over.items():
        found = result.get(key)
        result[key] = merged(found, value) if isinstance(found, dict) and isinstance(value, dict) else value
    return result


def _configure(plan: Plan, bootstrap: str, slack: SlackServer, mail: MailServer) -> Settings:
    """Write the worker's configuration into the folder, and read it back as the worker will."""
    over = {
        "kafka": {"brokers": bootstrap.split(","), "create_topics": False},
        "state": {"store": "directory", "directory": str(plan.out.resolve() / "state")},
        "server": {"host": "127.0.0.1", "port": _free_port()},
        "channels": {
            "slack": {"base_url": slack.url, "token_file": "slack-token"},
            "email": {"host": mail.host, "port": mail.port, "security": "none"},
        },
    }
    base = yaml.safe_load(plan.config.read_text(encoding="utf-8"))
    base.get("channels", {}).get("slack", {}).pop("token", None)  # a real one has no business here
    (plan.out / "slack-token").write_text(slack.token, encoding="utf-8")
    target = plan.out / "worker.yaml"
    target.write_text(yaml.safe_dump(merged(base, over), sort_keys=False), encoding="utf-8")
    return load(target, {})


def _free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _play(plan: Plan, settings: Settings, broker: EmbeddedBroker, clock: Clock, console: Console) -> Played:
    recording = plan.recording
    names = [service.id for service in settings.landscape().services]
    board = Board(recording.first_at, recording.last_at, plan.speed, names)
    view: View = LiveView(console, board) if console.is_terminal else PlainView(console, board)
    address = f"http://{settings.server.host}:{settings.server.port}"
    worker = WorkerProcess(worker_command(plan.out / "worker.yaml"), plan.out / "worker.log", address, clock)
    with view:
        return await Performance(recording, settings, board, view, clock).play(broker, worker)


def _account(plan: Plan, settings: Settings, played: Played, arrived: set[NoticeId]) -> Account:
    landscape = settings.landscape()
    recording = plan.recording
    result = report(played.heard, recording.faults, recording.changes, landscape, until=recording.last_at)
    seen = Observed(played.produced, played.handled, played.dead_letters, arrived, played.worker_status)
    table = sheet(result, [client.name for client in landscape.clients], recording.first_at)
    return Account(result, table, checks(result, played.heard.notices, seen))


def _write_pages(plan: Plan, account: Account, slack: str) -> None:
    (plan.out / "slack.html").write_text(slack, encoding="utf-8")
    page = Page(
        result=account.result,
        sheet=account.table,
        checks=account.checks,
        rows=plan.recording.rows,
        first_at=plan.recording.first_at,
        speed=plan.speed,
        slack=slack,
        mails=read_mails((plan.out / "mail").glob("*.eml")),
    )
    (plan.out / "index.html").write_text(render(page), encoding="utf-8")
