"""The decide stage: one ordered log of findings, events, answers and event time becomes transitions and notices.

Deterministic: no clock, no chance. A repeat of what was seen before changes nothing.
"""

import math
from collections.abc import Iterator
from typing import assert_never

from alerts.episodes import Decided, Episodes, join
from alerts.hearing import Hearing
from alerts.memory import Incident, Memory, remember, restored
from alerts.params import AlertParams
from alerts.policy import lifecycle
from alerts.policy.correlate import episode_to_join
from alerts.policy.episode import Episode
from alerts.policy.impact import Routes
from alerts.policy.mutes import Mute
from alerts.policy.severity import severity
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.feedback import Feedback
from domain.identity import ServiceId
from domain.journeys import Landscape
from domain.state import Plain
from domain.telemetry import EventKind, EventStatus, IncidentEvent

__all__ = ["Decide", "Decided"]

_ANOMALY_ORDER = {phase: rank for rank, phase in enumerate(AnomalyPhase)}
_EVENT_ORDER = {status: rank for rank, status in enumerate(EventStatus)}
_FORGET_EVERY_S = 3600.0
_AHEAD_S = 300.0  # a declared event may run ahead of telemetry by this; a wrong clock moves an alert no further


_NOTHING = Decided()


class Decide:
    """All open alerts of one installation, and what is remembered to recognise repeats."""

    def __init__(self, landscape: Landscape, params: AlertParams) -> None:
        self._routes = Routes(landscape)
        self._params = params
        self._take(Memory())

    def _take(self, memory: Memory) -> None:
        self._memory = memory
        self._episodes = Episodes(self._routes, self._params, memory)
        self._hearing = Hearing(self._params, memory, self._episodes)

    def handle(self, item: Anomaly | IncidentEvent | Watermark | Feedback) -> Decided:
        """Take one record of the log and return what it led to; a repeated or late one leads to nothing."""
        match item:
            case Anomaly():
                return join(self._anomaly(item))
            case IncidentEvent(kind=EventKind.INCIDENT):
                return join(self._incident(item))
            case IncidentEvent(kind=EventKind.MAINTENANCE):
                self._maintenance(item)
                return _NOTHING
            case IncidentEvent():
                return _NOTHING
            case Watermark():
                return join(self._watermark(item))
            case Feedback():
                return join(self._hearing.hear(item))
            case _:
                assert_never(item)

    @property
    def open_alerts(self) -> tuple[Episode, ...]:
        """The alerts that have not ended, by service."""
        return self._memory.by_service()

    def is_news(self, feedback: Feedback) -> bool:
        """Whether an answer was not heard before and is about anything known."""
        return self._hearing.is_news(feedback)

    def debt(self) -> int:
        """Return how many recipients were warned and have not been told the end."""
        return sum(episode.debt for episode in self._memory.episodes.values())

    def silenced(self) -> int:
        """Return how many services are kept quiet now."""
        return self._episodes.silenced

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return self._memory.snapshot()

    def restore(self, state: Plain) -> None:
        """Take over a snapshot, also one that was made under another configuration.

        Raises StateError when it is damaged or of another version; the state is then what it was before.
        """
        self._take(restored(state))

    def _anomaly(self, anomaly: Anomaly) -> Iterator[Decided]:
        memory = self._memory
        last = memory.seen.get(anomaly.id)
        mark = (anomaly.at, _ANOMALY_ORDER[anomaly.phase])
        if last is not None and mark <= last:
            return
        remember(memory.seen, anomaly.id, mark, self._params.remember_most)
        if self._is_dismissed(anomaly):
            return
        episode = memory.episodes.get(anomaly.service)
        if episode is not None:
            if anomaly.phase is AnomalyPhase.OPENED:
                episode = lifecycle.made_way(episode, anomaly)
            yield self._episodes.apply(lifecycle.settled(episode, anomaly.at, self._params))
            episode = memory.episodes.get(anomaly.service)
        if anomaly.phase is not AnomalyPhase.ENDED:
            yield self._trouble(episode, anomaly, again=last is not None)
            yield self._episodes.apply(lifecycle.swung(memory.episodes[anomaly.service], self._params))
        elif episode is not None:
            yield from self._link_late(episode, anomaly.at)
            yield self._episodes.apply(lifecycle.calmed(memory.episodes[anomaly.service], anomaly, self._params))

    def _trouble(self, episode: Episode | None, anomaly: Anomaly, *, again: bool) -> Decided:
        level = severity(anomaly, self._routes.impact(anomaly.service), self._routes, self._params)
        if episode is not None:
            return self._episodes.apply(lifecycle.continued(episode, anomaly, level))
        step = lifecycle.opened(
            anomaly,
            level,
            self._incident_of(anomaly.service),
            again=again,
            joins=episode_to_join(anomaly, self.open_alerts, self._routes, self._params),
            comings=self._memory.comings.pop(anomaly.service, ()),
        )
        return self._episodes.apply(step)

    def _is_dismissed(self, anomaly: Anomaly) -> bool:
        """Whether a person has ended the alert of this finding, and it has not begun to hurt since."""
        breached = self._memory.dismissed.get(anomaly.id)
        if breached is None:
            return False
        still = anomaly.phase is not AnomalyPhase.ENDED and (breached or anomaly.kind is not AnomalyKind.BREACH)
        if not still:
            del self._memory.dismissed[anomaly.id]
        return still

    def _incident(self, event: IncidentEvent) -> Iterator[Decided]:
        last = self._memory.incidents.get(event.id)
        order = _EVENT_ORDER[event.status]
        if last is not None and (event.at, order) <= (last.at, last.order):
            return
        is_open = event.status is not EventStatus.CLOSED
        known_at = None if last is None else last.began_at
        began_at = event.at if known_at is None else min(known_at, event.at)
        incident = Incident(event.at, order, event.services, is_open, began_at)
        remember(self._memory.incidents, event.id, incident, self._params.remember_most)
        self._episodes.declare()
        if not is_open:
            self._episodes.wake(event.id)
            return
        met = {
            episode.service for episode in self.open_alerts if not event.services or episode.service in event.services
        }
        # An episode has met whatever its consequences have met.
        met |= {root for service in met if (root := self._memory.episodes[service].root) is not None}
        for service in sorted(met):
            episode = self._memory.episodes[service]
            at = min(event.at, max(self._episodes.come, episode.changed_at) + _AHEAD_S)
            yield self._episodes.apply(lifecycle.linked(episode, event.id, at), echo=False)

    def _maintenance(self, event: IncidentEvent) -> None:
        """Keep quiet about the services of an announced maintenance while it lasts."""
        key = f"maintenance {event.id}"
        known = self._memory.heard.get(key)
        closes = event.status is EventStatus.CLOSED and key in self._memory.mutes
        if known is not None and (event.at < known or (event.at == known and not closes)):
            return  # late, or a repeat
        remember(self._memory.heard, key, event.at, self._params.remember_most)
        if event.status is EventStatus.CLOSED:
            self._memory.mutes.pop(key, None)
        else:
            until = event.at + self._params.maintenance_most
            before, is_ahead = self._memory.mutes.get(key), event.at > self._episodes.come + _AHEAD_S > -math.inf
            since = before.since if before is not None else event.at if is_ahead else 0.0
            mute = Mute(key, event.services, None, f"{key} goes on", until, since=since)
            remember(self._memory.mutes, key, mute, self._params.remember_most)
        self._episodes.look_again()

    def _watermark(self, watermark: Watermark) -> Iterator[Decided]:
        partitions = self._memory.partitions
        known = partitions.get(watermark.partition)
        if known is not None and watermark.at <= known:
            return  # a repeat: nothing becomes due by it
        partitions[watermark.partition] = watermark.at
        fastest = self._episodes.come
        if self._memory.forgot_at is None or fastest >= self._memory.forgot_at + _FORGET_EVERY_S:
            self._forget(fastest)
        if not self._memory.episodes:
            return
        idle_at = fastest - self._params.partition_idle_after
        yield from self._episodes.tick(lifecycle.Now(partitions, idle_at))

    def _incident_of(self, service: ServiceId) -> str | None:
        """Return the open incident that was declared first for this service."""
        met = [
            (incident.at, name)
            for name, incident in self._memory.incidents.items()
            if incident.open and (not incident.services or service in incident.services)
        ]
        return min(met)[1] if met else None

    def _link_late(self, episode: Episode, ended_at: float) -> Iterator[Decided]:
        """Link an alert that ends to an incident of its time that was opened and closed before the alert was read.

        So it is when telemetry is read late, after an interruption: what came true must not end as withdrawn.
        """
        met = [
            (incident.began_at, name)
            for name, incident in self._memory.incidents.items()
            if incident.began_at is not None
            and not incident.open
            and (not incident.services or episode.service in incident.services)
            and incident.began_at <= ended_at
            and incident.at >= episode.opened_at
        ]
        if not met:
            return
        for service in filter(None, (episode.service, episode.root)):
            yield self._episodes.apply(
                lifecycle.linked(self._memory.episodes[service], min(met)[1], ended_at), echo=False
            )

    def _forget(self, now: float) -> None:
        self._memory.forget(now, self._params.remember)
        self._episodes.declare()
        oldest = now - self._params.flap_window
        known = self._memory.comings
        self._memory.comings = {service: each for service, each in known.items() if each and each[-1].at > oldest}
