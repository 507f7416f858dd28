"""The gate before a client: their own policy decides whether a prediction is sent, held for a person, or not sent."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.policy import hours
from alerts.policy.episode import Word
from alerts.policy.wording import metric, span
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind
from domain.identity import ClientId
from domain.journeys import Impact, NoticePolicy
from domain.notice import Decision, Hold, Notify, Suppress

# Findings about the telemetry, not about the service: it may be well, and a squad can tell sooner than a client.
OF_TELEMETRY = frozenset({AnomalyKind.SILENCE, AnomalyKind.STUCK, AnomalyKind.SCHEMA, AnomalyKind.UNIT})
_ASKS = "approval required"
_BESIDE = {"agreement": "{} as a whole", "precursor": "earlier incidents of {}"}  # what detectors see beside a series
_NO_SERIES = frozenset({"silence", "stuck", "integrity", "schema", "unit", "precursor"})  # see none that is unusual


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is for one client, and what else bears on a decision about them."""

    at: float
    timezone: str
    severity: Severity
    evidence: frozenset[str]  # the signs that agree
    told_today: int = 0
    words: tuple[Word, ...] = ()
    suspended: bool = False
    hint: bool = False  # what reaches them is spoken for by objectives on its way, and none of those is in danger
    client: ClientId | None = None
    expected_at: float | None = None  # when the breach is, that is forecast

    @property
    def word(self) -> Word | None:
        """The last word of a person about this client that still stands."""
        ours = [word for word in self.words if word.client in {None, self.client}]
        return next((word for word in reversed(ours) if word.until is None or self.at < word.until), None)

    @property
    def lapsed(self) -> Word | None:
        """An approval that has run out."""
        ours = [word for word in self.words if word.client in {None, self.client} and word.allows]
        return next((word for word in reversed(ours) if word.until is not None and self.at >= word.until), None)


def gate(
    policy: NoticePolicy, kind: AnomalyKind, confidence: float, impact: Impact, moment: Moment | None = None
) -> Decision:
    """Decide about a client's warning. Fails closed: whatever is not clearly allowed is not sent.

    Without a ``moment``, only by what does not depend on it. A person's approval stands for confidence and evidence,
    never for what the client has asked for.
    """
    if policy.approval == "never":
        return Suppress("the client is never written to")
    if not impact.journeys:
        return Suppress("no journey is affected")
    word = None if moment is None else moment.word
    if word is None:
        allowed = _judge(policy, kind, confidence, moment)
    elif word.allows:
        allowed = Notify(f"approved by {word.by}")
    else:
        allowed = Hold(f"held by {word.by}", word.until)
    if moment is None or not isinstance(allowed, Notify):
        return allowed
    return pause(policy, moment) or allowed


def pause(policy: NoticePolicy, moment: Moment) -> Hold | None:
    """Return why nothing but an ending is sent to a client at this time of their day."""
    override = policy.quiet_override and moment.severity is Severity.CRITICAL
    until = None if override else hours.quiet_until(moment.at, moment.timezone, policy.quiet_hours)
    if until is not None:
        return Hold(f"quiet hours until {hours.clock_time(until, moment.timezone)}", until)
    if policy.max_per_day is not None and moment.told_today >= policy.max_per_day:
        until = hours.next_day_at(moment.at, moment.timezone)
        return Hold(f"the client's limit of {policy.max_per_day} notices a day is reached", until)
    return None


def signs(anomalies: Iterable[Anomaly], *, declared: bool) -> frozenset[str]:
    """Return what findings rest on: a series counts once, however many ways there are to see that it is unusual.

    All series of a service together are a sign of their own, and so are earlier incidents and a declared one.
    """
    found = {"a declared incident"} if declared else set[str]()
    for anomaly in anomalies:
        for evidence in anomaly.evidence:
            if evidence.detector in _BESIDE:
                found.add(_BESIDE[evidence.detector].format(anomaly.service))
            if evidence.detector not in _NO_SERIES:
                found.add(f"{anomaly.service} {metric(evidence)}")
        found.update(f"{anomaly.service} {metric(forecast)}" for forecast in anomaly.forecasts)
    return frozenset(found)


def _judge(policy: NoticePolicy, kind: AnomalyKind, confidence: float, moment: Moment | None) -> Decision:
    """Decide where no person has."""
    refused = _doubt(policy, kind, confidence) or (None if moment is None else _unripe(policy, kind, moment))
    if refused is not None:
        return refused
    if policy.approval == "automatic":
        return Notify(f"{confidence:.0%} sure reaches the client's {policy.min_confidence:.0%}")
    lapsed = None if moment is None else moment.lapsed
    return Hold(f"{_ASKS}: nobody has approved" if lapsed is None else f"{_ASKS}: that of {lapsed.by} has run out")


def waits_for_approval(decision: Decision) -> bool:
    """Whether nothing but a person's word is missing."""
    return isinstance(decision, Hold) and decision.reason.startswith(_ASKS)


def _doubt(policy: NoticePolicy, kind: AnomalyKind, confidence: float) -> Suppress | None:
    if kind in OF_TELEMETRY:
        return Suppress(f"only the telemetry is in doubt ({kind}): nothing shows that the service is affected")
    if not confidence >= policy.min_confidence:  # so that a confidence that is not a number is refused, too
        digits = 0 if f"{confidence:.0%}" != f"{policy.min_confidence:.0%}" else 4  # never "80% is below 80%"
        return Suppress(f"{confidence:.{digits}%} sure is below the client's {policy.min_confidence:.{digits}%}")
    return None


def _unripe(policy: NoticePolicy, kind: AnomalyKind, moment: Moment) -> Hold | Suppress | None:
    if moment.hint:
        return Suppress("merely unusual, and no objective on its way to them is in danger")
    if kind is AnomalyKind.FORECAST and moment.expected_at is not None:
        near_at = moment.expected_at - policy.ahead_s
        if moment.at < near_at:
            return Hold(f"not due for more than {span(policy.ahead_s)}: told when it is nearer", near_at)
    if len(moment.evidence) < policy.min_evidence:
        known = ", ".join(sorted(moment.evidence)) or "none"
        return Hold(f"the client wants {policy.min_evidence} signs that agree; there is {known}")
    if moment.suspended:
        return Hold("the trouble comes and goes; told once it is steady or has begun to hurt")
    return None
