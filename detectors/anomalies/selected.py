"""The findings of a service when some detectors are left out: what those find does not count."""

from dataclasses import dataclass

from detectors.anomalies.findings import Forecasts
from detectors.anomalies.fusion import Fusion
from domain.anomaly import AnomalyKind, Evidence, Forecast
from domain.identity import SeriesKey
from domain.state import Plain

FORECAST = "forecast"


@dataclass(slots=True)
class Selected(Fusion):
    """Fusion that never hears of some detectors."""

    without: frozenset[str] = frozenset()

    def found(self, kind: AnomalyKind, evidence: Evidence) -> None:
        """Take in a finding of a detector that counts."""
        if evidence.detector not in self.without:
            Fusion.found(self, kind, evidence)

    def forecast(self, key: SeriesKey, limit: float, forecast: Forecast | None) -> None:
        """Take in a forecast, if forecasts count."""
        Fusion.forecast(self, key, limit, None if FORECAST in self.without else forecast)

    def restore(self, state: Plain) -> None:
        """Take over a snapshot, but for what was found by detectors that count no more: nobody would ever end it."""
        Fusion.restore(self, state)
        for mark in [mark for mark, _ in self.findings.items() if mark[1] in self.without]:
            self.findings.drop(mark)
        if FORECAST in self.without:
            self.forecasts = Forecasts(self.params.min_forecast)
