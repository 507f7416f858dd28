"""Which patterns of findings came before incidents: learnt per service from what people declared.

While a service has findings, its pattern is taken a few times in each horizon: for every metric and detector the rarity
of its findings, added up and fading, as a feature from 0 to 1. (Rarity means the same on every series, so nothing has
to be scaled; what is absent is 0.) A pattern waits until it is known whether an incident was declared within the
horizon; then River's logistic regression learns it. No class weights: they would spoil the probability. What people say
of an alert is a label too: an incident that a warning averted was never declared.

What the model says is first held against what came (``trust``), and that record decides whether it may speak.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.anomalies.findings import Finding, Foreseen, Mark
from detectors.anomalies.fusion import Fusion
from detectors.anomalies.outlook import Outlook
from detectors.incidents._river import Logistic, learnt, logistic, relearn
from detectors.incidents.trust import Trust
from domain.alert import first_alert
from domain.anomaly import Anomaly, AnomalyKind, Evidence
from domain.durations import format_duration, parse_duration
from domain.errors import StateError
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, SeriesKey
from domain.state import Plain
from domain.telemetry import EventKind, EventStatus, IncidentEvent

NAME = "precursor"
SAMPLES = 30  # patterns taken in one horizon
WAITS = 2  # horizons until a pattern counts as followed by nothing: events come late
FADES = 4.0  # halvings of a finding in one horizon
FULL = 3.0  # nines at which a feature is 1
ADDS = 0.2  # of the way to 1 that a full finding moves its feature in one sampling interval
FAINT = 0.02  # a feature below this is dropped
MOST = 64  # features of one service: further ones are not learnt
KNOWN = 5.0  # patterns with a feature, before the model may say that it is harmless
EVENTS = 50  # ids that are remembered, so that a repeat labels nothing
OPENINGS = 20  # alerts that people can still speak about
SAID = 5.0  # a person's answer counts for so many patterns
DRIVERS = 3  # that are named
RATE, INTERCEPT_RATE, INTERCEPT, SHRINK = 1.0, 0.05, -2.0, 0.001
Duration = Annotated[float, BeforeValidator(parse_duration)]
Pattern = Mapping[str, float]


class PrecursorParams(BaseModel):
    """How patterns of findings that came before incidents are learnt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="Whether anything is learnt from declared incidents but when not to learn.")
    horizon: Duration = Field(
        1800.0, gt=0, description="How long before an incident a pattern counts as its precursor."
    )
    sure: float = Field(
        0.5, gt=0, lt=1, description="Probability of an incident from which one is foretold, once the record allows it."
    )


@dataclass(slots=True)
class Trail:
    """What one kind of finding has left: how much at ``at``, and before that, and what was seen (None: a forecast)."""

    strength: float
    before: float
    at: float
    evidence: Evidence | None


@dataclass(slots=True)
class Waiting:
    """A pattern whose outcome is not known yet, and what the model said of it when it was taken, if anything."""

    at: float
    pattern: Pattern
    said: float | None


@dataclass(slots=True)
class _Saved:
    """The form of a snapshot."""

    next_at: float | None
    trails: list[tuple[str, Trail]]
    waiting: list[Waiting]
    events: list[str]
    incidents: list[float]
    openings: list[tuple[AlertId, float, dict[str, float]]]
    model: list[Any] | None
    counts: list[tuple[str, float]]
    standing: SeriesKey | None
    trust: list[Any]


_SAVED = TypeAdapter(_Saved)


