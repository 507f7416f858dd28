"""Telemetry in a CSV file, gzip if its name ends in .gz: ``ts,service,metric,value``, or a column for each metric."""

import csv
import gzip
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO

from domain.telemetry import Sample
from streams.backtest.source import BacktestError, Complain, GaugesAndCounters, Line

HEADER = ["ts", "service", "metric", "value"]
NOTHING = ""
NOT_FINITE = "the time is not finite"


class CsvFile:
    """Rows ``ts,service,metric,value``; file order is order of arrival. A bad row keeps its place."""

    unit = "bytes"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._raw: BinaryIO | None = None

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._path.stat().st_size

    @property
    def done(self) -> int:
        """Bytes read of it."""
        return 0 if self._raw is None or self._raw.closed else self._raw.tell()

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every row; a file that is cut off or not gzip ends with a sentence instead of a traceback."""
        with self._rows() as rows:
            try:
                _check_header(next(rows, []), self._path)
                yield from self._samples(rows, complain)
            except (OSError, EOFError, csv.Error) as error:
                raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _samples(self, rows: Iterator[Sequence[str]], complain: Complain) -> Iterator[Line]:
        series = GaugesAndCounters()
        known, sample = series.get, partial(tuple.__new__, Sample)  # half of the time of Sample()
        for number, row in enumerate(rows, 2):
            try:  # as ``parse`` does, but for the cost of a call
                ts, service, metric, text = row
                at, value = float(ts), float(text)
                if not -math.inf < at < math.inf:
                    raise ValueError(NOT_FINITE)  # noqa: TRY301 - every bad row is told in one place
            except ValueError as error:
                complain(f"{self._path}:{number}: {error}; expected ts,service,metric,value")
                ts, service, metric = (*row, NOTHING, NOTHING, NOTHING)[:3]
                yield ts, service, metric, None
            else:
                key, kind = known((service, metric)) or series.add(service, metric)
                yield ts, service, metric, sample((key, value, at, kind, NOTHING))

    @contextmanager
    def _rows(self) -> Iterator[Iterator[Sequence[str]]]:
        with self._path.open("rb") as raw, open_text(raw, self.name) as text:
            self._raw = raw
            yield csv.reader(text)


class WideCsvFile(CsvFile):
    """Rows with a column ``ts``, perhaps one ``service``, and one for each metric; an empty cell is no sample.

    Without the column ``service`` all metrics belong to a service that is called like the file.
    """

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every cell in the order of columns; a row without a usable time is one bad line."""
        with self._rows() as rows:
            try:
                header = list(next(rows, []))
                metrics = self._metrics(header)
                place = header.index("service") if "service" in header else None
                yield from self._cells(rows, metrics, (header.index("ts"), place, len(header)), complain)
            except (OSError, EOFError, csv.Error) as error:
                raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _metrics(self, header: Sequence[str]) -> list[tuple[int, str]]:
        metrics = [(i, name.strip()) for i, name in enumerate(header) if name not in {"ts", "service"}]
        if "ts" not in header or not metrics or not all(name for _, name in metrics) or len(set(header)) < len(header):
            raise BacktestError(
                f"{self._path}:1: the first line must name a column ts and one for each metric, each once; "
                f"it is {','.join(header)[:80]!r}"
            )
        return metrics

    def _cells(
        self,
        rows: Iterator[Sequence[str]],
        metrics: Sequence[tuple[int, str]],
        shape: tuple[int, int | None, int],
        complain: Complain,
    ) -> Iterator[Line]:
        series = GaugesAndCounters()
        ts_at, service_at, width = shape
        for number, row in enumerate(rows, 2):
            place = f"{self._path}:{number}"
            if len(row) != width:
                complain(f"{place}: {len(row)} columns; expected {width}")
                yield (*row, NOTHING)[0], NOTHING, NOTHING, None
                continue
            ts = row[ts_at]
            service = self.name.split(".")[0] if service_at is None else row[service_at]
            for index, metric in metrics:
                if not row[index].strip():
                    continue
                try:
                    at, _, _, value = parse((ts, service, metric, row[index]))
                except ValueError as error:
                    complain(f"{place}: {metric}: {error}")
                    yield ts, service, metric, None
                else:
                    key, kind = series.get((service, metric)) or series.add(service, metric)
                    yield ts, service, metric, Sample(key, value, at, kind)


def parse(row: Sequence[str]) -> tuple[float, str, str, float]:
    """Return time, service, metric and value; raises ValueError when the row is not one. The value may be NaN."""
    ts, service, metric, text = row
    at, value = float(ts), float(text)
    if not -math.inf < at < math.inf:
        raise ValueError(NOT_FINITE)
    return at, service, metric, value


def open_text(raw: BinaryIO, name: str) -> TextIO:
    """Return the text of a file, unpacked if it is called .gz; bad bytes become marks, to be refused as bad rows."""
    if name.endswith(".gz"):
        return gzip.open(raw, "rt", encoding="utf-8", errors="replace", newline="")
    return open(raw.fileno(), encoding="utf-8", errors="replace", newline="", closefd=False)  # an open file


def _check_header(header: Sequence[str], path: Path) -> None:
    if list(header) != HEADER:
        raise BacktestError(f"{path}:1: the first line must be {','.join(HEADER)}, not {','.join(header)[:80]!r}")
