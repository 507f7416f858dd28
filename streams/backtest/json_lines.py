"""Telemetry in a file of native messages, one a line, perhaps packed by gzip: what a topic held, as a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from domain.errors import DecodeError
from domain.telemetry import Sample
from streams.backtest.csv_file import UNREADABLE, open_text
from streams.backtest.source import BacktestError, Complain, Line
from streams.codecs.base import Decoded, Limits
from streams.codecs.native import NativeTelemetry

NO_ARRIVAL: Final = 0.0  # a line has none: any time since 1970 is accepted, short of milliseconds taken for seconds
LIMITS: Final = Limits(future_s=1e12)


class JsonLinesFile:
    """Messages as ``docs/formats.md`` describes them; the time must be in them."""

    unit = "bytes"
    remarks: Sequence[str] = ()

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
        """Yield every sample; a message that is refused is one bad line."""
        codec = NativeTelemetry(LIMITS)
        try:
            with self._path.open("rb") as raw, open_text(raw) as text:
                self._raw = raw
                for number, line in enumerate(text, 1):
                    if not line.strip():
                        continue
                    place = f"{self._path}:{number}"
                    try:
                        decoded = codec.decode(line.encode(errors="replace"), NO_ARRIVAL)
                    except DecodeError as error:
                        complain(f"{place}: {error.detail}")
                        yield "", "", "", None
                    else:
                        yield from usable(decoded, place, complain)
        except UNREADABLE as error:
            raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None


def usable(decoded: Decoded, place: str, complain: Complain) -> Iterator[Line]:
    """Yield the samples of a message, and a bad line for each that was refused."""
    for sample in decoded.samples:
        yield named(sample)
    for refused in decoded.rejected:
        complain(f"{place}: {refused.path}: {refused.detail}")
        yield "", "", "", None


def named(sample: Sample) -> Line:
    """Return the line of a sample: full precision of its time, labels in the name of its metric."""
    service = sample.key.service
    return repr(sample.observed_at), service, str(sample.key)[len(service) + 1 :], sample
