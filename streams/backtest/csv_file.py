"""Telemetry in a CSV file, perhaps packed by gzip: ``ts,service,metric,value``, or any table that ``table`` knows."""

import csv
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from gzip import GzipFile
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from domain.telemetry import Sample
from streams.backtest.cells import FAR_S, Number, comma_number, has_zone, is_empty, is_time, number, number_of, seconds
from streams.backtest.source import BacktestError, Complain, GaugesAndCounters, Line
from streams.backtest.table import NO_ZONE, Kind, Rows, read_as, settled, shape_of

HEADER: Final = ["ts", "service", "metric", "value"]
DELIMITERS: Final = ",;\t|"
HEAD: Final = 1000  # rows that tell what the columns hold
UNREADABLE: Final = (OSError, EOFError, zlib.error)
GZIP: Final = b"\x1f\x8b"
NOTHING: Final = ""
UNKNOWN: Final = "\ufffd"  # what a byte that is no UTF-8 becomes
NOT_UTF8: Final = f"The file is not in UTF-8: letters that could not be read are shown as {UNKNOWN}."
DECIMAL_COMMA: Final = "Numbers were read with a decimal comma."


class CsvFile:
    """Rows in order of arrival, as they stand in the file. A bad row keeps its place."""

    unit = "bytes"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.remarks: Sequence[str] = ()
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
        """Yield every row; a file that is cut off or not text ends with a sentence instead of a traceback."""
        try:
            with self._path.open("rb") as raw, open_text(raw) as text:
                self._raw = raw
                first = text.readline()
                delimiter = delimiter_of(first)
                rows = csv.reader(chain((first,), text), delimiter=delimiter)
                header = next(rows, [])
                if header == HEADER:
                    yield from self._samples(rows, complain)
                else:
                    yield from self._table(header, rows, delimiter, complain)
        except (*UNREADABLE, csv.Error) as error:
            raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _samples(self, rows: Iterator[Sequence[str]], complain: Complain) -> Iterator[Line]:
        """Yield the rows of the plainest table, in a fraction of the time of any other."""
        series = GaugesAndCounters()
        known, sample = series.get, partial(tuple.__new__, Sample)  # half of the time of Sample()
        for line, row in enumerate(rows, 2):
            try:  # as ``parse`` does, but for the cost of a call
                ts, service, metric, text = row
                at, value = float(ts), float(text)
                if not -FAR_S < at < FAR_S:
                    at = seconds(ts)
                key, kind = known((service, metric)) or series.add(service, metric)
            except ValueError:
                try:
                    at, service, metric, value = parse(row)
                    key, kind = known((service, metric)) or series.add(service, metric)
                except ValueError as error:
                    complain(f"{self._path}:{line}: {error}; expected ts,service,metric,value")
                    ts, service, metric = (*row, NOTHING, NOTHING, NOTHING)[:3]
                    yield ts, service, metric, None
                    continue
            yield ts, service, metric, sample((key, value, at, kind, NOTHING))

    def _table(
        self, header: Sequence[str], rows: Iterator[Sequence[str]], delimiter: str, complain: Complain
    ) -> Iterator[Line]:
        head = list(islice(rows, HEAD))
        value = number_of(chain.from_iterable(head), comma_is_free=delimiter != ",")
        columns = [[row[place] for row in head if place < len(row)] for place in range(len(header))]
        kinds = settled(header, [_kind(column, value) for column in columns], head)
        shape = shape_of(header, kinds, f"{self._path}:1")
        no_zone = not all(map(has_zone, columns[shape.time]))
        not_utf8 = any(UNKNOWN in cell for cell in chain(header, *head))
        remarks = ((value is comma_number, DECIMAL_COMMA), (no_zone, NO_ZONE), (not_utf8, NOT_UTF8))
        self.remarks = (*read_as(shape, header), *(remark for is_so, remark in remarks if is_so))
        reader = Rows(shape, self.name.split(".")[0], complain, value)
        for line, row in enumerate(chain(head, rows), 2):
            if row:
                yield from reader.lines(row, f"{self._path}:{line}")


def parse(row: Sequence[str]) -> tuple[float, str, str, float]:
    """Return time, service, metric and value; raises ValueError when the row is not one. The value may be NaN."""
    ts, service, metric, text = row
    return seconds(ts), service, metric, number(text)


def open_text(raw: BinaryIO) -> TextIO:
    """Return the text of a file, unpacked if need be; bad bytes become marks, to be refused as bad rows."""
    packed = raw.read(len(GZIP)) == GZIP
    raw.seek(0)
    unpacked = cast("BinaryIO", GzipFile(fileobj=raw)) if packed else raw
    return TextIOWrapper(unpacked, encoding="utf-8-sig", errors="replace", newline=NOTHING)


def delimiter_of(header: str) -> str:
    """Return what parts the columns: of the marks outside of quotes the most frequent."""
    bare = NOTHING.join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _kind(column: Sequence[str], value: Number) -> Kind:
    """Return what a column holds: text where not one of its cells is a number."""
    filled = [cell for cell in column if not is_empty(cell)]
    if not filled:
        return Kind.EMPTY
    if any(_is_number(cell, value) for cell in filled):
        return Kind.NUMBER
    return Kind.TIME if all(map(is_time, filled)) else Kind.TEXT


def _is_number(cell: str, value: Number) -> bool:
    try:
        value(cell)
    except ValueError:
        return False
    return True
