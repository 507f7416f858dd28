"""Evidence along ``depends_on``: which of the services that one needs was unusual before it was.

This is asked where decisions are made, not where anomalies are found: a partition of telemetry sees some services and
not others, and what is found must not depend on how many partitions there are. Here all findings are in one order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.policy import wording
from alerts.policy.impact import Routes
from domain.anomaly import Anomaly
from domain.identity import ServiceId

SAME_S = 1.0  # two onsets so close together are one: neither came before the other


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that may be the cause: needed by the one in trouble, and unusual so long before it."""

    service: ServiceId
    earlier_s: float
    anomaly: Anomaly


def began_at(anomaly: Anomaly) -> float:
    """Return since when there is evidence, which is earlier than when it was enough to open."""
    return min((evidence.since for evidence in anomaly.evidence), default=anomaly.opened_at)


def candidates(anomaly: Anomaly, others: Iterable[Anomaly], routes: Routes) -> tuple[Candidate, ...]:
    """Return the services in trouble that this one needs and that were unusual before it, the likeliest cause first.

    That is one which needs none of the others that came before, then the earliest. ``others`` are open findings, one
    or more of a service.
    """
    needed, onset = routes.needs(anomaly.service), began_at(anomaly)
    first: dict[ServiceId, Anomaly] = {}
    for other in others:
        if other.service in needed and other.service != anomaly.service and began_at(other) <= onset - SAME_S:
            known = first.get(other.service)
            if known is None or began_at(other) < began_at(known):
                first[other.service] = other
    found = [Candidate(service, onset - began_at(other), other) for service, other in first.items()]
    return tuple(
        sorted(found, key=lambda each: (bool(routes.needs(each.service) & first.keys()), -each.earlier_s, each.service))
    )


def line(candidate: Candidate, service: ServiceId) -> str:
    """Say in words what came first."""
    earlier = wording.span(candidate.earlier_s)
    return f"{candidate.service}, which {service} needs, was unusual {earlier} before it"
