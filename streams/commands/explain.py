"""`foreshock explain`: why was somebody told, or not?"""

import re
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from domain.errors import ForeshockError
from streams.commands.record import Database
from streams.record.database import DEFAULT, Record, RecordError, open_record
from streams.record.explain import explain_alert, explain_notice
from streams.record.moment import explain_client
from streams.record.story import Explanation, as_json, as_text
from streams.refusal import EXIT_UNUSABLE, refusal

EXIT_UNKNOWN = 1
_NUMBER = re.compile(r"\d{9,10}(\.\d+)?")  # 20261122 is a day


def explain(
    subject: Annotated[
        str | None, typer.Argument(help="The id of an alert or of a notice.", show_default=False)
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="Instead of an id: what this client was told, or why not, at the time of --at.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When: 2026-11-22T02:14:00+01:00 (UTC without a zone), or epoch seconds.")
    ] = None,
    database: Database = DEFAULT,
    json_wanted: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Tell why somebody was told, or was not: from the evidence in Kafka to the receipt."""
    if (subject is None) == (client is None) or (client is None) != (at is None):
        typer.echo("give either an alert or a notice, or --client and --at", err=True)
        raise typer.Exit(EXIT_UNUSABLE)
    try:
        with closing(open_record(database)) as record:
            answer = _answer(record, subject, client, at)
    except ForeshockError as error:
        raise refusal(error) from error
    if answer is None:
        typer.echo(f"the record has never heard of {subject}: `foreshock alerts` lists what it knows", err=True)
        raise typer.Exit(EXIT_UNKNOWN)
    typer.echo(as_json(answer) if json_wanted else as_text(answer))


def parse_time(text: str) -> float:
    """Return epoch seconds; raises RecordError with an example."""
    try:
        at = float(text) if _NUMBER.fullmatch(text) else _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise RecordError(f"{text!r} is no time; write it such as 2026-11-22T02:14:00+01:00") from None
    return at


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _answer(record: Record, subject: str | None, client: str | None, at: str | None) -> Explanation | None:
    with record.reading() as connection:
        if client is not None and at is not None:
            return explain_client(connection, client, parse_time(at))
        name = subject or ""
        return explain_notice(connection, name) or explain_alert(connection, name)
