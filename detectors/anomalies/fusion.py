"""From the findings of a service to at most one open anomaly: what opens it, what is worth an update, what ends it.

Calm beats loud: one series must be very unusual to open alone, and the more series a service has the more unusual
(each is another chance to be wrong); several series that are unusual together open earlier.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from detectors.anomalies.findings import RANK, WINDOW, Finding, Findings, Forecasts, Foreseen
from detectors.anomalies.opened import Open, foreseen
from detectors.anomalies.outlook import Outlook
from detectors.calibration import nines_of, score_of
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast
from domain.durations import parse_duration
from domain.errors import StateError
from domain.identity import AnomalyId, SeriesKey, ServiceId, derive
from domain.state import Plain

LIKELIER = 0.2  # confidence that what was learnt must add to be news
LONGEST_REST_S = 43_200.0  # after an opening: however rare the samples, half a day later is another day
STANDS = 0.75  # of the confidence that opens an anomaly: a forecast that is less sure is not told and holds none open
TOLD = 8  # pieces of evidence in one anomaly
Duration = Annotated[float, BeforeValidator(parse_duration)]


class FusionParams(BaseModel):
    """When findings become an anomaly, and when it ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alone: float = Field(1.63, gt=0, description="Rarity (nines) at which one series opens an anomaly.")
    per_series: float = Field(0.1, ge=0, description="Rarity added for each factor of ten in the number of series.")
    together: float = Field(
        1.0, gt=0, description="Rarity of the evidence of all series of a service together that opens an anomaly."
    )
    with_objectives: float = Field(
        4.0, ge=0, description="Rarity added for one series when objectives say what matters."
    )
    with_own: float = Field(
        0.14,
        ge=0,
        description="Rarity added for all series of a service together that has objectives, one of which must be on "
        "its way to its limit, too.",
    )
    without_own: float = Field(
        1.14,
        ge=0,
        description="Rarity added for all series of a service together when others have objectives and it has none.",
    )
    persist: int = Field(
        2, ge=1, le=WINDOW, description="Of the last three samples of one series among several, how many must agree."
    )
    often: Duration = Field(
        45.0,
        ge=0,
        description="Where samples come more often than this, the same holds for the only series of a service: a "
        "rarity is counted by the sample, but what an alert costs by the day.",
    )
    min_forecast: float = Field(0.6, ge=0, le=1, description="Confidence from which a forecast opens an anomaly.")
    clear: int = Field(4, ge=1, description="Calm samples in a row of a series before its finding is dropped.")
    clear_unusual: int = Field(
        2, ge=1, description="The same for what is merely unusual, so that what comes next is told anew."
    )
    refractory: int = Field(
        40, ge=0, description="Usual gaps after an opening in which only a rarer finding opens again, for one series."
    )
    refractory_many: int = Field(6, ge=0, description="The same for a service of several series.")
    escalation: float = Field(1.5, ge=1, description="How many times more nines that rarer finding must have.")
    escalation_many: float = Field(1.2, ge=1, description="The same for a service of several series.")
    lapse: int = Field(8, ge=1, description="Samples without a forecast before one that was told is withdrawn.")
    pause: int = Field(5, ge=0, description="Least number of usual gaps between two updates that are not a breach.")
    moved: float = Field(
        0.25, gt=0, description="Share of the remaining time by which a forecast moves to be told again."
    )


@dataclass(slots=True)
class _Saved:
    """The form of a snapshot."""

    findings: list[tuple[SeriesKey, str, Finding]]
    forecasts: list[tuple[SeriesKey, float, Foreseen]]
    open: Open | None
    last_opened_at: float | None
    last_nines: float
    series: int
    gap_s: float
    near_at: float | None
    coming_at: float | None
    outlook: Outlook | None


_SAVED = TypeAdapter(_Saved)


