"""Which troubles belong together: services along one dependency path whose trouble began at about the same time."""

from collections.abc import Iterable, Sequence

from alerts.policy.episode import Episode
from alerts.policy.impact import Routes
from domain.anomaly import Anomaly
from domain.identity import ServiceId


def episode_to_join(anomaly: Anomaly, episodes: Sequence[Episode], routes: Routes, within_s: float) -> Episode | None:
    """Return the open episode of which a finding on a service without one is a consequence or the cause.

    That is one which this service was in already, or one with a service that needs it or that it needs, whose trouble
    began no further away in time than ``within_s``. Of several, the one that opened first.
    """
    roots = {episode.service: episode for episode in episodes if episode.joined is None}
    found = [root for root in roots.values() if anomaly.service in root.met]
    for episode in episodes:
        near = abs(anomaly.opened_at - episode.opened_at) <= within_s
        if near and routes.related(anomaly.service, episode.service):
            found.append(roots[episode.service if episode.root is None else episode.root])
    return min(found, key=lambda root: (root.opened_at, root.service), default=None)


def probable_cause(services: Iterable[ServiceId], routes: Routes) -> ServiceId | None:
    """Return the service that needs none of the others, the first of several; None when there is only one."""
    known = list(dict.fromkeys(services))
    if len(known) <= 1:
        return None
    deepest = [service for service in known if not any(other in routes.needs(service) for other in known)]
    return next(iter(deepest), known[0])


def tie(one: ServiceId, other: ServiceId, routes: Routes) -> str:
    """Say how two services of one episode hang together."""
    if other in routes.needs(one):
        return f"needs {other}"
    return f"{other} needs it" if one in routes.needs(other) else f"in trouble together with {other}"
