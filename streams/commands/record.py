"""`foreshock record`: keep the record of everything that was decided."""

import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from config.loader import load_with_environment
from domain.durations import parse_duration
from domain.errors import ForeshockError
from streams import logs
from streams.record.database import DEFAULT
from streams.record.projector import project
from streams.system import SystemClock

log = logging.getLogger(__name__)

EXIT_UNUSABLE = 2

Database = Annotated[
    str,
    typer.Option(
        envvar="FORESHOCK_DATABASE",
        help="An SQLite file, or a URL such as postgresql://user@host/name (the password by PGPASSWORD or ~/.pgpass).",
    ),
]


def record(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
    database: Database = DEFAULT,
    once: Annotated[bool, typer.Option("--once", help="Catch up with the topics, and end.")] = False,
    heads_every: Annotated[str, typer.Option(help="How often the ends of the chains are written to Kafka.")] = "60s",
    no_heads: Annotated[
        bool, typer.Option("--no-heads", help="Write nothing to Kafka: for a record that is made to be compared.")
    ] = False,
) -> None:
    """Copy transitions, notices, receipts and dead letters into an append-only, hash-chained record.

    The topics are the truth: the record can be made anew from them, and comes out the same.
    """
    try:
        every_s = None if no_heads else parse_duration(heads_every)
        settings = load_with_environment(config)
        logs.set_up(settings.log.level, settings.log.format)
        stop = _asked_to_stop()
        stored = project(
            settings, database, SystemClock(), stopped=None if once else lambda: bool(stop), heads_every_s=every_s
        )
    except (ForeshockError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_UNUSABLE) from error
    typer.echo(f"{stored} new entries recorded")


def _asked_to_stop() -> list[int]:
    """Return a list that is no longer empty once this process was asked to end."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: asked.append(received))
    return asked
