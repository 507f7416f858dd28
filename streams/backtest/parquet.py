"""Telemetry in a Parquet file: any table that ``table`` knows. Needs the extra ``parquet``."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from streams.backtest.source import BacktestError, Complain, Line
from streams.backtest.table import NO_ZONE, Kind, Rows, read_as, settled, shape_of

BATCH: Final = 20_000
HEAD: Final = 1000  # rows that tell what the columns hold
MICROSECONDS: Final = 1e6  # in a second


class ParquetFile:
    """Rows in the order of the file; the time is a number or a timestamp (UTC unless it has a time zone)."""

    unit = "rows"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.remarks: Sequence[str] = ()
        self.done = 0
        self._path = path
        self._arrow = _library()

    @property
    def size(self) -> int:
        """Rows of the file."""
        with self._open() as file:
            return int(file.metadata.num_rows)

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every row; one with an empty cell or a value that is no number is a bad line."""
        self.done = 0
        with self._open() as file:
            try:
                yield from self._lines(file, complain)
            except (OSError, self._arrow.lib.ArrowException) as error:
                raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _lines(self, file: Any, complain: Complain) -> Iterator[Line]:
        every, kinds = [field.name for field in file.schema_arrow], self._kinds(file)
        whole = shape_of(every, kinds, str(self._path))
        used = [place for place, name in enumerate(every) if name.strip() not in {"", *whole.unused}]
        names = [every[place] for place in used]
        shape = shape_of(names, [kinds[place] for place in used], str(self._path))
        no_zone = self._no_zone(file.schema_arrow.field(names[shape.time]).type)
        self.remarks = (*read_as(whole, every), *([NO_ZONE] if no_zone else []))
        reader = Rows(shape, self.name.split(".")[0], complain)
        for row in self._rows(file, names, BATCH):
            self.done += 1
            yield from reader.lines(row, f"{self._path}: row {self.done}")

    def _kinds(self, file: Any) -> Sequence[Kind]:
        """Return what the columns hold, with the first rows in view."""
        names, kinds = [each.name for each in file.schema_arrow], [self._kind(each.type) for each in file.schema_arrow]
        some = [place for place, kind in enumerate(kinds) if kind is not Kind.OTHER and names.count(names[place]) == 1]
        read = [names[place] for place in some]
        found = settled(read, [kinds[place] for place in some], list(islice(self._rows(file, read, HEAD), HEAD)))
        return [dict(zip(some, found, strict=True)).get(place, kind) for place, kind in enumerate(kinds)]

    def _rows(self, file: Any, names: Sequence[str], at_once: int) -> Iterator[Sequence[object]]:
        for batch in file.iter_batches(batch_size=at_once, columns=names):
            yield from zip(*(self._cells(batch.column(name)) for name in names), strict=True)

    def _no_zone(self, kind: Any) -> bool:
        return self._kind(kind) is Kind.TIME and getattr(kind, "tz", None) is None

    def _kind(self, kind: Any) -> Kind:
        types = self._arrow.types
        if types.is_dictionary(kind):
            return self._kind(kind.value_type)
        if types.is_timestamp(kind) or types.is_date(kind):
            return Kind.TIME
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
            return Kind.NUMBER
        if types.is_null(kind):
            return Kind.EMPTY
        text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
        return Kind.TEXT if text else Kind.OTHER

    def _cells(self, column: Any) -> Sequence[object]:
        """Return the cells of a column; of times the seconds, as a date of Python has no nanoseconds."""
        if self._kind(column.type) is not Kind.TIME:
            return list(column.to_pylist())
        count = column.cast(self._arrow.timestamp("us", getattr(column.type, "tz", None)), safe=False)
        return [None if at is None else at / MICROSECONDS for at in count.cast(self._arrow.int64()).to_pylist()]

    def _open(self) -> Any:
        try:
            return self._arrow.parquet.ParquetFile(self._path)
        except (OSError, self._arrow.lib.ArrowException) as error:
            raise BacktestError(f"{self._path}: not a Parquet file: {error}") from None


def _library() -> Any:
    try:
        import pyarrow  # noqa: ICN001, PLC0415 - under its own name; an extra: only who reads Parquet needs it
        import pyarrow.parquet  # noqa: PLC0415 - the same
    except ImportError:
        raise BacktestError("Parquet needs pyarrow: run pip install '.[parquet]' in the checkout") from None
    return pyarrow
