"""`foreshock bounce`: what a delivery-status message says of a notice."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from alerts.channels.email.bounce import MAX_BYTES, Bounce, parse_dsn
from domain.errors import DecodeError


def bounce(
    file: Annotated[
        Path, typer.Argument(help="The message as it was received, headers and all; - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a recipient.")] = False,
) -> None:
    """Say which notice came back from which address, and whether to give the address up."""
    try:
        found = parse_dsn(_read(file))
    except (DecodeError, OSError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(2) from error
    for each in found:
        typer.echo(_as_json(each) if as_json else _in_words(each))
    if not found and not as_json:
        typer.echo("everybody was reached")


def _read(file: Path) -> bytes:
    # One byte more than is parsed: an endless stream is refused, not read.
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _as_json(each: Bounce) -> str:
    return json.dumps({**asdict(each), "gives_up_address": each.gives_up_address})


def _in_words(each: Bounce) -> str:
    if not each.final:
        fate = "late; it is still being tried"
    elif not each.permanent:
        fate = "given up after many attempts; the next notice may arrive"
    elif each.gives_up_address:
        fate = "will never arrive: no such mailbox; take the address out"
    else:
        fate = "this message was refused; the address is not to blame"
    return f"{each.notice} to {each.address}: {each.status}, {fate}"
