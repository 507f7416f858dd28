"""``foreshock backtest``: detectors and decisions over a recording or a stretch of a topic."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from config.loader import load_with_environment
from config.settings import Settings
from domain.durations import parse_duration
from domain.errors import ForeshockError
from streams.backtest.compare import Comparison
from streams.backtest.declared import Known, incidents_of, read_declared
from streams.backtest.open import moment, open_file
from streams.backtest.run import Summary
from streams.backtest.scenes import stamp
from streams.backtest.source import BacktestError, Source
from streams.backtest.study import REPORT, Pair, Plan, Study, study, study_two
from streams.backtest.topic import KafkaTopic, Range, declared
from streams.backtest.words import (
    COMPARE_COLUMNS,
    DETECTOR_COLUMNS,
    JOURNEY_COLUMNS,
    comparison_json,
    comparison_rows,
    detector_rows,
    figures,
    journey_rows,
    summary_json,
    who,
)
from streams.refusal import refusal

EXIT_STOPPED = 130  # as a shell has it for Ctrl-C
PIPE_WIDTH = 132
SHOWN = 20  # differences that the terminal lists


def backtest(
    telemetry: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet: columns ts, service, metric and value, or the time and a column for each metric; "
            "JSON lines of native messages; or JSON that Prometheus or VictoriaMetrics exported. Text may be packed "
            "by gzip.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    *,
    out: Annotated[
        Path,
        typer.Option(help="Folder for scores.csv, alerts.jsonl and notices.jsonl; made if need be.", file_okay=False),
    ],
    config: Annotated[
        Path | None, typer.Option(help="Configuration: services, objectives, detectors.", exists=True, dir_okay=False)
    ] = None,
    incidents: Annotated[
        Path | None,
        typer.Option(
            help="Declared events: JSON lines or CSV with at, kind, service, resolved_at.", exists=True, dir_okay=False
        ),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Read this Kafka topic instead of a file; needs --config.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="The topic from this time on, such as 2026-11-21T22:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The topic up to this time; its end if left out.")] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html too: what was said, in pictures.")
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            help="Two configurations: what each squad and client would have received.", metavar="A.yaml B.yaml"
        ),
    ] = None,
    horizon: Annotated[
        str, typer.Option(help="How long before an incident a warning of it may come, if its beginning is not known.")
    ] = "1h",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run detection and alerting over recorded telemetry and write what they would have said."""
    console = _console()
    try:
        settings = None if config is None else load_with_environment(config)
        pair = None if compare is None else tuple((path.name, load_with_environment(path)) for path in compare)
        if pair is not None and settings is not None:
            raise BacktestError("give either --config or --compare: a comparison has two configurations of its own")
        place = settings if pair is None else pair[0][1]
        source, known = _inputs(telemetry, topic, (since, until), place, incidents)
        plan = Plan(source, known, _duration(horizon), report)
        with _progress(console, source, 1 if pair is None else 2) as bar:
            done: Study | Pair = (
                study(plan, settings, out, bar) if pair is None else study_two(plan, (pair[0], pair[1]), out, bar)
            )
    except ForeshockError as error:
        raise refusal(error) from None
    except OSError as error:
        raise refusal(BacktestError(f"{error.filename or out}: {error.strerror}")) from None
    except KeyboardInterrupt:
        typer.echo(f"stopped; {out} holds what was said until then", err=True)
        raise typer.Exit(EXIT_STOPPED) from None
    if as_json:
        typer.echo(json.dumps(_plain(done), ensure_ascii=False, indent=2))
    _tell(console, done, out, report=report)


def _console() -> Console:
    """Return standard error, for a pipe or a log wide enough for the tables."""
    terminal = Console(stderr=True)
    return terminal if terminal.is_terminal else Console(stderr=True, width=PIPE_WIDTH)


