"""Facts with something to draw."""

import math
from collections.abc import Sequence
from dataclasses import replace

from domain.alert import Severity
from domain.anomaly import Evidence, Forecast, Trace
from domain.identity import SeriesKey
from domain.notice import SquadFacts
from tests.support.notices import LEDGER, SQUAD_FACTS, T0, evidence, forecast

Points = Sequence[tuple[float, float]]


def wave(samples: int = 24, step_s: float = 15.0) -> list[tuple[float, float]]:
    """A series around 30, the last sample at T0."""
    return [(T0 - (samples - 1 - n) * step_s, 30.0 + 6 * math.sin(n)) for n in range(samples)]


def rising(samples: int = 60) -> list[tuple[float, float]]:
    """A series that leaves its usual range for a limit of 100."""
    return [(at, value + max(0, n - samples // 2) * 1.4) for n, (at, value) in enumerate(wave(samples))]


def drawn(
    points: Points,
    *found: Evidence,
    metric: str = "db_connections",
    foreseen: Forecast | None = None,
    severity: Severity = Severity.WARNING,
    **attributes: str,
) -> SquadFacts:
    """The facts of an episode that these samples lead."""
    key = SeriesKey.of(LEDGER, metric, attributes)
    trace = Trace(key, tuple(at for at, _ in points), tuple(value for _, value in points))
    return replace(SQUAD_FACTS, severity=severity, evidence=found, forecast=foreseen, opened_at=T0 - 60, trace=trace)


FORECAST_FACTS = drawn(rising(), evidence(), foreseen=forecast())
