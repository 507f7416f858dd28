"""Which troubles belong together: services along one dependency path whose trouble began at about the same time."""

from collections.abc import Sequence
from typing import Final

from alerts.params import AlertParams
from alerts.policy import pipeline
from alerts.policy.episode import Episode
from alerts.policy.hints import is_hint
from alerts.policy.impact import Routes
from domain.anomaly import Anomaly
from domain.identity import ServiceId

LATE_S: Final = 120.0  # a cause that shows so long after its effect is none; in the laboratory it took 40 s at most


def episode_to_join(
    anomaly: Anomaly, episodes: Sequence[Episode], routes: Routes, params: AlertParams
) -> Episode | None:
    """Return the open episode of which a finding on a service without one is a consequence or the cause.

    That is one which this service was in already, or one with a service that needs it or that it needs, whose trouble
    began no further away in time than ``correlate_within``; of a doubt about telemetry, else, one of such doubts that
    began when it did. Of several, the one that opened first.
    """
    roots = {episode.service: episode for episode in episodes if episode.joined is None}
    found = [root for root in roots.values() if anomaly.service in root.met]
    for episode in episodes:
        near = abs(anomaly.opened_at - episode.opened_at) <= params.correlate_within
        if near and routes.related(anomaly.service, episode.service):
            found.append(roots[episode.service if episode.root is None else episode.root])
    if not found:
        found += pipeline.roots_of(anomaly, episodes, roots, params.group_wait, params.correlate_within)
    return min(found, key=lambda root: (root.opened_at, root.service), default=None)


def probable_cause(alerts: Sequence[Episode], routes: Routes) -> ServiceId | None:
    """Return the service in trouble that needs none of the others, the first of several; None when there is only one.

    One that began long after a service that needs it is not the cause of that, whatever it needs; a hint is not if it
    began after that at all: where callers are in trouble, what they call is unusual, too.
    """
    if len(alerts) <= 1:
        return None
    early = [alert for alert in alerts if not _is_late(alert, alerts, routes)]
    known = [alert.service for alert in early or alerts]
    deepest = [service for service in known if not any(other in routes.needs(service) for other in known)]
    return next(iter(deepest), known[0])


def is_second(alert: Episode, other: Episode, routes: Routes, late_s: float = LATE_S) -> bool:
    """Whether trouble on a service that another needs began too long after that one's to be its cause."""
    needed = alert.service in routes.needs(other.service) and other.service not in routes.needs(alert.service)
    return needed and alert.opened_at > other.opened_at + late_s


def _is_late(alert: Episode, alerts: Sequence[Episode], routes: Routes) -> bool:
    late_s = 0.0 if is_hint(alert, routes) else LATE_S
    return any(is_second(alert, other, routes, late_s) for other in alerts)


def tie(one: ServiceId, other: ServiceId, routes: Routes) -> str:
    """Say how two services of one episode hang together."""
    if other in routes.needs(one):
        return f"needs {other}"
    return f"{other} needs it" if one in routes.needs(other) else f"in trouble together with {other}"
