"""What a backtest says on the terminal: how far it is, the figures, the worst alerts, and what one should know."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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
from rich.text import Text

from alerts.policy.wording import span
from streams.backtest.compare import Comparison
from streams.backtest.run import Summary
from streams.backtest.scenes import stamp, worst
from streams.backtest.source import Source
from streams.backtest.study import ALERTS, REPORT, Pair, Study
from streams.backtest.words import (
    COMPARE_COLUMNS,
    DETECTOR_COLUMNS,
    JOURNEY_COLUMNS,
    comparison_rows,
    detector_rows,
    figures,
    journey_rows,
    who,
    worth_of,
)
from streams.record.story import plain

PIPE_WIDTH = 132
LISTED = 10  # alerts
SHOWN = 20  # differences


def console() -> Console:
    """Return standard error, for a pipe or a log wide enough for the tables."""
    terminal = Console(stderr=True)
    return terminal if terminal.is_terminal else Console(stderr=True, width=PIPE_WIDTH)


@contextmanager
def progress(console: Console, source: Source, readings: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while the source is read so many times."""
    amount = DownloadColumn() if source.unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Advance(bar, source, readings)


class Advance:
    """Moves the bar to what is read so far; a reading that starts anew is the next one."""

    def __init__(self, bar: Progress, source: Source, readings: int) -> None:
        self._bar = bar
        self._size = source.size
        self._task = bar.add_task(source.name, total=self._size * readings)
        self._before = self._last = 0

    def __call__(self, read: int) -> None:
        """Show that so much of the source is read."""
        if read < self._last:
            self._before += self._size
        self._last = read
        self._bar.update(self._task, completed=self._before + read)


def tell(console: Console, done: Study | Pair, out: Path, *, report: bool) -> None:
    """Say what came out of it."""
    if isinstance(done, Study):
        _tell_study(console, done, out)
    else:
        for name, each, folder in zip(done.comparison.names, done.studies, ("a", "b"), strict=True):
            _tell_figures(console, each, f"{name}, written to {out / folder}")
        _tell_comparison(console, done.comparison)
    if report:
        _say(console, f"Look at {out / REPORT}")


def _tell_study(console: Console, done: Study, out: Path) -> None:
    _tell_figures(console, done, f"Backtest, written to {out}")
    if done.verdict.judged:
        _table(console, JOURNEY_COLUMNS, journey_rows(done.verdict.journeys))
        _table(console, DETECTOR_COLUMNS, detector_rows(done.verdict))
    _tell_alerts(console, done, out)


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


def _tell_alerts(console: Console, done: Study, out: Path) -> None:
    if not done.episodes:
        return
    more = len(done.episodes) - LISTED
    console.print()
    _say(
        console, f"The worst alerts; {more:,} more are in {out / ALERTS} (UTC):" if more > 0 else "Alerts (UTC):", "dim"
    )
    for each in worst(done.episodes, LISTED):
        worth = worth_of(each, done.verdict)
        first = each.transitions[0]
        _say(console, f"{stamp(each.opened_at)}  {each.severity:8}  {first.reason}{f' ({worth})' if worth else ''}")


def _tell_comparison(console: Console, comparison: Comparison) -> None:
    _table(console, COMPARE_COLUMNS, comparison_rows(comparison))
    found = comparison.differences
    console.print()
    for each in found[:SHOWN]:
        by = f" by {span(each.by_s)}" if each.by_s else ""
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
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print()
    console.print(table)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(plain(text), style=style, markup=False, highlight=False, soft_wrap=True)
