"""`foreshock alerts`: the episodes in the record."""

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.policy.wording import listed, span
from domain.alert import AlertStatus
from domain.errors import ForeshockError
from streams.commands.record import Database
from streams.record.database import DEFAULT, open_record
from streams.record.questions import Episode, episodes
from streams.record.story import moment, plain
from streams.refusal import refusal

PIPE_WIDTH = 160


def alerts(
    database: Database = DEFAULT,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an alert.")] = False,
) -> None:
    """List the alerts that the record knows, the latest first."""
    try:
        with closing(open_record(database)) as record, record.reading() as connection:
            found = [each for each in episodes(connection) if not open_only or each.ended_at is None]
    except ForeshockError as error:
        raise refusal(error) from error
    if as_json:
        for each in found:
            typer.echo(json.dumps({**asdict(each), "ended_at": each.ended_at}))
        return
    if not found:
        typer.echo("no open alerts" if open_only else "no alerts")
        return
    console = Console()
    (console if console.is_terminal else Console(width=PIPE_WIDTH)).print(_table(found))


def _table(found: list[Episode]) -> Table:
    table = Table("alert", "service", "severity", "opened", "status", "squads told", "clients told", "clients held")
    table.columns[0].no_wrap = True
    for each in found:
        cells = (each.alert, each.service, each.severity, moment(each.opened_at), status_of(each))
        people = (squads_of(each), listed(each.clients) or "-", listed(each.held) or "-")
        table.add_row(*(Text(plain(cell)) for cell in (*cells, *people)))
    return table


def status_of(episode: Episode) -> str:
    """Return what an alert is now, for people."""
    if episode.ended_at is not None:
        return f"{episode.status} after {span(episode.changed_at - episode.opened_at)}"
    return "suspended" if episode.status is AlertStatus.SUSPENDED else "open"


def squads_of(episode: Episode) -> str:
    """Return which squads were told of an alert, or in the messages of which other it stands."""
    elsewhere = "-" if episode.joined is None else f"with {episode.joined}"
    return ", ".join(episode.squads) or elsewhere
