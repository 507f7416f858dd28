"""Telemetry in a Parquet file: any table that ``table`` knows. Needs the extra ``parquet``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from streams.backtest.source import BacktestError, Complain, Line
from streams.backtest.table import NO_ZONE, Kind, Rows, read_as, shape_of

BATCH: Final = 20_000
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
            fields = list(file.schema_arrow)
            whole = shape_of(
                [field.name for field in fields], [self._kind(each.type) for each in fields], str(self._path)
            )
            fields = [field for field in fields if field.name.strip() not in {"", *whole.unused}]
            names, kinds = [field.name for field in fields], [self._kind(field.type) for field in fields]
            shape = shape_of(names, kinds, str(self._path))
            no_zone = kinds[shape.time] is Kind.TIME and getattr(fields[shape.time].type, "tz", None) is None
            self.remarks = (
                *read_as(whole, [field.name for field in file.schema_arrow]),
                *([NO_ZONE] if no_zone else []),
            )
            reader = Rows(shape, self.name.split(".")[0], complain)
            try:
                for batch in file.iter_batches(batch_size=BATCH, columns=names):
                    for row in zip(*(self._cells(batch.column(name)) for name in names), strict=True):
                        self.done += 1
                        yield from reader.lines(row, f"{self._path}: row {self.done}")
            except (OSError, self._arrow.lib.ArrowException) as error:
                raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _kind(self, kind: Any) -> Kind:
        types = self._arrow.types
        if types.is_dictionary(kind):
            return self._kind(kind.value_type)
        if types.is_timestamp(kind) or types.is_date(kind):
            return Kind.TIME
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
            return Kind.NUMBER
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
