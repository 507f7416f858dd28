"""What fusion remembers: findings, forecasts, and the open anomaly as it was last told."""

from dataclasses import dataclass

from domain.anomaly import AnomalyKind, Evidence, Forecast
from domain.identity import AnomalyId, SeriesKey

WINDOW = 3  # samples that a finding remembers


@dataclass(slots=True)
class Finding:
    """What one detector says of one series, and for how many calm samples it has not been confirmed."""

    kind: AnomalyKind
    evidence: Evidence
    nines: float
    peak: float
    calm: int = 0
    recent: tuple[float, ...] = ()  # nines of the last samples of the series, 0 for a calm one

    def confirm(self, evidence: Evidence, nines: float) -> None:
        """Take in one more finding."""
        self.evidence, self.nines, self.calm = evidence, nines, 0
        self.peak = max(self.peak, nines)
        self.recent = (*self.recent[1 - WINDOW :], nines)

    def weaken(self) -> None:
        """Take in a calm sample."""
        self.calm += 1
        self.recent = (*self.recent[1 - WINDOW :], 0.0)

    def persistent(self, times: int) -> float:
        """Return the nines that so many of the last samples reach."""
        return sorted(self.recent, reverse=True)[times - 1] if len(self.recent) >= times else 0.0


@dataclass(slots=True)
class Foreseen:
    """A forecast, and for how many samples it has not been repeated."""

    forecast: Forecast
    lapsed: int = 0


@dataclass(slots=True)
class Open:
    """The open anomaly as it was last told."""

    id: AnomalyId
    opened_at: float
    kind: AnomalyKind
    leader: SeriesKey | None
    nines: float
    forecast: Forecast | None
    evidence: tuple[Evidence, ...]
    told_at: float
    confidence: float = 0.0  # that was told last
