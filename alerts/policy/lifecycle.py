"""How an episode opens, changes and ends: pure functions of an episode and one input to a step.

One service has at most one open episode, however many findings it has. An end is terminal: trouble that returns while
the end is held back continues the episode; trouble that returns later is a new one. Times never run backwards.
"""

from dataclasses import dataclass, replace

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Episode, Step
from alerts.policy.severity import worse
from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind
from domain.identity import AlertId, derive


@dataclass(frozen=True, slots=True)
class Now:
    """Event time, as far as the telemetry partitions have come: the fastest, and the slowest that is not idle."""

    fastest: float
    slowest: float


def opened(anomaly: Anomaly, severity: Severity, incident: str | None, *, again: bool) -> Step:
    """Open an episode. ``again``: this finding was heard of before, so that its first alert has ended already."""
    parts = (anomaly.service, anomaly.id, anomaly.at) if again else (anomaly.service, anomaly.id)
    episode = Episode(
        alert=AlertId(derive("alert", *parts)),
        service=anomaly.service,
        opened_at=anomaly.at if again else min(anomaly.opened_at, anomaly.at),
        changed_at=anomaly.at,
        sequence=0,
        severity=severity,
        lead=anomaly,
        open_anomalies=(anomaly,),
        forecast_only=anomaly.kind is AnomalyKind.FORECAST,
        incident=incident,
    )
    return _step(episode, AlertStatus.OPEN, wording.headline(anomaly, anomaly.at), anomaly.at, urgent=True)


def continued(episode: Episode, anomaly: Anomaly, severity: Severity) -> Step:
    """Take an opened or changed finding into the open episode. The severity never falls within an episode."""
    others = tuple(known for known in episode.open_anomalies if known.id != anomaly.id)
    lead = _strongest((*others, anomaly))
    at = max(episode.changed_at, anomaly.at)
    severity = worse(episode.severity, severity)
    reasons = []
    if episode.ended_at is not None:
        reasons.append(f"trouble came back {wording.span(at - episode.ended_at)} after it seemed over")
    if severity is not episode.severity:
        reasons.append(f"severity rose to {severity}")
    reasons.append(wording.change(episode.lead, lead, at))
    breached = lead.kind is AnomalyKind.BREACH and episode.lead.kind is not AnomalyKind.BREACH
    first_forecast = lead.forecast is not None and episode.lead.forecast is None
    urgent = breached or first_forecast or len(reasons) > 1
    episode = replace(
        episode,
        severity=severity,
        lead=lead,
        open_anomalies=(*others, anomaly),
        ended_at=None,
        forecast_only=episode.forecast_only and anomaly.kind is AnomalyKind.FORECAST,
    )
    return _step(episode, AlertStatus.UPDATE, "; ".join(reasons), at, urgent=urgent)


def calmed(episode: Episode, anomaly: Anomaly, params: AlertParams) -> Step:
    """Take the end of a finding into the episode, which ends with its last one, at once or after the hold."""
    others = tuple(known for known in episode.open_anomalies if known.id != anomaly.id)
    if len(others) == len(episode.open_anomalies):
        return Step(episode)
    at = max(episode.changed_at, anomaly.at)
    if others:
        lead = _strongest(others)
        reason = f"one of {len(others) + 1} findings is over; {wording.change(episode.lead, lead, at)}"
        return _step(replace(episode, open_anomalies=others, lead=lead), AlertStatus.UPDATE, reason, at)
    last = anomaly if anomaly.evidence else replace(anomaly, evidence=episode.lead.evidence)
    episode = replace(episode, open_anomalies=(), lead=last, ended_at=at)
    return settled(episode, at, params)


def settled(episode: Episode, at: float, params: AlertParams) -> Step:
    """End the episode if its end was held back for long enough by ``at``."""
    if episode.ended_at is None or at < episode.ended_at + params.resolve_hold:
        return Step(episode)
    at = max(episode.changed_at, at)
    lasted = wording.span(episode.ended_at - episode.opened_at)
    if episode.forecast_only and episode.incident is None:
        reason = f"warning withdrawn after {lasted}: what was forecast did not come"
        return _step(episode, AlertStatus.RETRACTED, reason, at)
    return _step(episode, AlertStatus.RESOLVED, f"back to normal after {lasted}", at)


def ticked(episode: Episode, now: Now, params: AlertParams) -> Step:
    """Let event time pass: a held end becomes due, and findings that are no longer heard of are given up."""
    if episode.ended_at is not None:
        return settled(episode, now.fastest, params)
    heard = tuple(known for known in episode.open_anomalies if now.slowest - known.at <= params.stale_after)
    if len(heard) == len(episode.open_anomalies):
        return Step(episode)
    if heard:
        return Step(replace(episode, open_anomalies=heard, lead=_strongest(heard)))
    silent = wording.span(params.stale_after)
    reason = f"nothing has been heard of it for {silent}: closed without a sign of recovery"
    at = max(episode.changed_at, now.fastest)
    return _step(replace(episode, open_anomalies=()), AlertStatus.RESOLVED, reason, at)


def linked(episode: Episode, incident: str, at: float) -> Step:
    """Note that an incident was declared; the first one stays. Its closing does not end the episode."""
    if episode.incident is not None:
        return Step(episode)
    episode = replace(episode, incident=incident)
    at = max(episode.changed_at, at)
    reason = f"incident {incident} was declared; {wording.headline(episode.lead, at)}"
    return _step(episode, AlertStatus.UPDATE, reason, at, urgent=True)


def _strongest(anomalies: tuple[Anomaly, ...]) -> Anomaly:
    return max(anomalies, key=lambda known: (known.kind is AnomalyKind.BREACH, known.confidence, known.at, known.id))


def _step(episode: Episode, status: AlertStatus, reason: str, at: float, *, urgent: bool = False) -> Step:
    episode = replace(episode, sequence=episode.sequence + 1, changed_at=at)
    transition = Transition(
        alert=episode.alert,
        service=episode.service,
        status=status,
        sequence=episode.sequence,
        at=at,
        opened_at=episode.opened_at,
        severity=episode.severity,
        reason=reason,
        anomaly=episode.lead,
        incident=episode.incident,
    )
    return Step(episode, transition, urgent)
