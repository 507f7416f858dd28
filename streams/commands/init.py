"""`foreshock init`: a first configuration from the telemetry that there is."""

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from domain.errors import ForeshockError
from streams.backtest.open import open_file
from streams.backtest.source import BacktestError
from streams.record.story import plain
from streams.refusal import refusal
from streams.sketch import sketch

COMPLAINTS: Final = 5  # that are told
NOTHING: Final = "there is no sample in it of a service that a configuration can name"


def init(
    telemetry: Annotated[
        Path, typer.Argument(help="Any file that `foreshock backtest` reads.", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.", dir_okay=False)] = Path(
        "foreshock.yaml"
    ),
) -> None:
    """Sketch a configuration from telemetry: its services and metrics, with what you have to add in comments."""
    complaints: list[str] = []

    def complain(text: str) -> None:
        if len(complaints) < COMPLAINTS:
            complaints.append(text)

    try:
        source = open_file(telemetry)
        text = sketch(telemetry.name, (line[3] for line in source.lines(complain) if line[3] is not None))
        if not text:
            raise BacktestError("\n".join([f"{telemetry}: {NOTHING}", *complaints]))
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise refusal(BacktestError(f"{out} is there already; name another file with --out")) from None
    except OSError as error:
        raise refusal(BacktestError(f"{error.filename or out}: {error.strerror}")) from None
    except ForeshockError as error:
        raise refusal(error) from None
    for each in (*source.remarks, *complaints):
        typer.echo(plain(each), err=True)
    typer.echo(f"written: {out}. Add what stands in its comments, and see what it would have said:")
    typer.echo(f"  foreshock {shlex.join(['backtest', str(telemetry), '--config', str(out), '--report'])}")
