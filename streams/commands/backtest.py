"""``foreshock backtest``: detectors and decisions over a recording, no Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from alerts.decide import Decide
from alerts.params import AlertParams
from config.loader import load_with_environment
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.alert import AlertStatus
from domain.durations import format_duration
from domain.errors import ForeshockError
from domain.journeys import Landscape
from streams.backtest import Backtest, Summary, read_events

UNUSABLE = 2  # exit status: nothing was run, or it could not be finished


def backtest(
    telemetry: Annotated[
        Path, typer.Argument(help="CSV with ts,service,metric,value; .gz is unpacked.", exists=True, dir_okay=False)
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for scores.csv and alerts.jsonl; made if need be.", file_okay=False)
    ],
    config: Annotated[
        Path | None, typer.Option(help="Configuration: services, objectives, detectors.", exists=True, dir_okay=False)
    ] = None,
    incidents: Annotated[
        Path | None,
        typer.Option(help="Declared events, JSON lines with at, kind, service.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Run detection and alerting over recorded telemetry and write what they would have said."""
    console = Console(stderr=True)
    try:
        detection, decide = _stages(config)
        events = read_events(incidents) if incidents is not None else []
        with _progress(console, telemetry) as bar:
            summary = Backtest(detection, decide, events).run(telemetry, out, bar)
    except (ForeshockError, OSError) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(UNUSABLE) from None
    _report(console, summary, out)


def _stages(config: Path | None) -> tuple[Detection, Decide]:
    if config is None:
        return Detection(DetectionParams()), Decide(Landscape(), AlertParams())
    settings = load_with_environment(config)
    landscape = settings.landscape()
    return Detection(settings.detectors, landscape.services), Decide(landscape, settings.alerts)


@contextmanager
def _progress(console: Console, telemetry: Path) -> Iterator["Advance"]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Advance(bar, telemetry)


class Advance:
    """Moves the bar to the bytes read so far."""

    def __init__(self, bar: Progress, telemetry: Path) -> None:
        self._bar = bar
        self._task = bar.add_task(telemetry.name, total=telemetry.stat().st_size)

    def __call__(self, read: int) -> None:
        """Show that so many bytes of the file are read."""
        self._bar.update(self._task, completed=read)


def _report(console: Console, summary: Summary, out: Path) -> None:
    table = Table(title=f"Backtest, written to {out}", title_justify="left", show_header=False, box=None)
    span = max(0.0, summary.last_at - summary.first_at)
    table.add_row("samples", f"{summary.rows:,} of {summary.series:,} series over {format_duration(round(span))}")
    opened, ended = summary.alerts[AlertStatus.OPEN], summary.alerts[AlertStatus.RESOLVED]
    withdrawn = summary.alerts[AlertStatus.RETRACTED]
    still = opened - ended - withdrawn
    table.add_row("alerts", f"{opened} opened, {ended} resolved, {withdrawn} withdrawn, {still} still open at the end")
    table.add_row("notices decided", f"{summary.notices:,}")
    for reason, count in sorted(summary.refusals.items()):
        table.add_row(f"not judged: {reason.replace('_', ' ')}", f"{count:,}")
    if summary.bad_rows:
        table.add_row("bad rows, scored 0", f"{summary.bad_rows:,}", style="yellow")
    console.print(table)
    for complaint in summary.complaints:
        console.print(complaint, style="yellow", markup=False, highlight=False, soft_wrap=True)
