"""`foreshock record`: keep the record of everything that was decided."""

import logging
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer

from config.loader import load_with_environment
from config.settings import Settings
from domain.durations import parse_duration
from domain.errors import ConfigError, ForeshockError
from streams import logs
from streams.metrics import RECORD_CATALOGUE, Metrics
from streams.record.database import DEFAULT
from streams.record.pages import Pages, Pulse
from streams.record.projector import project
from streams.refusal import refusal
from streams.system import SystemClock

log = logging.getLogger(__name__)

SIGNALLED: Final = 128  # and the number of the signal: how shells tell of a process that one ended

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
    verify_every: Annotated[
        str, typer.Option(help="While following: how often every hash of the record is computed anew.")
    ] = "6h",
    port: Annotated[
        int | None,
        typer.Option(help="While following: serve /metrics, /healthz and /readyz here.", min=0, max=65535),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to serve them on.")] = "127.0.0.1",
) -> None:
    """Copy transitions, notices, receipts and dead letters into an append-only, hash-chained record.

    The topics are the truth: the record can be made anew from them, and comes out the same.
    """
    try:
        every_s = None if no_heads else _duration("--heads-every", heads_every)
        verify_s = _duration("--verify-every", verify_every)
        settings = load_with_environment(config)
        logs.set_up(settings.log.level, settings.log.format)
        if once:
            stored = project(settings, database, SystemClock(), heads_every_s=every_s)
        else:
            stored = _follow(settings, database, every_s, verify_s, host, port)
    except ForeshockError as error:
        raise refusal(error) from error
    typer.echo(f"{stored} new entries recorded")


def _duration(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error


def _follow(
    settings: Settings, database: str, heads_every_s: float | None, verify_every_s: float, host: str, port: int | None
) -> int:
    clock, metrics = SystemClock(), Metrics(RECORD_CATALOGUE)
    pulse = Pulse(clock)
    stop = asked_to_stop(pulse)

    def stopped() -> bool:
        pulse.beat()
        return bool(stop)

    with nullcontext() if port is None else Pages(host, port, metrics, pulse) as pages:
        if pages is not None:
            log.info("serving %s", pages.address)
        return project(
            settings,
            database,
            clock,
            stopped=stopped,
            heads_every_s=heads_every_s,
            verify_every_s=verify_every_s,
            metrics=metrics,
        )


def asked_to_stop(pulse: Pulse) -> list[int]:
    """Return a list that is no longer empty once this process was asked to end.

    Before it follows, and when it is asked again, it ends at once: what is stored is whole at any time.
    """
    asked: list[int] = []

    def hear(number: int, _: object) -> None:
        asked.append(number)
        if len(asked) > 1 or not pulse.ready:
            raise SystemExit(SIGNALLED + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hear)
    return asked
