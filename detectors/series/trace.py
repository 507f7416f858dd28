"""The latest samples of a series, kept small for the picture that goes with an anomaly. Nothing is judged by them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from struct import Struct
from typing import Protocol

from detectors.arrival.cadence import LAST_AT, Numbers, read
from detectors.arrival.cadence import SAMPLES as SAMPLES_SEEN
from detectors.values.objective import NAME as BREACH
from domain.anomaly import Anomaly, Trace
from domain.identity import SeriesKey

SAMPLES = 24  # of each series; one that has an objective keeps 60 for its forecasts anyway
DIGITS = 6  # significant, of a value in a picture
MILLISECONDS = 3  # decimal places, of a time
_SAMPLE = Struct("<fe")  # the value, and the time since the sample before it
_BYTES = _SAMPLE.size
_UNIT_S = 16.0  # of that time: half a float then reaches from a microsecond to twelve days
_LONGEST = 65504.0
_LARGEST = 3.4028234663852886e38
FRESH = _SAMPLE.pack(0.0, math.nan) * SAMPLES  # the end of a record
_START = -len(FRESH)
_put = _SAMPLE.pack_into


def note(record: bytearray, before: Numbers, at: float, value: float) -> None:
    """Take a sample into a record whose cadence was so before it: values to seven digits, gaps in time to three.

    NaN stands for a sample that has no value. Every sample of the cadence must be noted: its place follows from that.
    """
    place = _START + _BYTES * (before[SAMPLES_SEEN] % SAMPLES)
    gap = (at - before[LAST_AT]) / _UNIT_S
    try:
        _put(record, place, value, gap)
    except OverflowError:
        _put(record, place, max(-_LARGEST, min(_LARGEST, value)), min(_LONGEST, gap))


def latest(record: bytearray) -> Sequence[tuple[float, float]]:
    """Return time and value of the latest samples in a record, the oldest first."""
    numbers = read(record)
    at, oldest = numbers[LAST_AT], _BYTES * (numbers[SAMPLES_SEEN] % SAMPLES)
    ring, points = record[_START:], []
    samples: list[tuple[float, float]] = list(_SAMPLE.iter_unpack(ring[oldest:] + ring[:oldest]))
    for value, gap in reversed(samples):
        if math.isnan(gap):
            break
        if not math.isnan(value):
            points.append((at, value))
        at -= gap * _UNIT_S
    return points[::-1]


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
