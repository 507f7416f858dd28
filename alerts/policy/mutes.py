"""What people have asked to be quiet about: silences, and maintenance that was announced. A mute always ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alerts.policy.episode import Episode
from alerts.policy.severity import RANK
from alerts.policy.wording import span
from domain.alert import Severity
from domain.anomaly import Anomaly
from domain.identity import ServiceId

EVERYTHING_S: Final = 4 * 3600.0  # nobody silences every service for longer


@dataclass(frozen=True, slots=True)
class Mute:
    """Quiet about findings on these services (none: on all), about one metric or all of them, before ``until``.

    A service or metric that ends in ``*`` stands for all that begin so. ``remind_at`` is when squads hear that it ends
    soon; None: never, or they have. Alerts that are not ``below`` that severity speak all the same.
    """

    id: str
    services: tuple[ServiceId, ...]
    metric: str | None
    reason: str
    until: float
    by: str = ""
    remind_at: float | None = None
    below: Severity | None = None
    since: float = 0.0  # what is announced ahead is not quiet yet

    def is_live(self, severity: Severity, at: float) -> bool:
        """Whether it holds at that time for alerts of that severity."""
        return self.since <= at < self.until and (self.below is None or RANK[severity] < RANK[self.below])

    def covers(self, anomaly: Anomaly) -> bool:
        """Whether a finding is about nothing but what this mute names."""
        if self.services and not any(matches(pattern, anomaly.service) for pattern in self.services):
            return False
        if self.metric is None:
            return True
        metrics = {evidence.key.metric for evidence in anomaly.evidence}
        metrics.update(forecast.key.metric for forecast in anomaly.forecasts)
        return bool(metrics) and all(matches(self.metric, metric) for metric in metrics)

    def ending(self, at: float) -> str:
        """Say that it ends soon, of one that is a silence."""
        whose = ", ".join(self.services) if self.metric is None else f"{self.metric} of {', '.join(self.services)}"
        return f"the silence of {whose} by {self.by} ends in {span(self.until - at)}"


def matches(pattern: str, name: str) -> bool:
    """Whether a name is the one that is written, or begins with what stands before a ``*``."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def names_everything(pattern: str) -> bool:
    """Whether a pattern has no literal part."""
    return not pattern.strip("*")


def silenced(services: Iterable[ServiceId], mutes: Iterable[Mute], at: float) -> int:
    """Count the services of which all findings are kept quiet at that time, but for what may be too severe."""
    live = [mute.services or ("*",) for mute in mutes if mute.metric is None and mute.since <= at < mute.until]
    names = {name for named in live for name in named}
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return sum(service in names or service.startswith(starts) for service in services) if names else 0


def mute_of(episode: Episode, mutes: Iterable[Mute], at: float) -> Mute | None:
    """Return what keeps an episode quiet at ``at``: for each of its findings some mute; the one that ends first."""
    live = [mute for mute in mutes if mute.is_live(episode.severity, at)]
    if not live:
        return None
    found = []
    for anomaly in episode.open_anomalies or (episode.lead,):
        covering = [mute for mute in live if mute.covers(anomaly)]
        if not covering:
            return None
        found.append(max(covering, key=lambda mute: (mute.until, mute.id)))
    return min(found, key=lambda mute: (mute.until, mute.id))
