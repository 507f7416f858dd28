"""`foreshock audit`: is the record what was written?"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from config.loader import load_with_environment
from domain.errors import ForeshockError
from streams.commands.record import Database
from streams.record.anchors import Anchor, KafkaAnchors
from streams.record.database import DEFAULT, open_record
from streams.record.story import plain
from streams.record.verify import Verdict, verify
from streams.refusal import refusal

EXIT_TAMPERED = 1

audit_app = typer.Typer(
    help="Prove that the record is what was written.", no_args_is_help=True, pretty_exceptions_enable=False
)


@audit_app.callback()
def _audit() -> None:
    """Prove that the record is what was written."""


@audit_app.command("verify")
def verify_record(
    database: Database = DEFAULT,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Compare with the heads on this configuration's Kafka.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Recompute every chain. Ends with 1 when anything was changed, removed, put in, reordered or replaced."""
    try:
        anchors = None if config is None else _anchors(config)
        with closing(open_record(database)) as record:
            verdict = verify(record, anchors)
    except ForeshockError as error:
        raise refusal(error) from error
    typer.echo(
        json.dumps({"sound": verdict.sound, **asdict(verdict)}, indent=2) if as_json else "\n".join(_told(verdict))
    )
    raise typer.Exit(0 if verdict.sound else EXIT_TAMPERED)


def _anchors(config: Path) -> list[Anchor | str]:
    with closing(KafkaAnchors(load_with_environment(config))) as anchors:
        return list(anchors.read())


def _told(verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings:
        yield plain(f"{finding.where}: {finding.what}")
    if verdict.more:
        yield f"and {verdict.more} more findings"
    for note in verdict.notes:
        yield plain(f"note: {note}")
    if not verdict.sound:
        yield "The record is NOT what was written. The first place is named above."
        return
    yield f"{verdict.entries} entries in {verdict.chains} chains are what was written; seal {verdict.seal}"
    if verdict.anchored is None:
        yield "Not compared with Kafka: give --config to see whether this is the database that was written."
    else:
        newer = verdict.entries - verdict.anchored
        tail = f"; {newer} are newer than the last heads and rest on the database alone" if newer else ""
        yield f"{verdict.anchored} of them are covered by heads on Kafka{tail}."
