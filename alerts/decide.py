"""The decide stage: one ordered log of findings, events, answers and event time becomes transitions and notices.

Deterministic: no clock, no chance. A repeat of what was seen before changes nothing.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from alerts.memory import Incident, Memory, remember, restored
from alerts.params import AlertParams
from alerts.policy import answers, lifecycle
from alerts.policy.correlate import episode_to_join
from alerts.policy.episode import Episode, Step
from alerts.policy.hours import day
from alerts.policy.impact import Routes
from alerts.policy.mutes import Mute
from alerts.policy.notices import Told, announce, catch_up
from alerts.policy.scene import Around
from alerts.policy.severity import severity
from domain.alert import Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import ServiceId
from domain.journeys import Landscape
from domain.notice import Notice, Notify, Phase
from domain.state import Plain
from domain.telemetry import EventKind, EventStatus, IncidentEvent

_ANOMALY_ORDER = {phase: rank for rank, phase in enumerate(AnomalyPhase)}
_EVENT_ORDER = {status: rank for rank, status in enumerate(EventStatus)}
_FORGET_EVERY_S = 3600.0
_AHEAD_S = 300.0  # a declared event may run ahead of telemetry by this; a wrong clock moves an alert no further
_COUNTED = {Phase.WARNING, Phase.UPDATE}  # towards a client's limit for the day


@dataclass(frozen=True, slots=True)
class Decided:
    """What one input led to, in order."""

    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


_NOTHING = Decided()


class Decide:
    """All open alerts of one installation, and what is remembered to recognise repeats."""

    def __init__(self, landscape: Landscape, params: AlertParams) -> None:
        self._routes = Routes(landscape)
        self._params = params
        self._memory = Memory()

    def handle(self, item: Anomaly | IncidentEvent | Watermark | Feedback) -> Decided:
        """Take one record of the log and return what it led to; a repeated or late one leads to nothing."""
        match item:
            case Anomaly():
                return _join(self._anomaly(item))
            case IncidentEvent(kind=EventKind.INCIDENT):
                return _join(self._incident(item))
            case IncidentEvent(kind=EventKind.MAINTENANCE):
                self._maintenance(item)
                return _NOTHING
            case IncidentEvent():
                return _NOTHING
            case Watermark():
                return _join(self._watermark(item))
            case Feedback():
                return _join(self._feedback(item))
            case _:
                assert_never(item)

    @property
    def open_alerts(self) -> tuple[Episode, ...]:
        """The alerts that have not ended, by service."""
        return self._memory.by_service()

    def debt(self) -> int:
        """Return how many recipients were warned and have not been told the end."""
        return sum(episode.debt for episode in self._memory.episodes.values())

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return self._memory.snapshot()

    def restore(self, state: Plain) -> None:
        """Take over a snapshot, also one that was made under another configuration.

        Raises StateError when it is damaged or of another version; the state is then what it was before.
        """
        self._memory = restored(state)

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
            yield self._apply(lifecycle.settled(episode, anomaly.at, self._params))
            episode = memory.episodes.get(anomaly.service)
        if anomaly.phase is not AnomalyPhase.ENDED:
            yield self._trouble(episode, anomaly, again=last is not None)
            yield self._apply(lifecycle.swung(memory.episodes[anomaly.service], self._params))
        elif episode is not None:
            yield from self._link_late(episode, anomaly.at)
            yield self._apply(lifecycle.calmed(memory.episodes[anomaly.service], anomaly, self._params))

    def _trouble(self, episode: Episode | None, anomaly: Anomaly, *, again: bool) -> Decided:
        level = severity(anomaly, self._routes.impact(anomaly.service), self._routes, self._params)
        if episode is not None:
            return self._apply(lifecycle.continued(episode, anomaly, level))
        step = lifecycle.opened(
            anomaly,
            level,
            self._incident_of(anomaly.service),
            again=again,
            joins=episode_to_join(anomaly, self.open_alerts, self._routes, self._params.correlate_within),
            swings=self._memory.swings.pop(anomaly.service, ()),
        )
        return self._apply(step)

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
        if not is_open:
            return
        met = {
            episode.service for episode in self.open_alerts if not event.services or episode.service in event.services
        }
        # An episode has met whatever its consequences have met.
        met |= {root for service in met if (root := self._memory.episodes[service].root) is not None}
        for service in sorted(met):
            episode = self._memory.episodes[service]
            at = min(event.at, max(self._come, episode.changed_at) + _AHEAD_S)
            yield self._apply(lifecycle.linked(episode, event.id, at), echo=False)

    def _maintenance(self, event: IncidentEvent) -> None:
        """Keep quiet about the services of an announced maintenance while it lasts."""
        key = f"maintenance {event.id}"
        if event.at < self._memory.heard.get(key, -math.inf):
            return
        remember(self._memory.heard, key, event.at, self._params.remember_most)
        if event.status is EventStatus.CLOSED:
            self._memory.mutes.pop(key, None)
        else:
            until = event.at + self._params.maintenance_most
            mute = Mute(key, event.services, None, f"{key} goes on", until)
            remember(self._memory.mutes, key, mute, self._params.remember_most)
        self._look_again()

    def _feedback(self, feedback: Feedback) -> Iterator[Decided]:
        if feedback.id in self._memory.heard:
            return
        episode = None if feedback.alert is None else self._memory.find(feedback.alert)
        now = max(self._come, -math.inf if episode is None else episode.changed_at)
        now = feedback.at if now == -math.inf else now
        remember(self._memory.heard, feedback.id, now, self._params.remember_most)
        if feedback.kind is FeedbackKind.SILENCE:
            mute = answers.mute(feedback, episode, now, self._params)
            if mute is None:
                return
            if episode is not None:  # its squads still hear that it is quiet from now on
                yield self._apply(answers.answered(episode, feedback, now, self._params))
            remember(self._memory.mutes, mute.id, mute, self._params.remember_most)
            self._look_again()
        elif episode is not None and feedback.kind is FeedbackKind.RESOLVE:
            yield from self._close(episode, f"ended by {answers.name(feedback)}", now)
        elif episode is not None:
            # People answer in the thread: what they say holds for the whole episode.
            root = episode if episode.root is None else self._memory.episodes[episode.root]
            yield self._apply(answers.answered(root, feedback, now, self._params))

    def _close(self, episode: Episode, reason: str, now: float) -> Iterator[Decided]:
        for service in episode.consequences:
            yield from self._close(self._memory.episodes[service], reason, now)
        left = self._memory.episodes.get(episode.service)
        if left is None:
            return  # its own end was due, and came with that of its last consequence
        for anomaly in left.open_anomalies:
            breached = anomaly.kind is AnomalyKind.BREACH
            remember(self._memory.dismissed, anomaly.id, breached, self._params.remember_most)
        yield self._apply(lifecycle.closed(left, reason, now))

    def _watermark(self, watermark: Watermark) -> Iterator[Decided]:
        partitions = self._memory.partitions
        known = partitions.get(watermark.partition)
        if known is None or watermark.at > known:
            partitions[watermark.partition] = watermark.at
        fastest = self._come
        if self._memory.forgot_at is None or fastest >= self._memory.forgot_at + _FORGET_EVERY_S:
            self._forget(fastest)
        if not self._memory.episodes:
            return
        idle_at = fastest - self._params.partition_idle_after
        now = lifecycle.Now(fastest, min(at for at in partitions.values() if at >= idle_at))
        for service in sorted(self._memory.episodes):
            if service in self._memory.episodes:  # it may have ended with a consequence
                yield self._tick(self._memory.episodes[service], now)

    def _tick(self, episode: Episode, now: lifecycle.Now) -> Decided:
        step = lifecycle.ticked(episode, now, self._params)
        if step.transition is not None:
            return self._apply(step)
        episode = step.episode
        if episode.due_at is not None and now.fastest >= episode.due_at:
            return self._look_at_what_was_kept(episode, now.fastest)
        around = self._around(episode) if episode.joined is None else Around()
        return self._keep(catch_up(episode, now.fastest, self._routes, self._params, around), None)

    def _look_at_what_was_kept(self, episode: Episode, at: float) -> Decided:
        """Tell whom something was kept back from; without anything to tell, nothing has happened."""
        step = lifecycle.noted(episode, "what was kept back has been looked at again", at, urgent=False)
        told = announce(step, self._routes, self._params, self._around(step.episode))
        if told.notices:
            return self._keep(told, step.transition)
        looked = told.episode
        return self._keep(Told(replace(episode, threads=looked.threads, due_at=looked.due_at)), None)

    def _apply(self, step: Step, *, echo: bool = True) -> Decided:
        """Take a step of an alert in: tell of it, or let the episode that it joined tell."""
        episode, memory = step.episode, self._memory
        if step.ended:
            del memory.episodes[episode.service]
            remember(memory.swings, episode.service, episode.swings, self._params.remember_most)
        else:
            memory.episodes[episode.service] = episode
        if step.transition is None:
            return _NOTHING
        if episode.root is None:
            told = announce(step, self._routes, self._params, self._around(episode))
            return self._keep(told, step.transition, ended=step.ended)
        own = Decided((step.transition,))
        if not echo:
            return own
        echoed = lifecycle.echoed(memory.episodes[episode.root], step)
        if not step.ended:
            return _join((own, self._apply(echoed)))
        last = lifecycle.settled(echoed.episode, episode.changed_at, self._params)
        if last.transition is None or echoed.transition is None:
            return _join((own, self._apply(echoed)))
        # The episode ends with its last consequence: nobody needs an update in the same moment.
        return _join((own, Decided((echoed.transition,)), self._apply(last)))

    def _keep(self, told: Told, transition: Transition | None, *, ended: bool = False) -> Decided:
        if not ended:
            self._memory.episodes[told.episode.service] = told.episode
        self._count(told.notices)
        return Decided(() if transition is None else (transition,), told.notices)

    def _count(self, notices: tuple[Notice, ...]) -> None:
        """Count what was sent towards the limits of clients who have one: one change once, however many contacts."""
        sent = {
            notice.client: notice.decided_at
            for notice in notices
            if notice.client is not None and notice.phase in _COUNTED and isinstance(notice.decision, Notify)
        }
        for name, at in sent.items():
            client = self._routes.clients[name]
            if client.policy.max_per_day is not None:
                today = day(at, client.timezone)
                known, count = self._memory.told.get(name, (today, 0))
                self._memory.told[name] = (today, count + 1 if known == today else 1)

    def _around(self, episode: Episode) -> Around:
        members = tuple(self._memory.episodes[service] for service in episode.consequences)
        return Around(members, tuple(self._memory.mutes.values()), self._memory.told)

    def _look_again(self) -> None:
        """Have every episode look, as soon as time moves, at whom it has kept something back from."""
        for service, episode in self._memory.episodes.items():
            if episode.root is None:
                self._memory.episodes[service] = replace(episode, due_at=episode.changed_at)

    @property
    def _come(self) -> float:
        """How far event time has come."""
        return max(self._memory.partitions.values(), default=-math.inf)

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
            yield self._apply(lifecycle.linked(self._memory.episodes[service], min(met)[1], ended_at), echo=False)

    def _forget(self, now: float) -> None:
        self._memory.forget(now, self._params.remember)
        oldest = now - self._params.flap_window
        swings = self._memory.swings
        self._memory.swings = {service: times for service, times in swings.items() if max(times, default=0.0) > oldest}


def _join(parts: Iterable[Decided]) -> Decided:
    known = tuple(parts)
    return Decided(
        tuple(transition for part in known for transition in part.transitions),
        tuple(notice for part in known for notice in part.notices),
    )
