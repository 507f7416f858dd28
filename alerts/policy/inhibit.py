"""What is quiet because it follows from something that people know already: an alert upstream, or a declared incident.

Nothing is lost by it: only who was told of the cause is kept from its consequence, only while the cause goes on, and
only while the consequence is no worse than what they were told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.policy import pipeline, wording
from alerts.policy.episode import Episode
from alerts.policy.hints import is_foretold, is_hint
from alerts.policy.impact import Routes
from alerts.policy.severity import RANK
from domain.alert import Severity
from domain.anomaly import AnomalyKind
from domain.identity import ClientId, ServiceId
from domain.notice import ChannelKind, ClientFacts, Hold, Notify


@dataclass(frozen=True, slots=True)
class Declared:
    """An open incident that names its services, and until when it keeps their consequences quiet."""

    id: str
    services: tuple[ServiceId, ...]
    began_at: float
    until: float


@dataclass(frozen=True, slots=True)
class Cause:
    """What explains the trouble of one alert: an alert, with the episode that tells of it, or a declared incident."""

    id: str
    hold: Hold
    told: Episode | None = None

    def is_known_to_squad(self, channel: str) -> bool:
        """Whether a Slack channel knows: it was told of the alert, or people have declared the incident."""
        return self.told is None or any(
            thread.squad is not None
            and thread.recipient == channel
            and thread.warned
            and isinstance(thread.decision, Notify)  # else somebody keeps it quiet about the cause, too
            for thread in self.told.threads
        )

    def is_known_to_client(self, client: ClientId, address: str, facts: ClientFacts) -> bool:
        """Whether a contact was told at least as much: the same journeys, and that it has begun if it has."""
        return self.told is not None and any(
            thread.client == client
            and thread.channel is ChannelKind.EMAIL
            and thread.recipient == address
            and thread.warned
            and thread.facts is not None
            and set(facts.journeys) <= set(thread.facts.journeys)
            and (thread.impact_told or not facts.begun)
            for thread in self.told.threads
        )


def causes(
    root: Episode,
    members: Sequence[Episode],
    open_alerts: Mapping[ServiceId, Episode],
    declared: Sequence[Declared],
    routes: Routes,
    at: float,
) -> tuple[Cause, ...]:
    """Return a cause for each alert of an episode that is in trouble; nothing unless there is one for every one."""
    found: dict[str, Cause] = {}
    for member in (root, *members):
        if member.open_anomalies:
            cause = _upstream(root, member, open_alerts, routes) or _incident(root, member, declared, routes, at)
            if cause is None:
                return ()
            found.setdefault(cause.id, cause)
    return tuple(found.values())


def line(quieted: Episode) -> str:
    """Say in the cause's own thread that a consequence is kept quiet."""
    trouble = wording.trouble(quieted.lead, quieted.changed_at)
    return f"{quieted.service} is in trouble, too, and kept quiet as a consequence: {trouble}"


def _upstream(root: Episode, member: Episode, open_alerts: Mapping[ServiceId, Episode], routes: Routes) -> Cause | None:
    found = []
    for alert in open_alerts.values():
        # What began later explains nothing; the id decides a draw, so that no two explain each other in a circle.
        if not alert.open_anomalies or not _explains(alert, member, routes) or _age(alert) >= _age(member):
            continue
        told = alert if alert.root is None else open_alerts[alert.root]
        if told.alert != root.alert and not _is_worse(root, member, told, alert, routes):
            found.append((_age(alert), alert, told))
    if not found:
        return None
    (opened_at, _), alert, told = min(found, key=lambda each: each[0])
    since = f"in trouble since {wording.time_of_day(opened_at)}"
    reason = f"a consequence of {alert.service}, {since} ({told.alert}): told here if it outlasts that or gets worse"
    return Cause(alert.alert, Hold(reason), told)


def _incident(root: Episode, member: Episode, declared: Sequence[Declared], routes: Routes, at: float) -> Cause | None:
    if root.severity is Severity.CRITICAL:
        return None
    for incident in declared:
        named = [service for service in incident.services if service in routes.needs(member.service)]
        own = member.service in incident.services
        if named and not own and incident.began_at <= member.opened_at and at < incident.until:
            reason = (
                f"a consequence of incident {incident.id} on {named[0]}: told when that is closed or it gets critical"
            )
            return Cause(incident.id, Hold(reason, incident.until))
    return None


def _explains(alert: Episode, member: Episode, routes: Routes) -> bool:
    """Whether trouble there may be why there is trouble here."""
    if member.lead.kind is AnomalyKind.STUCK:  # it may have nothing to do, since who needs it is in trouble
        return routes.related(member.service, alert.service)
    return alert.service in routes.needs(member.service)


def _is_worse(root: Episode, member: Episode, told: Episode, alert: Episode, routes: Routes) -> bool:
    if pipeline.is_doubt(alert.lead) and not pipeline.is_doubt(member.lead):
        return True  # that telemetry is in doubt explains no trouble that is seen
    if is_foretold(member.lead) and is_hint(alert, routes):
        return True  # clients are told of that, and of a hint they are not: squads hear of it at least as soon
    hurts, known = member.lead.kind is AnomalyKind.BREACH, alert.lead.kind is AnomalyKind.BREACH
    return RANK[root.severity] > RANK[told.severity] or (hurts and not known and told.incident is None)


def _age(episode: Episode) -> tuple[float, str]:
    return episode.opened_at, episode.alert
