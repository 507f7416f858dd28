"""The latest samples of a series, kept small for the picture that goes with an anomaly. Nothing is judged by them."""

import math
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from struct import Struct
from typing import Protocol

from detectors.objective import NAME as BREACH
from domain.anomaly import Anomaly, Trace
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

SAMPLES = 24  # of each series, 257 bytes in all; one that has an objective keeps 60 for its forecasts anyway
DIGITS = 6  # significant, of a value in a picture
MILLISECONDS = 3  # decimal places, of a time
_SAMPLE = Struct("<fe")  # the value, and the time since the sample before it
_UNIT_S = 16.0  # of that time: half a float then reaches from a microsecond to twelve days
_LONGEST = 65504.0
_LARGEST = 3.4028234663852886e38
_END = SAMPLES * _SAMPLE.size
_EMPTY = _SAMPLE.pack(0.0, math.nan) * SAMPLES
_pack = _SAMPLE.pack_into


class Recent:
    """The last samples of one series: values to seven digits, gaps in time to three."""

    __slots__ = ("_at", "_place", "_ring")

    def __init__(self) -> None:
        self._ring = bytearray(_EMPTY)
        self._place = 0  # of the next sample
        self._at = 0.0  # of the newest sample

    def note(self, at: float, value: float) -> None:
        """Take in a sample; times only grow."""
        ring, place = self._ring, self._place
        try:
            _pack(ring, place, value, (at - self._at) / _UNIT_S)
        except OverflowError:
            value = max(-_LARGEST, min(_LARGEST, value))
            _pack(ring, place, value, min(_LONGEST, (at - self._at) / _UNIT_S))
        self._at = at
        place += _SAMPLE.size
        self._place = place if place < _END else 0

    def __iter__(self) -> Iterator[tuple[float, float]]:
        """Yield time and value of each sample, the oldest first."""
        oldest = self._place
        samples: list[tuple[float, float]] = list(_SAMPLE.iter_unpack(self._ring[oldest:] + self._ring[:oldest]))
        at, points = self._at, []
        for value, gap in reversed(samples):
            if math.isnan(gap):
                break
            points.append((at, value))
            at -= gap * _UNIT_S
        return reversed(points)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data; the samples as base64."""
        return [self._at, self._place, b64encode(self._ring).decode()]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [float() | int() as at, int() as place, str() as packed] if 0 <= place < _END:
                self._at, self._place = float(at), place
            case _:
                raise StateError("the saved latest samples of a series are damaged")
        try:
            self._ring = bytearray(b64decode(packed, validate=True))
        except ValueError:
            raise StateError("the saved latest samples of a series are damaged") from None
        if len(self._ring) != _END or place % _SAMPLE.size:
            raise StateError("the saved latest samples of a series have another size")


class Traceable(Protocol):
    """A series, as far as a picture needs it."""

    @property
    def key(self) -> SeriesKey:
        """Return whose samples these are."""

    @property
    def points(self) -> Iterable[tuple[float, float]]:
        """Return time and value of the latest samples, the oldest first."""


def traced(anomaly: Anomaly, known: Iterable[Traceable]) -> Anomaly:
    """Return the anomaly with the latest samples of the series that leads it; at its end they show how it went.

    What is forecast or breached leads, else the strongest evidence.
    """
    leads = anomaly.forecast.key if anomaly.forecast is not None else None
    if anomaly.evidence and (leads is None or anomaly.evidence[0].detector == BREACH):
        leads = anomaly.evidence[0].key
    series = next((series for series in known if series.key == leads), None)
    return anomaly if series is None else replace(anomaly, trace=trace_of(series.key, series.points))


def trace_of(key: SeriesKey, points: Iterable[tuple[float, float]]) -> Trace | None:
    """Return the samples as exactly as a picture needs them; None when there are none."""
    rounded = [(round(at, MILLISECONDS), float(f"{value:.{DIGITS}g}")) for at, value in points]
    return Trace(key, tuple(at for at, _ in rounded), tuple(value for _, value in rounded)) if rounded else None
