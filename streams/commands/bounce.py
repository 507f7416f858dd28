"""`foreshock bounce`: what a delivery-status message says of a notice, and the end of an address that is no more."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from alerts.channels.email.bounce import MAX_BYTES, Bounce, parse_dsn
from config.loader import load_with_environment
from domain.clock import Clock
from domain.errors import DecodeError, ForeshockError
from domain.feedback import Feedback
from streams.answers import send
from streams.lookup import find_notices
from streams.refusal import refusal
from streams.system import SystemClock
from streams.undeliverable import came_back

EXIT_UNMATCHED: Final = 1


def bounce(
    file: Annotated[
        Path, typer.Argument(help="The message as it was received, headers and all; - for standard input.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="The configuration file: addresses that are no more get no further mail.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a recipient.")] = False,
) -> None:
    """Say which notice came back from which address; with --config, give up an address that is no more.

    Ends with 1 when an address should be given up and the message fits no notice that was sent.
    """  # fmt: skip
    try:
        found = parse_dsn(_read(file))
        fates = _settled(config, found, SystemClock()) if config is not None else ("",) * len(found)
    except OSError as error:
        raise refusal(ForeshockError(f"{file}: cannot be read: {error.strerror}")) from error
    except DecodeError as error:
        raise refusal(ForeshockError(f"{file}: {error.detail}")) from error
    except ForeshockError as error:
        raise refusal(error) from error
    for each, fate in zip(found, fates, strict=True):
        typer.echo(_as_json(each, fate) if as_json else _in_words(each) + (f"; {fate}" if fate else ""))
    if not found and not as_json:
        typer.echo("everybody was reached")
    if any(each.gives_up_address and fate.startswith("not ") for each, fate in zip(found, fates, strict=True)):
        raise typer.Exit(EXIT_UNMATCHED)


def _settled(config: Path, found: Sequence[Bounce], clock: Clock) -> tuple[str, ...]:
    """Write what follows, and return it in words for each recipient."""
    settings = load_with_environment(config)
    wanted = {each.notice for each in found if each.gives_up_address}
    sent = find_notices(settings, wanted) if wanted else {}
    fates = []
    for each in found:
        result = came_back(each, sent.get(each.notice), clock.now())
        if isinstance(result, Feedback):
            send(settings, result)
            fates.append("written: the address gets no more mail until it is readmitted")
        else:
            fates.append(f"not written: {result}")
    return tuple(fates)


def _read(file: Path) -> bytes:
    # One byte more than is parsed: an endless stream is refused, not read.
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _as_json(each: Bounce, fate: str) -> str:
    written = {} if not fate else {"written": fate.startswith("written"), "why": fate}
    return json.dumps({**asdict(each), "gives_up_address": each.gives_up_address, **written})


def _in_words(each: Bounce) -> str:
    if not each.final:
        fate = "late; it is still being tried"
    elif not each.permanent:
        fate = "given up after many attempts; the next notice may arrive"
    elif each.gives_up_address:
        fate = "will never arrive: no such mailbox"
    else:
        fate = "this message was refused; the address is not to blame"
    return f"{each.notice} to {each.address}: {each.status}, {fate}"
