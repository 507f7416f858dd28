"""All that is known of one service of a partition: what looks at more than one of its series, and its findings."""

from detectors.agreement import Agreement
from detectors.bank import Series
from detectors.cadence import read
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
from domain.feedback import Feedback
from domain.identity import ServiceId
from domain.state import Plain
from domain.telemetry import EventKind, IncidentEvent


class ServiceState:
    """What is known of one service: its series, its silences, its findings, and when it must not learn."""

    __slots__ = ("_params", "agreement", "frozen", "fusion", "integrity", "precursor", "quiet", "series", "silence")

    def __init__(self, name: ServiceId, params: DetectionParams) -> None:
        self._params = params
        self.series: list[Series] = []
        self.agreement = Agreement(params.agreement)
        self.silence = Silence(params.silence, self.series)
        self.integrity = Integrity()
        without = frozenset(params.without)
        self.fusion = Selected(name, params.fusion, without=without) if without else Fusion(name, params.fusion)
        self.precursor: Precursor | None = None  # made when there is something to learn
        self.frozen: Spans | None = None  # during which nothing is learnt
        self.quiet: Spans | None = None  # during which nothing new opens

    def add(self, series: Series) -> None:
        """Take in a new series."""
        self.series.append(series)
        series.place = self.agreement.add(series.key)
        self.fusion.series = len(self.series)

    def settle(self, at: float) -> list[Anomaly]:
        """Return what has changed by event time ``at``."""
        fusion = self.fusion
        if fusion.idle:
            return []
        fusion.gap_s = max([read(series.record)[1] for series in self.series])  # this is for every sample
        precursor = self._learning()
        precursor.consider(at, fusion, frozen=self.frozen is not None and self.frozen.cover(at))
        quiet = self.quiet is not None and self.quiet.cover(at)
        said = [traced(anomaly, self.series) for anomaly in fusion.settle(at, quiet=quiet)]
        precursor.opened(said)
        return said

    def _learning(self) -> Precursor:
        if self.precursor is None:
            self.precursor = Precursor(self._params.precursor)
        return self.precursor

    def declare(self, event: IncidentEvent) -> None:
        """Take in an incident or a maintenance: not to learn meanwhile, and what came before it."""
        self.frozen = self.frozen or Spans()
        self.frozen.declare(event, self._params.freeze_timeout)
        if event.kind is EventKind.MAINTENANCE:
            self.quiet = self.quiet or Spans()
            self.quiet.declare(event, self._params.freeze_timeout)
        else:
            self._learning().declared(event)

    def judged(self, answer: Feedback) -> None:
        """Learn from what a person says of an alert that the service caused."""
        if self.precursor is not None:
            self.precursor.judged(answer)

    def state(self, series: Series, now: float) -> SeriesState:
        """Return what one of its series is good for."""
        if series.cadence.stale(now, self._params.silence):
            return SeriesState.STALE
        if not series.warm:
            return SeriesState.WARMING
        frozen = self.frozen is not None and self.frozen.cover(now)
        return SeriesState.FROZEN if frozen else SeriesState.LIVE

    def snapshot(self) -> Plain:
        """Return the state but for the series, which the bank keeps."""
        declared = [None if spans is None else spans.snapshot() for spans in (self.frozen, self.quiet)]
        parts = [part.snapshot() for part in (self.silence, self.integrity, self.fusion, self.agreement)]
        return [declared, *parts, None if self.precursor is None else self.precursor.snapshot()]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [[frozen, quiet], silence, integrity, fusion, agreement, precursor]:
                self.frozen, self.quiet = _spans(frozen), _spans(quiet)
                self.silence.restore(silence)
                self.integrity.restore(integrity)
                self.fusion.restore(fusion)
                self.agreement.restore(agreement)
                if precursor is not None:
                    self._learning().restore(precursor)
            case _:
                raise StateError("a saved service is damaged")


def _spans(state: Plain) -> Spans | None:
    if state is None:
        return None
    spans = Spans()
    spans.restore(state)
    return spans
