"""How an episode opens, changes and ends: pure functions of an episode and one input to a step.

One service has at most one open alert, however many findings it has. An end is terminal: trouble that returns while
the end is held back continues the episode; trouble that returns later is a new one. An alert that joined an episode has
its own transitions, and each of them is one of the episode, too. Times never run backwards.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Coming, Episode, Step
from alerts.policy.severity import worse
from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, Forecast
from domain.identity import AlertId, derive

MOVES_KEPT: Final = 8  # of one episode


@dataclass(frozen=True, slots=True)
class Now:
    """Event time, as far as each telemetry partition has come; who has not come as far as ``idle_at`` is idle."""

    partitions: Mapping[int, float]
    idle_at: float = -math.inf

    @property
    def fastest(self) -> float:
        """How far the fastest has come."""
        return max(self.partitions.values())

    @property
    def slowest(self) -> float:
        """How far the slowest has come that is not idle."""
        return min(at for at in self.partitions.values() if at >= self.idle_at)

    def of(self, anomaly: Anomaly) -> float:
        """Return how far the partition has come that a finding was made in, or the fastest when that one is idle.

        The fastest may be far ahead while a worker catches up: trouble that returns may not have been read yet.
        """
        at = self.partitions.get(anomaly.partition, anomaly.at)
        return at if at >= self.idle_at else self.fastest


def opened(
    anomaly: Anomaly,
    severity: Severity,
    incident: str | None,
    *,
    again: bool,
    joins: Episode | None = None,
    comings: tuple[Coming, ...] = (),
) -> Step:
    """Open an alert, one that is told in the threads of the episode that it ``joins``, or an episode of its own.

    ``again``: this finding was heard of before, so that its first alert has ended already. ``comings`` are those of
    earlier alerts of the service.
    """
    parts = (anomaly.service, anomaly.id, anomaly.at) if again else (anomaly.service, anomaly.id)
    episode = Episode(
        alert=AlertId(derive("alert", *parts)),
        service=anomaly.service,
        opened_at=anomaly.at if again else min(anomaly.opened_at, anomaly.at),
        changed_at=anomaly.at,
        sequence=0,
        severity=severity,
        lead=anomaly,
        open_anomalies=(_bare(anomaly),),
        forecast_only=anomaly.kind is AnomalyKind.FORECAST,
        incident=incident,
        joined=None if joins is None else joins.alert,
        root=None if joins is None else joins.service,
        comings=(*comings, _coming(anomaly, anomaly.at)),
        kinds=(anomaly.kind,),
        moves=wording.moves(anomaly),
        linked_at=None if incident is None else anomaly.at,
    )
    return _step(episode, AlertStatus.OPEN, wording.headline(anomaly, anomaly.at), anomaly.at, urgent=True)


def continued(episode: Episode, anomaly: Anomaly, severity: Severity) -> Step:
    """Take an opened or changed finding into the open episode. The severity never falls within an episode."""
    others = tuple(known for known in episode.open_anomalies if known.id != anomaly.id)
    lead = _lead(episode, (*others, anomaly))
    at = max(episode.changed_at, anomaly.at)
    severity = worse(episode.severity, severity)
    reasons = [wording.change(episode.lead, lead, at)]  # what happened comes first: of a notification little is shown
    comings = episode.comings
    if episode.ended_at is not None:
        reasons.append(f"back {wording.span(at - episode.ended_at)} after it seemed over")
        comings = (*comings, _coming(anomaly, at))
    if severity is not episode.severity:
        reasons.append(f"now {severity}")
    breached = lead.kind is AnomalyKind.BREACH and episode.lead.kind is not AnomalyKind.BREACH
    first_forecast = lead.forecast is not None and episode.lead.forecast is None
    # What comes and goes is urgent only when it gets worse than ever in this episode.
    news = breached or first_forecast or episode.ended_at is not None
    urgent = severity is not episode.severity or (news and episode.suspended_at is None)
    episode = replace(
        episode,
        severity=severity,
        lead=lead,
        open_anomalies=(*others, _bare(anomaly)),
        ended_at=None,
        closing="",
        forecast_only=episode.forecast_only and anomaly.kind is AnomalyKind.FORECAST,
        comings=comings,
        kinds=episode.kinds if lead.kind in episode.kinds else (*episode.kinds, lead.kind),
        moves=_more(episode.moves, wording.moves(lead)),
    )
    return _step(episode, AlertStatus.UPDATE, "; ".join(reasons), at, urgent=urgent)


def swung(episode: Episode, params: AlertParams) -> Step:
    """Suspend an episode when trouble that had come before has come too often, and lift that once it stays."""
    recent = tuple(each for each in episode.comings if each.at > episode.changed_at - params.flap_window)
    episode = replace(episode, comings=recent or episode.comings[-1:])
    if episode.suspended_at is None:
        causes = [each.move for each in recent]
        again = len(causes) - len(set(causes))  # what comes for the first time is news
        if episode.ended_at is not None or again < params.flap_after - 1 or causes.count(causes[-1]) == 1:
            return Step(episode)
        often = f"came {len(recent)} times in {wording.span(episode.changed_at - recent[0].at)}"
        steady = f"quiet until it stays, or stays away, for {wording.span(params.flap_hold)}"
        reason = f"suspended: trouble {often}; {steady}"
        episode = replace(episode, suspended_at=episode.changed_at)
        return _step(episode, AlertStatus.SUSPENDED, reason, episode.changed_at, urgent=True)
    if episode.ended_at is not None or episode.changed_at < _latest(episode) + params.flap_hold:
        return Step(episode)
    episode = replace(episode, suspended_at=None, comings=())
    reason = f"trouble stays, no longer suspended; {wording.headline(episode.lead, episode.changed_at)}"
    return _step(episode, AlertStatus.UPDATE, reason, episode.changed_at, urgent=True)


def made_way(episode: Episode, anomaly: Anomaly) -> Episode:
    """Wait no longer for the end of a suspended episode that is calm when other trouble opens.

    What comes and goes must not hide what has another cause: that gets an alert of its own.
    """
    known = {each.move for each in episode.comings}
    if episode.suspended_at is None or episode.ended_at is None or _coming(anomaly, anomaly.at).move in known:
        return episode
    return replace(episode, suspended_at=None)


def echoed(root: Episode, step: Step) -> Step:
    """Take a change of an alert that joined into its episode: one more affected, changed, or over."""
    transition, member = step.transition, step.episode
    if transition is None:
        return Step(root)
    others = tuple(service for service in root.consequences if service != member.service)
    consequences = others if step.ended else (*others, member.service)
    reason = transition.reason
    severity = worse(root.severity, member.severity)
    # That the whole gets worse is news at once; one more service is gathered with others; the rest waits its turn.
    urgent = severity is not root.severity
    match transition.status:
        case AlertStatus.OPEN:
            reason = f"also affected: {reason}"
        case AlertStatus.RESOLVED | AlertStatus.RETRACTED | AlertStatus.SUSPENDED:
            reason = f"{member.service}: {reason}"
        case AlertStatus.UPDATE:
            pass
        case _:
            assert_never(transition.status)
    root = replace(
        root,
        severity=severity,
        grown=root.sequence + 1 if transition.status is AlertStatus.OPEN else root.grown,
        consequences=consequences,
        met=root.met if member.service in root.met else (*root.met, member.service),
        forecast_only=root.forecast_only and member.forecast_only,
    )
    return _step(root, AlertStatus.UPDATE, reason, max(root.changed_at, transition.at), urgent=urgent)


def noted(episode: Episode, reason: str, at: float, *, urgent: bool = True) -> Step:
    """Note something that changes who is told, though not the trouble itself."""
    return _step(episode, AlertStatus.UPDATE, reason, max(episode.changed_at, at), urgent=urgent)


def closed(episode: Episode, reason: str, at: float) -> Step:
    """End an alert because a person says so. Its consequences have to be closed before it."""
    return _step(replace(episode, open_anomalies=()), AlertStatus.RESOLVED, reason, max(episode.changed_at, at))


def calmed(episode: Episode, anomaly: Anomaly, params: AlertParams) -> Step:
    """Take the end of a finding into the episode, which ends with its last one, at once or after the hold."""
    others = tuple(known for known in episode.open_anomalies if known.id != anomaly.id)
    if len(others) == len(episode.open_anomalies):
        return Step(episode)
    at = max(episode.changed_at, anomaly.at)
    if others:
        lead = _lead(episode, others)
        reason = f"one of {len(others) + 1} findings is over; {wording.change(episode.lead, lead, at)}"
        return _step(replace(episode, open_anomalies=others, lead=lead), AlertStatus.UPDATE, reason, at)
    last = anomaly if anomaly.evidence else replace(anomaly, evidence=episode.lead.evidence)
    episode = replace(episode, open_anomalies=(), lead=last, ended_at=at)
    return settled(episode, at, params)


def settled(episode: Episode, at: float, params: AlertParams) -> Step:
    """End the episode if its end was held back for long enough by ``at``, and those of its consequences came."""
    hold_s = params.resolve_hold if episode.suspended_at is None else max(params.flap_hold, params.resolve_hold)
    if episode.closing:
        hold_s = 0.0
    if episode.ended_at is None or at < episode.ended_at + hold_s or episode.consequences:
        return Step(episode)
    at = max(episode.changed_at, at)
    lasted = wording.span(at - episode.opened_at)
    if episode.closing:
        return _step(episode, AlertStatus.RESOLVED, episode.closing, at)
    if episode.forecast_only and episode.incident is None:
        reason = f"warning withdrawn after {lasted}: {wording.unfulfilled(episode.lead)}"
        return _step(episode, AlertStatus.RETRACTED, reason, at)
    return _step(episode, AlertStatus.RESOLVED, f"{wording.ending(episode.lead)} after {lasted}", at)


def ticked(episode: Episode, now: Now, params: AlertParams) -> Step:
    """Let event time pass: a held end becomes due, and findings that are no longer heard of are given up."""
    if episode.ended_at is not None:
        return settled(episode, now.of(episode.lead), params)
    heard = tuple(known for known in episode.open_anomalies if now.slowest - _due_at(known) <= params.stale_after)
    if len(heard) == len(episode.open_anomalies):
        return Step(episode)
    if heard:
        return Step(replace(episode, open_anomalies=heard, lead=_lead(episode, heard)))
    silent = wording.span(params.stale_after)
    reason = f"nothing has been heard of it for {silent}: closed without a sign of recovery"
    at = max(episode.changed_at, now.fastest)
    if episode.consequences:
        return Step(replace(episode, open_anomalies=(), ended_at=at, closing=reason))
    return closed(episode, reason, at)


def linked(episode: Episode, incident: str, at: float) -> Step:
    """Note that an incident was declared; the first one stays. Its closing does not end the episode."""
    if episode.incident is not None:
        return Step(episode)
    at = max(episode.changed_at, at)
    episode = replace(episode, incident=incident, linked_at=at)
    reason = f"incident {incident} was declared; {wording.headline(episode.lead, at)}"
    return _step(episode, AlertStatus.UPDATE, reason, at, urgent=True)


def neared(episode: Episode, forecast: Forecast, at: float, severity: Severity) -> Step:
    """Raise the severity because of what is foreseen: time alone has made it worse."""
    at = max(episode.changed_at, at)
    reason = f"{episode.service}: {wording.forecast_words(forecast, at)}; now {severity}"
    return _step(replace(episode, severity=severity), AlertStatus.UPDATE, reason, at, urgent=True)


def reminded(episode: Episode, reason: str, at: float) -> Step:
    """Say once more that it goes on."""
    return noted(replace(episode, reminders=episode.reminders + 1), reason, at)


def _due_at(anomaly: Anomaly) -> float:
    """Return by when something should have been heard of a finding: of what is foreseen, not before it is due."""
    return max([anomaly.at, *(forecast.breach_at for forecast in anomaly.forecasts)])


def _latest(episode: Episode) -> float:
    return max((each.at for each in episode.comings), default=0.0)


def _coming(anomaly: Anomaly, at: float) -> Coming:
    return Coming(at, next(iter(wording.moves(anomaly)), str(anomaly.kind)))


def _more(known: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    fresh = tuple(move for move in new if move not in known)
    return (*known, *fresh)[:MOVES_KEPT] if fresh else known


def _lead(episode: Episode, anomalies: tuple[Anomaly, ...]) -> Anomaly:
    """Return the strongest finding, with its trace if it led before: only the lead's trace is kept."""
    lead = max(anomalies, key=lambda known: (known.kind is AnomalyKind.BREACH, known.confidence, known.at, known.id))
    if lead.trace is None and lead.id == episode.lead.id and episode.lead.trace is not None:
        return replace(lead, trace=episode.lead.trace)
    return lead


def _bare(anomaly: Anomaly) -> Anomaly:
    return anomaly if anomaly.trace is None else replace(anomaly, trace=None)


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
        anomaly=_bare(episode.lead),
        incident=episode.incident,
        joined=episode.joined,
    )
    return Step(episode, transition, urgent)
