"""Doubts about the telemetry of several services that began together: one fault of what carries it, told as one.

Nothing shows that the services are affected, so no client hears of it, and it is nobody's probable cause.
"""

from collections.abc import Iterable, Iterator, Sequence

from alerts.policy import wording
from alerts.policy.episode import Episode
from alerts.policy.gate import OF_TELEMETRY
from domain.anomaly import Anomaly
from domain.identity import ServiceId


def is_doubt(anomaly: Anomaly) -> bool:
    """Whether a finding is about the telemetry, and nothing else is known of the service."""
    return anomaly.kind in OF_TELEMETRY


def carries(active: Sequence[Episode]) -> bool:
    """Whether what is in trouble is the telemetry of more than one service, and nothing else."""
    return len(active) > 1 and all(is_doubt(member.lead) for member in active)


def roots_of(
    anomaly: Anomaly, episodes: Sequence[Episode], roots: dict[ServiceId, Episode], within_s: float, longest_s: float
) -> Iterator[Episode]:
    """Yield the episodes of nothing but doubts in which one may have begun when this one did.

    That is known no better than to ``within_s``, and to the usual gap between samples, as far as ``longest_s``.
    """
    if within_s <= 0 or not is_doubt(anomaly):
        return
    mixed = {_root(each) for each in episodes if not is_doubt(each.lead)}
    first, last = _began(anomaly, longest_s)
    for episode in episodes:
        began, known = _began(episode.lead, longest_s)
        together = first <= known + within_s and began <= last + within_s
        if together and episode.open_anomalies and _root(episode) not in mixed:
            yield roots[_root(episode)]


def headline(services: Iterable[ServiceId]) -> str:
    """Say in one sentence that it is about telemetry, and where to look."""
    known = tuple(services)
    whose = f"the telemetry of {len(known)} services is in doubt since the same time"
    return f"{whose}: look at what carries it ({wording.listed(known)})"


def _root(episode: Episode) -> ServiceId:
    return episode.service if episode.root is None else episode.root


def _began(anomaly: Anomaly, longest_s: float) -> tuple[float, float]:
    """Return between which times it began: the last sound sample, and when the next was due."""
    last = max(anomaly.evidence, key=lambda evidence: evidence.since, default=None)
    if last is None:
        return anomaly.opened_at, anomaly.opened_at
    gap_s = min(last.expected, longest_s) if last.actual is None else 0.0  # of a silence, that is what is expected
    return last.since, last.since + max(gap_s, 0.0)
