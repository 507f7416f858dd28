"""Telemetry in a Parquet file with the columns ts, service, metric and value. Needs the extra ``parquet``."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.telemetry import Sample
from streams.backtest.source import BacktestError, Complain, GaugesAndCounters, Line

COLUMNS = ("ts", "service", "metric", "value")
BATCH = 20_000


class ParquetFile:
    """Rows in the order of the file; ``ts`` is a number of seconds or a timestamp (UTC unless it has a time zone)."""

    unit = "rows"

    def __init__(self, path: Path) -> None:
        self.name = path.name
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
        series = GaugesAndCounters()
        self.done = 0
        with self._open() as file:
            self._check(file.schema_arrow.names)
            try:
                for batch in file.iter_batches(batch_size=BATCH, columns=list(COLUMNS)):
                    for row in zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True):
                        self.done += 1
                        yield self._line(row, series, complain)
            except (OSError, self._arrow.lib.ArrowException) as error:
                raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None

    def _line(self, row: tuple[Any, ...], series: GaugesAndCounters, complain: Complain) -> Line:
        ts, service, metric, value = row
        try:
            at = _seconds(ts)
            names = _text(service), _text(metric)
            key, kind = series.get(names) or series.add(*names)
            return repr(at), service, metric, Sample(key, float(value), at, kind)
        except (TypeError, ValueError, OverflowError) as error:
            complain(f"{self._path}: row {self.done}: {error}")
            return str(ts), str(service), str(metric), None

    def _open(self) -> Any:
        try:
            return self._arrow.parquet.ParquetFile(self._path)
        except (OSError, self._arrow.lib.ArrowException) as error:
            raise BacktestError(f"{self._path}: not a Parquet file: {error}") from None

    def _check(self, names: list[str]) -> None:
        if missing := [name for name in COLUMNS if name not in names]:
            raise BacktestError(f"{self._path}: no column {', '.join(missing)}; it has {', '.join(names)[:200]}")


def _seconds(ts: object) -> float:
    if isinstance(ts, datetime):
        return (ts if ts.tzinfo is not None else ts.replace(tzinfo=UTC)).timestamp()
    if isinstance(ts, bool) or not isinstance(ts, int | float):
        raise TypeError("ts is neither a number of seconds nor a timestamp")
    if not math.isfinite(ts):
        raise ValueError("the time is not finite")
    return float(ts)


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("service and metric must be text")
    return name


def _library() -> Any:
    try:
        import pyarrow  # noqa: ICN001, PLC0415 - under its own name; an extra: only who reads Parquet needs it
        import pyarrow.parquet  # noqa: PLC0415 - the same
    except ImportError:
        raise BacktestError("Parquet needs pyarrow: run pip install '.[parquet]' in the checkout") from None
    return pyarrow
