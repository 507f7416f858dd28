"""All that is known of one service of a partition: what looks at more than one of its series, and its findings."""

from detectors.agreement import Agreement
from detectors.bank import Series
from detectors.declared import Spans
from detectors.fusion import Fusion
from detectors.integrity import Integrity
from detectors.params import DetectionParams
from detectors.precursor import Precursor
from detectors.selected import Selected
from detectors.silence import Silence
from detectors.trace import traced
from domain.anomaly import Anomaly, SeriesState
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.state import Plain


class ServiceState:
    """What is known of one service: its series, its silences, its findings, and when it must not learn."""

    __slots__ = ("agreement", "frozen", "fusion", "integrity", "places", "precursor", "quiet", "series", "silence")

    def __init__(self, name: ServiceId, params: DetectionParams) -> None:
        self.series: list[Series] = []
        self.places: dict[SeriesKey, int] = {}  # in the agreement
        self.agreement = Agreement(params.agreement)
        self.silence = Silence()
        self.integrity = Integrity()
        without = frozenset(params.without)
        self.fusion = Selected(name, params.fusion, without=without) if without else Fusion(name, params.fusion)
        self.precursor = Precursor(params.precursor)
        self.frozen = Spans()  # during which nothing is learnt
        self.quiet = Spans()  # during which nothing new opens

    def add(self, series: Series) -> None:
        """Take in a new series."""
        self.series.append(series)
        self.places[series.key] = self.agreement.add(series.key)
        self.silence.add(series.key, series.cadence)
        self.fusion.series = len(self.series)

    def settle(self, at: float) -> list[Anomaly]:
        """Return what has changed by event time ``at``."""
        fusion = self.fusion
        if fusion.idle:
            return []
        fusion.gap_s = max(series.cadence.usual_s for series in self.series)
        self.precursor.consider(at, fusion, frozen=self.frozen.cover(at))
        said = [traced(anomaly, self.series) for anomaly in fusion.settle(at, quiet=self.quiet.cover(at))]
        self.precursor.opened(said)
        return said

    def state(self, series: Series, now: float) -> SeriesState:
        """Return what one of its series is good for."""
        if series.cadence.stale(now):
            return SeriesState.STALE
        if not series.warm:
            return SeriesState.WARMING
        return SeriesState.FROZEN if self.frozen.cover(now) else SeriesState.LIVE

    def snapshot(self) -> Plain:
        """Return the state but for the series, which the bank keeps."""
        declared = [self.frozen.snapshot(), self.quiet.snapshot()]
        parts = (self.silence, self.integrity, self.fusion, self.agreement, self.precursor)
        return [declared, *(part.snapshot() for part in parts)]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [[frozen, quiet], silence, integrity, fusion, agreement, precursor]:
                self.frozen.restore(frozen)
                self.quiet.restore(quiet)
                self.silence.restore(silence)
                self.integrity.restore(integrity)
                self.fusion.restore(fusion)
                self.agreement.restore(agreement)
                self.precursor.restore(precursor)
            case _:
                raise StateError("a saved service is damaged")