class Precursor:
    """Learns what precedes the incidents of one service. Until the first incident it costs the patterns that wait."""

    __slots__ = (
        "_counts", "_due_at", "_events", "_every_s", "_incidents", "_model", "_next_at", "_openings", "_params",
        "_standing", "_trails", "_waiting", "trust",
    )  # fmt: skip

    def __init__(self, params: PrecursorParams) -> None:
        self._params = params
        self._every_s = params.horizon / SAMPLES
        self._next_at = -math.inf
        self._trails: dict[str, Trail] = {}
        self._due_at = -math.inf  # when what has not changed must be noted again
        self._waiting: list[Waiting] = []  # lists, not deques: most services have nothing to learn, and pay for that
        self._events: list[str] = []
        self._incidents: list[float] = []  # that are not learnt from yet
        self._openings: list[tuple[AlertId, float, Pattern]] = []
        self._model: Logistic | None = None
        self._counts: dict[str, float] = {}  # patterns that were learnt with each feature
        self._standing: SeriesKey | None = None  # under which its own finding stands
        self.trust = Trust(params.horizon, params.sure)

    def consider(self, at: float, fusion: Fusion, *, frozen: bool) -> None:
        """Take note of the findings, and now and then of their pattern; give what follows from it to the fusion.

        ``frozen``: an incident goes on; nothing is foretold then, and what was foretold stands.
        """
        if not self._params.enabled:
            return
        self._note(at, fusion)
        if at < self._next_at:
            return
        self._next_at = at + self._every_s
        if frozen:
            return
        self.trust.begin(at)
        self._look_back(at)
        pattern = self._pattern(at)
        said = None
        if self._model is not None:
            said = self._model.predict_proba_one(dict(pattern))[True]
            self.trust.call(at, said)
            self._speak(at, fusion, pattern, said)
        if pattern:
            self._waiting = [*self._waiting, Waiting(at, pattern, said)]  # until it is looked back at

    def rest(self, at: float) -> bool:
        """Let go of what can teach nothing any more, if nothing was considered for long; whether nothing is left."""
        # Once there is a model the patterns stay, to be learnt with the next ones: the order changes what is learnt.
        holds = self._trails or self._waiting or self._incidents
        if holds and self._model is None and at > self._next_at + WAITS * self._params.horizon:
            self._look_back(at)
            self._pattern(at)
        return not (self._trails or self._waiting or self._events or self._openings)

    def opened(self, anomalies: Iterable[Anomaly]) -> None:
        """Remember the pattern of an opening, for what people may say of its alert."""
        for anomaly in anomalies:
            if self._params.enabled and anomaly.at == anomaly.opened_at and self._trails:
                name = first_alert(anomaly.service, anomaly.id)
                opening = (name, anomaly.at, self._pattern(anomaly.at))
                self._openings = [*self._openings, opening][-OPENINGS:]

    def declared(self, event: IncidentEvent) -> None:
        """Note an incident, to be learnt once the event time of the telemetry has come there. A repeat says nothing.

        So the order in which events and telemetry are read matters as little as it can, and nothing is learnt ahead.
        """
        begins = event.kind is EventKind.INCIDENT and event.status is not EventStatus.CLOSED
        if self._params.enabled and begins and event.id not in self._events:
            self._events = [*self._events, event.id][-EVENTS:]
            self._incidents = [*self._incidents, event.at][-EVENTS:]

    def answered(self, answer: Feedback) -> None:
        """Learn from what a person says of an alert, once an alert."""
        opening = next((known for known in self._openings if known[0] == answer.alert), None)
        if opening is None or answer.kind not in {FeedbackKind.USEFUL, FeedbackKind.NOT_USEFUL}:
            return
        self._openings.remove(opening)
        _, at, pattern = opening
        useful = answer.kind is FeedbackKind.USEFUL
        self.trust.answered(at, came=useful)
        if self._model is not None:
            self._fit(pattern, came=useful, weight=SAID)

    def _note(self, at: float, fusion: Fusion) -> None:
        """Note what has changed; what has not was noted, and is again only when a sampling interval of it begins."""
        findings: Iterable[tuple[Mark, Finding]] = fusion.findings.changed.items()
        forecasts: Iterable[Foreseen] = fusion.forecasts.changed.values()
        if at >= self._due_at:
            self._due_at = math.inf
            findings, forecasts = fusion.findings.items(), fusion.forecasts
        for (key, detector), finding in findings:
            if finding.calm == 0 and detector != NAME:
                self._leave(_feature(key.metric, detector), at, min(1.0, finding.nines / FULL), finding.evidence)
        for forecast in (foreseen.forecast for foreseen in forecasts):
            self._leave(_feature(forecast.key.metric, "forecast"), at, forecast.confidence, None)

    def _leave(self, feature: str, at: float, strength: float, evidence: Evidence | None) -> None:
        """Add a finding to its trail: the strongest of each sampling interval counts, and many count for more."""
        trail = self._trails.get(feature)
        if trail is None:
            if len(self._trails) == MOST:
                return
            trail = self._trails[feature] = Trail(0.0, 0.0, at, evidence)
        elif at >= trail.at + self._every_s:
            trail.before, trail.at = self._faded(trail, at), at
            trail.strength = trail.before
        self._due_at = min(self._due_at, trail.at + self._every_s)
        reached = trail.before + (1.0 - trail.before) * ADDS * strength
        if reached > trail.strength:
            trail.strength, trail.evidence = reached, evidence

    def _faded(self, trail: Trail, at: float) -> float:
        return float(trail.strength * 0.5 ** (FADES * max(0.0, at - trail.at) / self._params.horizon))

    def _pattern(self, at: float) -> dict[str, float]:
        """Return the features of now; what has faded is forgotten."""
        faded = {feature: self._faded(trail, at) for feature, trail in self._trails.items()}
        for feature, strength in faded.items():
            if strength < FAINT:
                del self._trails[feature]
                self._due_at = -math.inf
        return {feature: strength for feature, strength in faded.items() if strength >= FAINT}

    def _look_back(self, at: float) -> None:
        """Learn the patterns that an incident followed, and those that nothing followed, however late it was told."""
        for incident in sorted(known for known in self._incidents if known <= at):
            self._incidents.remove(incident)
            self._follow(incident)
        over = at - WAITS * self._params.horizon
        for each in (each for each in self._waiting if each.at < over):
            self._learn(each, came=False)
        self._waiting = [each for each in self._waiting if each.at >= over]
        self.trust.expire(over)

    def _follow(self, incident: float) -> None:
        """Learn what came before one incident. Patterns taken since then, before it was told, say nothing."""
        if self._model is None:
            self._model = logistic(RATE, INTERCEPT_RATE, INTERCEPT, SHRINK)
        self.trust.happened(incident)
        since = incident - self._params.horizon
        before = [each for each in self._waiting if since <= each.at < incident]
        for each in before:
            self._learn(each, came=True)
        self.trust.preceded += bool(before)
        self._waiting = [each for each in self._waiting if each.at < since]

    def _learn(self, waiting: Waiting, *, came: bool) -> None:
        if self._model is None:
            return
        if waiting.said is not None:
            self.trust.score(waiting.said, came=came)
        self._fit(waiting.pattern, came=came, weight=1.0)

    def _fit(self, pattern: Pattern, *, came: bool, weight: float) -> None:
        assert self._model is not None  # noqa: S101 - both callers have looked
        known = {f: x for f, x in pattern.items() if f in self._counts or len(self._counts) < MOST}
        for feature in known:
            self._counts[feature] = self._counts.get(feature, 0.0) + weight
        self._model.learn_one(known, came, weight)

    def _speak(self, at: float, fusion: Fusion, pattern: Pattern, said: float) -> None:
        earned, likely = self.trust.earned(at), said >= self._params.sure
        weighs = earned is not None or self.trust.may_weigh
        evidence = self._evidence(at, pattern, said) if likely and weighs else None
        against = not likely and self.trust.may_weigh and self._familiar(pattern)
        alone = evidence is not None and earned is not None and said >= earned.bar
        believed = min(said, earned.share_right) if alone and earned is not None else said
        fusion.outlook = Outlook(believed, evidence, alone, against) if evidence is not None or against else None
        if alone and evidence is not None:
            self._standing = evidence.key
            fusion.found(AnomalyKind.FORECAST, evidence)
        elif self._standing is not None and (said < 0.5 * self._params.sure or not weighs):
            fusion.over(self._standing, NAME)
            self._standing = None

    def _familiar(self, pattern: Pattern) -> bool:
        """Whether everything in a pattern was learnt often enough to be called harmless."""
        return bool(pattern) and all(self._counts.get(feature, 0.0) >= KNOWN for feature in pattern)

    def drivers(self, pattern: Pattern) -> list[str]:
        """Return what speaks for an incident, the strongest first: weight times feature."""
        weights = {} if self._model is None else self._model.weights
        parts = {feature: weights.get(feature, 0.0) * strength for feature, strength in pattern.items()}
        return sorted((f for f, part in parts.items() if part > 0), key=lambda f: (-parts[f], f))

    def _evidence(self, at: float, pattern: Pattern, said: float) -> Evidence | None:
        """Return the probability in words, on the series that leads; None when nothing that was seen speaks for it."""
        drivers = self.drivers(pattern)
        seen = (self._trails[f].evidence for f in drivers if f in self._trails)
        leader = next((evidence for evidence in seen if evidence is not None), None)
        if leader is None:
            return None
        names = ", ".join(drivers[:DRIVERS])
        detail = (
            f"an incident within {format_duration(self._params.horizon)} is {said:.0%} likely: {names} moved like this "
            f"before earlier ones ({self.trust.preceded} learnt from)"
        )
        key = leader.key if self._standing is None else self._standing
        return replace(leader, detector=NAME, key=key, at=at, detail=detail)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        saved = _Saved(
            next_at=None if math.isinf(self._next_at) else self._next_at,
            trails=list(self._trails.items()),
            waiting=self._waiting,
            events=self._events,
            incidents=self._incidents,
            openings=[(name, at, dict(pattern)) for name, at, pattern in self._openings],
            model=None if self._model is None else learnt(self._model),
            counts=list(self._counts.items()),
            standing=self._standing,
            trust=list(self.trust.snapshot()),
        )
        return _SAVED.dump_python(saved)  # type: ignore[no-any-return] # pydantic types the dump of anything as Any

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        try:
            saved = _SAVED.validate_python(state)
        except ValidationError as error:
            raise StateError(f"the saved precursors of a service are damaged: {error.error_count()} errors") from None
        self._next_at = -math.inf if saved.next_at is None else saved.next_at
        self._trails = dict(saved.trails)
        self._counts = dict(saved.counts)
        self._standing, self._incidents = saved.standing, saved.incidents
        self._waiting, self._events = saved.waiting, saved.events
        self._openings = [(name, at, pattern) for name, at, pattern in saved.openings]
        self.trust.restore(saved.trust)
        self._model = None
        if saved.model is not None:
            self._model = logistic(RATE, INTERCEPT_RATE, INTERCEPT, SHRINK)
            relearn(self._model, saved.model)


def _feature(metric: str, detector: str) -> str:
    """Return the name of a feature, as a person reads it."""
    if detector == AGREEMENT:
        return "several series together"
    return metric if detector == "level" else f"{metric} ({detector})"
