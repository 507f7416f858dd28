"""A detector with the record of a single series."""

from detectors.base import Detector, restored, saved
from detectors.values.level import LevelDetector, LevelParams
from domain.anomaly import Verdict
from domain.identity import SeriesKey
from domain.state import Plain

KEY = SeriesKey.of("payments-api", "latency_ms")


class Alone:
    """One series of one detector."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.record = bytearray(detector.fresh)

    def observe(self, at: float, value: float, *, learn: bool = True) -> Verdict:
        return self._detector.observe(self.record, KEY, at, value, learn=learn)

    def snapshot(self) -> Plain:
        return saved(self.record)

    def restore(self, state: Plain) -> None:
        self.record[:] = restored(state, len(self._detector.fresh))


def a_level() -> Alone:
    """The level of a series, by default parameters."""
    return Alone(LevelDetector(LevelParams()))
