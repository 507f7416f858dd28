"""What a detector is: rules that all series share, and a small record of bytes for each of them."""

from base64 import b64decode, b64encode
from sys import byteorder
from typing import Protocol

from domain.anomaly import Verdict
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain


class Detector(Protocol):
    """Judges series, sample by sample: scores first, then learns. One object serves all series and keeps nothing.

    What it knows of a series is a part of the series' record: as many bytes as ``fresh``, which is how they begin, from
    a place that the detector is made for. Read and written whole, a record takes no more time than objects would, and
    a third of their memory.

    Laws, kept by ``tests/laws/test_detectors.py`` for every entry of the registry: a constant series is never
    anomalous; Warming for exactly the stated warm-up, never a zero in disguise; zero is a value like any other; a
    snapshot continues bit for bit; series are independent; values that are not learnt from leave no trace. Non-finite,
    late and repeated values never come this far (``features``).
    """

    fresh: bytes

    def observe(self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool) -> Verdict:
        """Judge a finite value at event time ``at`` (epoch seconds, later than before), then learn it if asked to."""


def saved(record: bytes | bytearray) -> Plain:
    """Return a part of a record as plain data, with the byte order of the machine, which is that of its numbers."""
    return [byteorder, b64encode(record).decode()]


def restored(state: Plain, size: int) -> bytes:
    """Return the part of a record that was saved; raises StateError when it does not fit."""
    match state:
        case [str() as order, str() as text] if order == byteorder:
            pass
        case _:
            raise StateError("the saved record of a series is damaged, or of a machine with another byte order")
    try:
        record = b64decode(text, validate=True)
    except ValueError:
        raise StateError("the saved record of a series is damaged") from None
    if len(record) != size:
        raise StateError(f"the saved record of a series has {len(record)} bytes, not {size}")
    return record
