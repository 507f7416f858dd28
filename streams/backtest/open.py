"""Which source a file is, by its name; and times as people write them."""

from datetime import UTC, datetime
from pathlib import Path

from streams.backtest.csv_file import CsvFile, WideCsvFile
from streams.backtest.json_lines import JsonLinesFile
from streams.backtest.parquet import ParquetFile
from streams.backtest.source import BacktestError, Source


def open_file(path: Path, *, wide: bool) -> Source:
    """Return the source for a file; raises BacktestError when it cannot be one."""
    name = path.name.lower().removesuffix(".gz")
    if wide:
        if not name.endswith(".csv"):
            raise BacktestError(f"{path}: --wide is for CSV files")
        return WideCsvFile(path)
    if name.endswith((".parquet", ".pq")):
        return ParquetFile(path)
    if name.endswith((".jsonl", ".ndjson")):
        return JsonLinesFile(path)
    return CsvFile(path)


def moment(text: str) -> float:
    """Return a time given as seconds since 1970 or as in RFC 3339; one without a zone is UTC. Raises BacktestError."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BacktestError(f"{text!r} is not a time: write 2026-11-21T22:00:00Z, or seconds since 1970") from None
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
