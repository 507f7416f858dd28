"""`foreshock demo`: a real recording through a real worker on an embedded broker, in under three minutes."""

import asyncio
import importlib.util
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from domain.errors import ForeshockError
from streams.demo.recording import Recording, load
from streams.demo.slack_server import SlackServer
from streams.demo.slack_site import SlackSite
from streams.demo.table import FOOTNOTES, for_terminal
from streams.refusal import refusal
from streams.system import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.demo.checks import Check
    from streams.demo.story import Account, Plan

HERE = Path(__file__).parent.parent / "demo"
SPEED = 15.0
PIPE_WIDTH = 140
EXTRA = ("aiosmtpd", "confluent_kafka")  # an installation for a worker alone has neither
EXIT_NOT_DONE = 1
EXIT_NOT_RUN = 2


demo_app = typer.Typer(invoke_without_command=True, pretty_exceptions_enable=False)


@demo_app.callback()
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder for messages and pages; emptied if a demo made it.")] = Path(
        "demo-output"
    ),
    speed: Annotated[
        float, typer.Option(help="How many times as fast as it was recorded.", min=1.0, max=200.0)
    ] = SPEED,
    recording: Annotated[
        Path, typer.Option(help="The recording: a folder or its telemetry file.", show_default="the shipped one")
    ] = HERE / "data",
    config: Annotated[
        Path, typer.Option(help="The configuration of the recorded system.", show_default="the shipped one")
    ] = HERE / "payments.yaml",
    first: Annotated[float, typer.Option(help="Leave out so many seconds of the recording.", min=0)] = 0.0,
    last: Annotated[float | None, typer.Option(help="Stop after this second of the recording.", min=1)] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Then show the first incident again, slowly, and stay until Ctrl-C.")
    ] = False,
) -> None:
    """Replay a real recording through a real worker on an embedded broker, and say what it was worth.

    While it runs, stand-ins for Slack and a mailbox can be looked at in a browser: their buttons and links work.

    Ends with 0 only if the pipeline did its work end to end: everything produced was consumed, every notice arrived,
    everyone warned was told the end, and at least one incident was warned of before clients felt it.
    """
    if context.invoked_subcommand is not None:
        return
    _need(*EXTRA)
    from streams.demo.story import Plan, run  # noqa: PLC0415 - imports the extra

    console = _console()
    try:
        clock = SystemClock()
        plan = Plan(_part(load(recording), first, last).of_late(clock.now()), config, out, speed, stay)
        account = asyncio.run(run(plan, clock, console, lambda account: _tell(console, account, plan)))
    except ForeshockError as error:
        raise refusal(error) from error
    except OSError as error:  # a full disk, ports that cannot be had
        typer.echo(f"the demo cannot go on: {error}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error
    if stay:
        _say_checks(console, account.checks[-1:])
    if not account.succeeded:
        raise typer.Exit(EXIT_NOT_DONE)


@demo_app.command()
def slack_server(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 8090,
    token: Annotated[str, typer.Option(envvar="SLACK_TOKEN", help="The token to accept.")] = "demo-token",  # noqa: S107 - opens nothing
    folder: Annotated[Path | None, typer.Option(help="Where to keep every message as JSON.")] = None,
) -> None:
    """Serve the stand-in for Slack until told to stop."""
    server = SlackServer(port, folder, host=host, token=token)
    server.serve(SlackSite(server).routes)
    try:
        asyncio.run(_serve_slack(server))
    except OSError as error:  # a port that is taken, a folder that cannot be written
        typer.echo(f"the stand-in for Slack cannot be served: {error}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error


async def _serve_slack(server: SlackServer) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        typer.echo(
            f"Slack's stand-in listens at {server.url}; what was posted is shown at {server.url.removesuffix('api/')}"
        )
        await stop.wait()
    typer.echo(f"{len(server.messages)} messages were posted")


def _need(*modules: str) -> None:
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        typer.echo(f"the demo needs {' and '.join(missing)}: run pip install '.[demo]' in the checkout", err=True)
        raise typer.Exit(EXIT_NOT_RUN)


def _part(whole: Recording, first: float, last: float | None) -> Recording:
    end = whole.last_at + 1.0 if last is None else whole.first_at + last
    part = whole.between(whole.first_at + first, end)
    if not part.rows:
        raise ForeshockError(f"nothing was recorded between seconds {first:g} and {end - whole.first_at:g}")
    return part


def _console() -> Console:
    """Return the terminal, or for a pipe or a log one that is wide enough for the table."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=PIPE_WIDTH)


def _tell(console: Console, account: "Account", plan: "Plan") -> None:
    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    console.print()
    console.print(for_terminal(account.table, console.width))
    for note in FOOTNOTES:
        say(note, "dim")
    console.print()
    for line in account.table.summary:
        say(line)
    console.print()
    _say_checks(console, account.checks)
    console.print()
    say(f"Look at {plan.out / 'index.html'}: every message as its reader saw it.")
    database = plan.out / "record.sqlite"
    say(f"Who was told what, and why: foreshock explain {account.alert or 'ALERT'} --database {database}")
    say(f"Is the record whole:        foreshock audit verify --database {database}")
    if plan.stay:
        console.print()
        say(f"Now it is your turn: {account.site} is the squads' Slack, {account.site}letters the clients' mail.")
        say("The first incident comes again, at twice its speed; buttons and links work. Ctrl-C ends it.", "bold")
        console.print()


def _say_checks(console: Console, checks: "Sequence[Check]") -> None:
    for check in checks:
        word, style = ("yes", "green") if check.holds else ("NO ", "bold red")
        console.print(
            f"{word} {check.claim} ({check.detail})", style=style, markup=False, highlight=False, soft_wrap=True
        )