def _inputs(
    telemetry: Path | None,
    topic: str | None,
    span: tuple[str | None, str | None],
    settings: Settings | None,
    incidents: Path | None,
) -> tuple[Source, Known]:
    if (telemetry is None) == (topic is None):
        raise BacktestError("give either a file of telemetry or --topic")
    known = Known() if incidents is None else read_declared(incidents)
    if telemetry is not None:
        if span != (None, None):
            raise BacktestError("--from and --to are for --topic; a file is read as a whole")
        return open_file(telemetry), known
    if settings is None or topic is None:
        raise BacktestError("--topic needs --config: it says where Kafka is")
    if span[0] is None:
        raise BacktestError("--topic needs --from")
    since, until = moment(span[0]), moment(span[1]) if span[1] is not None else float(2**43)
    if not since < until:
        raise BacktestError("--from must be before --to")
    if incidents is None:
        events = declared(settings, since, until)
        known = Known(tuple(events), incidents_of(events))
    return KafkaTopic(settings, Range(topic, since, until)), known


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BacktestError(f"--horizon: {error}") from None


@contextmanager
def _progress(console: Console, source: Source, runs: int) -> Iterator[Callable[[int], None]]:
    amount = DownloadColumn() if source.unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Advance(bar, source, runs)


class Advance:
    """Moves the bar to what is read so far; a reading that starts anew is the next run."""

    def __init__(self, bar: Progress, source: Source, runs: int) -> None:
        self._bar = bar
        self._size = source.size
        self._task = bar.add_task(source.name, total=self._size * runs)
        self._before = self._last = 0

    def __call__(self, read: int) -> None:
        """Show that so much of the source is read."""
        if read < self._last:
            self._before += self._size
        self._last = read
        self._bar.update(self._task, completed=self._before + read)


def _plain(done: Study | Pair) -> dict[str, Any]:
    if isinstance(done, Study):
        return summary_json(done.summary, done.verdict, done.notes)
    runs = [summary_json(each.summary, each.verdict, each.notes) for each in done.studies]
    return {"runs": runs} | comparison_json(done.comparison)


def _tell(console: Console, done: Study | Pair, out: Path, *, report: bool) -> None:
    if isinstance(done, Study):
        _tell_study(console, done, f"Backtest, written to {out}")
    else:
        for name, each, folder in zip(done.comparison.names, done.studies, ("a", "b"), strict=True):
            _tell_figures(console, each, f"{name}, written to {out / folder}")
        _tell_comparison(console, done.comparison)
    if report:
        _say(console, f"Look at {out / REPORT}")


def _tell_study(console: Console, done: Study, title: str) -> None:
    _tell_figures(console, done, title)
    if done.verdict.judged:
        _table(console, JOURNEY_COLUMNS, journey_rows(done.verdict.journeys))
        _table(console, DETECTOR_COLUMNS, detector_rows(done.verdict))


def _tell_figures(console: Console, done: Study, title: str) -> None:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, text in figures(done.summary, done.verdict):
        table.add_row(name, text)
    _refused(table, done.summary)
    console.print(table)
    for note in (*done.notes, *done.summary.complaints):
        _say(console, note, "yellow")


def _refused(table: Table, summary: Summary) -> None:
    for reason, count in sorted(summary.refusals.items()):
        table.add_row(f"not judged: {reason.replace('_', ' ')}", f"{count:,}")
    if summary.bad_rows:
        table.add_row("bad rows, scored 0", f"{summary.bad_rows:,}", style="yellow")


def _tell_comparison(console: Console, comparison: Comparison) -> None:
    _table(console, COMPARE_COLUMNS, comparison_rows(comparison))
    found = comparison.differences
    console.print()
    for each in found[:SHOWN]:
        by = f" by {each.by_s:.0f} s" if each.by_s else ""
        why = f" ({each.why})" if each.why else ""
        reader = who(each.reader, is_client=each.is_client)
        _say(console, f"{stamp(each.at)}  {reader} {each.change}{by}: {each.said}{why}")
    more = len(found) - SHOWN + comparison.more
    if more > 0:
        _say(console, f"... and {more} more differences", "dim")
    if not found:
        _say(console, "no differences: everybody would have been told the same, at the same times")


def _table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(*columns, box=None, header_style="dim")
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
