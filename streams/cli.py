"""The `foreshock` command: one file of `streams.commands` for each sub-command."""

from importlib.metadata import version
from typing import Annotated

import typer

from streams import logs
from streams.commands.ack import ack
from streams.commands.alerts import alerts
from streams.commands.answers import answers
from streams.commands.approve import approve
from streams.commands.audit import audit_app
from streams.commands.backtest import backtest
from streams.commands.bounce import bounce
from streams.commands.check import check
from streams.commands.config import config_app
from streams.commands.demo import demo_app
from streams.commands.explain import explain
from streams.commands.hold import hold
from streams.commands.not_useful import not_useful
from streams.commands.readmit import readmit
from streams.commands.record import record
from streams.commands.replay import replay
from streams.commands.resolve import resolve
from streams.commands.route import route
from streams.commands.send_test import send_test
from streams.commands.silence import silence
from streams.commands.topics import topics_app
from streams.commands.useful import useful
from streams.commands.worker import worker

app = typer.Typer(
    name="foreshock",
    help="Warns squads and clients of a service degradation before it reaches them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its frames print local variables, and those may hold secrets
    add_completion=False,
)
app.command()(check)
app.command()(worker)
app.command()(backtest)
app.command()(replay)
app.command()(bounce)
app.command()(answers)
app.command()(record)
app.command()(explain)
app.command()(alerts)
app.command()(route)
app.command()(ack)
app.command()(resolve)
app.command()(silence)
app.command()(approve)
app.command()(hold)
app.command()(useful)
app.command()(not_useful)
app.command()(readmit)
app.command()(send_test)
app.add_typer(audit_app, name="audit")
app.add_typer(demo_app, name="demo")
app.add_typer(config_app, name="config")
app.add_typer(topics_app, name="topics")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"foreshock {version('foreshock')}")
        raise typer.Exit


@app.callback()
def _foreshock(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the release and end.")
    ] = False,
) -> None:
    """Warn squads and clients of a service degradation before it reaches them."""


def main() -> None:
    """Run the command line."""
    logs.quiet()
    app()
