"""What detection says: verdicts on samples, anomalies of services, forecasts of breaches."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.identity import AnomalyId, SeriesKey, ServiceId


class SeriesState(StrEnum):
    """What a series is good for right now."""

    WARMING = "warming"  # too little history to judge
    LIVE = "live"
    FROZEN = "frozen"  # judged but not learnt from, during an incident
    STALE = "stale"  # no samples for much longer than usual


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person needs to believe one finding: what was expected, what came, since when, and who says so."""

    detector: str
    key: SeriesKey
    at: float
    actual: float | None  # None: nothing arrived
    expected: float
    low: float  # the expected range
    high: float
    score: float  # calibrated, 0 to 1: the same number means the same rarity on every series
    since: float  # first time of this run of findings
    detail: str = ""  # one sentence for a person


@dataclass(frozen=True, slots=True)
class Warming:
    """Too little history to judge; ``progress`` runs from 0 to 1."""

    progress: float


@dataclass(frozen=True, slots=True)
class Normal:
    """Judged and not anomalous."""

    score: float


@dataclass(frozen=True, slots=True)
class Anomalous:
    """Judged anomalous, with the evidence."""

    score: float
    evidence: Evidence
    strength: float | None = None  # nines beyond the bar, by which to rank what is told; None: the score says it


Verdict: TypeAlias = Warming | Normal | Anomalous


@dataclass(frozen=True, slots=True)
class Forecast:
    """When an objective of a service will be breached: a time with an interval and a confidence."""

    key: SeriesKey
    limit: float
    above: bool  # True: the breach is a value above the limit
    issued_at: float
    breach_at: float
    earliest_at: float
    latest_at: float
    confidence: float  # 0 to 1: share of such forecasts that come true


@dataclass(frozen=True, slots=True)
class Trace:
    """The latest samples of the series that leads an anomaly, oldest first, for a picture."""

    key: SeriesKey
    times: tuple[float, ...]
    values: tuple[float, ...]


class AnomalyKind(StrEnum):
    """What sort of finding leads an anomaly."""

    LEVEL = "level"
    SILENCE = "silence"
    STUCK = "stuck"
    FORECAST = "forecast"
    BREACH = "breach"  # an objective is breached already
    SCHEMA = "schema"  # samples or series are not what they were: repeated, late, renamed
    UNIT = "unit"  # a series seems to be counted in another unit


class AnomalyPhase(StrEnum):
    """Where in its life an anomaly is."""

    OPENED = "opened"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One or more anomalous verdicts of a service, fused. Sent when it opens, when it changes, and when it ends.

    ``id`` is derived from service and ``opened_at`` and stays the same over the phases; ``evidence`` is ordered, the
    strongest first; ``confidence`` is the belief that this is real and matters, 0 to 1: the forecast's where one leads.
    """

    id: AnomalyId
    service: ServiceId
    phase: AnomalyPhase
    kind: AnomalyKind
    opened_at: float
    at: float
    score: float
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    forecast: Forecast | None = None
    trace: Trace | None = None
    partition: int = 0  # of the telemetry, in whose event time it was found
    further: tuple[Forecast, ...] = ()  # what else is foreseen of the service and may be told, the soonest first

    @property
    def forecasts(self) -> tuple[Forecast, ...]:
        """All that is foreseen: the forecast that leads, then the others."""
        return self.further if self.forecast is None else (self.forecast, *self.further)


@dataclass(frozen=True, slots=True)
class Watermark:
    """Event time has come this far in one telemetry partition."""

    partition: int
    at: float
