"""The open anomaly of a service as it was last told, and what would be news to whoever has read of it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.anomalies.findings import Finding, Forecasts, Goal
from detectors.values.objective import NAME as OBJECTIVE
from domain.anomaly import AnomalyKind, Evidence, Forecast
from domain.identity import AnomalyId, SeriesKey

RARER = 1.2  # times as many nines make a new leading series news
ANEW_S = 43_200.0  # after which it is news that a series has passed its limit again: half a day later is another day


@dataclass(slots=True)
class Open:
    """The open anomaly as it was last told; its evidence is what is found now."""

    id: AnomalyId
    opened_at: float
    kind: AnomalyKind
    leader: SeriesKey | None
    nines: float
    forecast: Forecast | None
    evidence: tuple[Evidence, ...]
    told_at: float
    confidence: float = 0.0  # that was told last
    beside: tuple[Goal, ...] = ()  # whose limits were told of beside the leading forecast
    passed: tuple[tuple[SeriesKey, float], ...] = ()  # which were told to be beyond their limits, and when last

    @property
    def beyond(self) -> list[SeriesKey]:
        """The series that are found to be beyond their limits now."""
        return [each.key for each in self.evidence if each.detector == OBJECTIVE]

    def is_joined(self, at: float, leads: Finding) -> bool:
        """Whether the series that leads has passed its limit by this sample, whatever others have passed before.

        One that was told of lately comes and goes.
        """
        if leads.kind is not AnomalyKind.BREACH or leads.evidence.key in self.beyond:
            return False
        return at - dict(self.passed).get(leads.evidence.key, -math.inf) >= ANEW_S

    def is_led_by_another(self, leads: Finding, nines: float) -> bool:
        """Whether another series leads now: one that is rarer, or one beyond its limit once the one told is back.

        One that is within its limit again by this sample is no news: what is told must be true.
        """
        if leads.evidence.key == self.leader:
            return False
        if leads.kind is AnomalyKind.BREACH:
            return leads.calm == 0 and self.leader not in self.beyond
        return nines > RARER * self.nines

    def tell(self, at: float, further: Iterable[Forecast]) -> None:
        """Note of what is told now, beside what leads."""
        self.beside = tuple(dict.fromkeys((*self.beside, *((each.key, each.limit) for each in further))))
        self.passed = tuple((dict(self.passed) | dict.fromkeys(self.beyond, at)).items())

    def is_moved(self, at: float, best: Forecast | None, least_s: float, share: float) -> bool:
        """Whether the time of the breach is news: not once it is breached, and not within the forecast's own doubt.

        ``share``: of the time that was left, which is the least to be told, as is ``least_s``.
        """
        if best is None or self.kind is AnomalyKind.BREACH:
            return False
        if self.forecast is None:
            return True
        shift = abs(best.breach_at - self.forecast.breach_at)
        doubt = 0.5 * (best.latest_at - best.earliest_at)
        return shift > max(least_s, doubt, share * (self.forecast.breach_at - at))

    def is_preceded(self, best: Forecast | None, beside: Iterable[Forecast]) -> bool:
        """Whether another limit may be passed before that of the leading forecast, and nobody was told of it."""
        if best is None or self.kind is AnomalyKind.BREACH:
            return False
        before = (each for each in beside if each.breach_at < best.breach_at)
        return any((each.key, each.limit) not in self.beside for each in before)


def foreseen(
    at: float, ranked: Sequence[Finding], forecasts: Forecasts, best: Forecast | None, told: Forecast | None
) -> Forecast | None:
    """Return the forecast to tell: of a limit that is passed its own, or what is still to come of another.

    ``told`` before, it stands once nothing is foreseen: it says what was expected of the series that leads.
    """
    if not ranked or ranked[0].kind is not AnomalyKind.BREACH:
        return best or told
    leads = ranked[0].evidence
    own = forecasts.known.get((leads.key, leads.expected))
    if own is not None:
        return own.forecast
    if told is not None and told.key == leads.key:
        return told
    passed = {finding.evidence.key for finding in ranked if finding.kind is AnomalyKind.BREACH}
    return best if best is not None and best.breach_at > at and best.key not in passed else None