@dataclass(slots=True)
class Fusion:
    """All findings of one service."""

    service: ServiceId
    params: FusionParams
    findings: Findings = field(init=False)
    forecasts: Forecasts = field(init=False)
    open: Open | None = None
    last_opened_at: float = -math.inf
    last_nines: float = 0.0
    series: int = 0
    gap_s: float = 0.0
    slowest: SeriesKey | None = None  # whose usual gap that is, while there is something to settle
    has_objectives: bool = False
    has_own: bool = False
    near_at: float = -math.inf  # when a series with an objective last had a part of the way to its limit behind it,
    coming_at: float = -math.inf  # and when by more than one odd sample: when it was on its way
    outlook: Outlook | None = None  # what was learnt from earlier incidents says of now

    def __post_init__(self) -> None:
        """Begin without findings."""
        self.findings = Findings(self.params.persist)
        self.forecasts = Forecasts(self.params.min_forecast)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to settle."""
        return self.open is None and not self.findings.known and not self.forecasts.known

    def rested(self, at: float) -> bool:
        """Whether a fusion that has never found anything would do the same from now on."""
        past = at - self.last_opened_at >= LONGEST_REST_S
        return past and self.idle and self.outlook is None and not self.has_own

    def found(self, kind: AnomalyKind, evidence: Evidence) -> None:
        """Take in a finding, or its confirmation."""
        self.findings.take(kind, evidence, nines_of(evidence.score))

    def explained(self, kind: AnomalyKind, evidence: Evidence, explains: Collection[SeriesKey]) -> None:
        """Take in a finding instead of all others of these series; an open anomaly that one of them leads is this."""
        self.forget(explains)
        self.found(kind, evidence)
        if self.open is not None and self.open.leader in explains:
            self.open.kind, self.open.forecast = AnomalyKind.LEVEL, None  # so that any other name is news

    def calm(self, key: SeriesKey, detector: str) -> None:
        """Count a calm sample against a finding."""
        known = self.findings.weaken((key, detector))
        if known is not None:
            unusual = known.kind is AnomalyKind.LEVEL
            if known.calm >= (self.params.clear_unusual if unusual else self.params.clear):
                self.findings.drop((key, detector))

    def over(self, key: SeriesKey, detector: str) -> None:
        """Drop a finding that has ended by its nature."""
        self.findings.drop((key, detector))

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Drop everything about series that are gone."""
        self.findings.forget(keys)
        self.forecasts.forget(keys)

    def forecast(self, key: SeriesKey, limit: float, forecast: Forecast | None) -> None:
        """Take in a forecast, or that there is none now; one that is far from opening anything is none."""
        if forecast is not None and forecast.confidence >= STANDS * self.params.min_forecast:
            self.forecasts.take((key, limit), forecast)
        else:
            self.forecasts.lapse((key, limit), self.params.lapse)

    def approach(self, at: float, *, coming: bool) -> None:
        """Note that a series has a part of the way to its limit behind it; ``coming``: by more than one odd sample."""
        self.near_at = at
        if coming:
            self.coming_at = at

    def settle(self, at: float, *, quiet: bool = False) -> list[Anomaly]:
        """Say what has changed by event time ``at``. ``quiet``: nothing may open (maintenance)."""
        self.findings.changed.clear()
        self.forecasts.changed.clear()
        best = self.forecasts.best(None if self.open is None else self.open.forecast, at)
        nines = self.findings.peak
        if self.open is not None:
            return self._continue(at, best, nines)
        if quiet or not self._opens(at, best, nines):
            return []
        ranked = self.findings.first(TOLD)
        kind = self._kind(ranked, best)
        leader = ranked[0].evidence.key if ranked else best.key if best else None
        name = AnomalyId(derive("anomaly", self.service, float(at)))
        best = foreseen(at, ranked, self.forecasts, best, None)
        self.open = Open(name, at, kind, leader, nines, best, tuple(f.evidence for f in ranked), at)
        self.last_opened_at, self.last_nines = at, nines
        return [self._say(AnomalyPhase.OPENED, at, self.open)]

    def _opens(self, at: float, best: Forecast | None, nines: float) -> bool:
        params = self.params
        if AnomalyKind.BREACH in self.findings.fresh or self.forecasts.may_open(best):
            return True
        alone = self.series == 1
        rest = min(LONGEST_REST_S, self.gap_s * (params.refractory if alone else params.refractory_many))
        rarer = params.escalation if alone else params.escalation_many
        if at - self.last_opened_at < rest and nines < rarer * self.last_nines:
            return False
        return self._stands_alone(at)

    def _stands_alone(self, at: float) -> bool:
        """Whether something would open of its own accord, and is no silence that is told already."""
        told = set() if self.open is None else {AnomalyKind.SILENCE}
        if self.findings.fresh - {AnomalyKind.LEVEL} - told:
            return True
        return self._matters(at, self.coming_at, WINDOW) and self._statistics_agree()

    def _matters(self, at: float, last_at: float, samples: int) -> bool:
        """Whether what is merely unusual counts: not where all that people said matters is far from its limit."""
        return not self.has_own or at - last_at <= samples * self.gap_s

    def _statistics_agree(self) -> bool:
        """Whether what is merely unusual is unusual enough: one series for long enough, or all together."""
        params, findings = self.params, self.findings
        bar = params.with_objectives if self.has_objectives else 0.0
        alone = params.alone + params.per_series * math.log10(self.series) + bar
        if self.series == 1 and self.gap_s >= params.often:
            return any(f.kind is AnomalyKind.LEVEL and f.calm == 0 and f.nines >= alone for f in findings)
        together = self._together()
        return findings.lasting >= alone or any(f.calm == 0 and f.nines >= together for f in findings.together)

    def _together(self) -> float:
        """Return the bar for all series of a service together."""
        params = self.params
        if not self.has_objectives:
            return params.together
        return params.together + (params.with_own if self.has_own else params.without_own)

    def _kind(self, ranked: list[Finding], best: Forecast | None) -> AnomalyKind:
        kind = ranked[0].kind if ranked else AnomalyKind.FORECAST
        return AnomalyKind.FORECAST if best is not None and RANK[kind] < RANK[AnomalyKind.FORECAST] else kind

    def _continue(self, at: float, best: Forecast | None, nines: float) -> list[Anomaly]:
        told = self.open
        if told is None:
            return []
        ranked = self.findings.first(TOLD)
        if best is None and self._over(at, told, ranked):
            self.open = None
            return [self._say(AnomalyPhase.ENDED, at, told)]
        if best is None and self._makes_way(at, told, ranked[0]):
            ranked, nines = self.findings.first(TOLD), self.findings.peak
            told.kind, told.leader, told.nines = ranked[0].kind, None, 0.0  # so that what leads now is news
        joined = any(told.is_joined(at, leads) for leads in ranked[:1])
        told.evidence = tuple(f.evidence for f in ranked) or told.evidence
        kind = self._kind(ranked, best)
        worse = RANK[kind] > RANK[told.kind]
        rested = at - told.told_at >= self.params.pause * self.gap_s
        if not (worse or joined or (rested and self._is_news(at, told, ranked[:1], best, nines))):
            return []
        told.kind = kind if worse else told.kind
        told.leader = ranked[0].evidence.key if ranked else told.leader
        told.forecast = foreseen(at, ranked, self.forecasts, best, told.forecast)
        told.nines, told.told_at = max(nines, told.nines), at
        return [self._say(AnomalyPhase.UPDATED, at, told)]

    def _makes_way(self, at: float, told: Open, leads: Finding) -> bool:
        """Put a silence that was told behind what came later and would open by itself; first again once that is over.

        Some series that say nothing, for hours it may be, are no reason to be deaf to all others.
        """
        if leads.kind is not AnomalyKind.SILENCE:
            return False
        news, rested = self.findings.beside(AnomalyKind.SILENCE), at - told.told_at >= self.params.pause * self.gap_s
        later = news is not None and news.evidence.since > told.opened_at and rested
        if not (leads.behind or (later and self._stands_alone(at))):
            return False
        self.findings.make_way(AnomalyKind.SILENCE, behind=not leads.behind)
        return True

    def _over(self, at: float, told: Open, ranked: list[Finding]) -> bool:
        """Whether no finding keeps it open: a return to normal is unusual, too, but no part of what was told."""
        if told.kind is AnomalyKind.LEVEL or self._matters(at, self.near_at, self.params.lapse):
            return not ranked
        return all(f.kind is AnomalyKind.LEVEL for f in ranked)  # it ranks last

    def _is_news(self, at: float, told: Open, leads: list[Finding], best: Forecast | None, nines: float) -> bool:
        """Whether what leads, what is foreseen, or what was learnt is news."""
        if any(told.is_led_by_another(each, nines) for each in leads) or self._likelier(told):
            return True
        moved = told.is_moved(at, best, self.gap_s, self.params.moved)
        return moved or told.is_preceded(best, self.forecasts.beside(best))

    def _likelier(self, told: Open) -> bool:
        """Whether what was learnt makes an incident much more likely than was said."""
        learnt = self.outlook is not None and self.outlook.evidence is not None
        return learnt and self._confidence(told) >= told.confidence + LIKELIER

    def _confidence(self, told: Open) -> float:
        if told.kind is AnomalyKind.BREACH:
            return 0.95
        if told.forecast is not None:  # it is told with its own, and what it says is what matters
            return told.forecast.confidence
        confidence = 1 - 1 / (1 + told.nines / 3)
        if self.outlook is not None:
            confidence = self.outlook.weigh(confidence)
        return min(0.99, confidence)

    def _say(self, phase: AnomalyPhase, at: float, told: Open) -> Anomaly:
        told.confidence = self._confidence(told)
        evidence = told.evidence if self.outlook is None else (*told.evidence, *self.outlook.beside)
        further = self.forecasts.beside(told.forecast)
        told.tell(at, further)
        return Anomaly(
            told.id, self.service, phase, told.kind, told.opened_at, at, score_of(told.nines), told.confidence,
            evidence, told.forecast, further=further,
        )  # fmt: skip

    def snapshot(self) -> Plain:
        """Return everything but the parameters as plain data."""
        findings = [(key, name, finding) for (key, name), finding in self.findings.items()]
        forecasts = [(key, limit, forecast) for (key, limit), forecast in self.forecasts.items()]
        last = None if math.isinf(self.last_opened_at) else self.last_opened_at
        near, coming = (None if math.isinf(last) else last for last in (self.near_at, self.coming_at))
        told = (self.open, last, self.last_nines)
        saved = _Saved(findings, forecasts, *told, self.series, self.gap_s, near, coming, self.outlook)
        return _SAVED.dump_python(saved)  # type: ignore[no-any-return] # pydantic types the dump of anything as Any

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        try:
            saved = _SAVED.validate_python(state)
        except ValidationError as error:
            raise StateError(f"the saved findings of a service are damaged: {error.error_count()} errors") from None
        self.findings = Findings(self.params.persist, (((key, name), each) for key, name, each in saved.findings))
        goals = (((key, limit), each) for key, limit, each in saved.forecasts)
        self.forecasts = Forecasts(self.params.min_forecast, goals)
        self.open, self.last_nines = saved.open, saved.last_nines
        self.last_opened_at = -math.inf if saved.last_opened_at is None else saved.last_opened_at
        self.series, self.gap_s, self.outlook = saved.series, saved.gap_s, saved.outlook
        self.near_at = -math.inf if saved.near_at is None else saved.near_at
        self.coming_at = -math.inf if saved.coming_at is None else saved.coming_at
