"""Which source a file is, by what it begins with; and times as people write them."""

import re
from pathlib import Path
from typing import Final

from streams.backtest.cells import seconds
from streams.backtest.csv_file import UNREADABLE, CsvFile, open_text
from streams.backtest.json_lines import JsonLinesFile
from streams.backtest.parquet import ParquetFile
from streams.backtest.prometheus import PrometheusFile
from streams.backtest.source import BacktestError, Source

PARQUET: Final = b"PAR1"
HEAD: Final = 4096
REFUSED: Final = (
    (b"PK\x03\x04", "a zip archive or an Excel sheet: unpack it, or save the sheet as CSV"),
    (b"BZh", "packed by bzip2: unpack it, or pack it by gzip"),
    (b"\xfd7zXZ", "packed by xz: unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it, or pack it by gzip"),
    (b"\xff\xfe", "in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "in UTF-16: save it as UTF-8"),
)
PROMTOOL: Final = "} =>"
_OBJECT = re.compile(r'\{\s*["}]')
_EXPORT = re.compile(r'\{\s*"(metric"\s*:\s*\{|values"\s*:|timestamps"\s*:)')
_ANSWER = re.compile(r'\[|\{\s*"(status|data|resultType|result|isPartial)"\s*:')


def open_file(path: Path) -> Source:
    """Return the source for a file; raises BacktestError when it cannot be one."""
    try:
        with path.open("rb") as raw:
            start = raw.read(HEAD)
            raw.seek(0)
            if start.startswith(PARQUET):
                return ParquetFile(path)
            if why := next((why for magic, why in REFUSED if start.startswith(magic)), None):
                raise BacktestError(f"{path} is {why}")
            with open_text(raw) as text:
                head = text.read(HEAD).lstrip()
    except UNREADABLE as error:
        raise BacktestError(f"{path}: cannot be read: {error}") from None
    if PROMTOOL in head.partition("\n")[0]:
        raise BacktestError(f"{path} is what promtool prints for people: run it with -o json")
    if "\0" in head:
        raise BacktestError(f"{path} is neither text nor Parquet")
    if not head:
        raise BacktestError(f"{path} is empty")
    if _EXPORT.match(head) or _ANSWER.match(head):
        return PrometheusFile(path, by_line=_EXPORT.match(head) is not None)
    return JsonLinesFile(path) if _OBJECT.match(head) else CsvFile(path)


def moment(text: str) -> float:
    """Return a time given as seconds since 1970 or as in RFC 3339; one without a zone is UTC. Raises BacktestError."""
    try:
        return seconds(text)
    except ValueError as error:
        raise BacktestError(str(error)) from None
