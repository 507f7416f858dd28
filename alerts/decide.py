"""The decide stage: one ordered log of findings, declared events and event time becomes transitions and notices.

Deterministic: no clock, no chance. A repeat of what was seen before changes nothing.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

from pydantic import TypeAdapter, ValidationError

from alerts.params import AlertParams
from alerts.policy import lifecycle
from alerts.policy.episode import Episode, Step
from alerts.policy.impact import Routes
from alerts.policy.notices import Told, announce, catch_up
from alerts.policy.severity import severity
from domain.alert import Transition
from domain.anomaly import Anomaly, AnomalyPhase, Watermark
from domain.errors import StateError
from domain.identity import AnomalyId, ServiceId
from domain.journeys import Landscape
from domain.notice import Notice
from domain.state import Plain
from domain.telemetry import EventKind, EventStatus, IncidentEvent

VERSION = 1
_ANOMALY_ORDER = {phase: rank for rank, phase in enumerate(AnomalyPhase)}
_EVENT_ORDER = {status: rank for rank, status in enumerate(EventStatus)}
_FORGET_EVERY_S = 3600.0
_AHEAD_S = 300.0  # a declared event may run ahead of telemetry by this; a wrong clock moves an alert no further

_Name = TypeVar("_Name", bound=str)
_Mark = TypeVar("_Mark")


@dataclass(frozen=True, slots=True)
class Decided:
    """What one input led to, in order."""

    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


_NOTHING = Decided()


@dataclass(frozen=True, slots=True)
class _Incident:
    """The last that was heard of a declared incident."""

    at: float
    order: int
    services: tuple[ServiceId, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class _Saved:
    """The whole state, as a snapshot holds it."""

    version: int
    episodes: tuple[Episode, ...]
    seen: tuple[tuple[AnomalyId, float, int], ...]
    incidents: tuple[tuple[str, _Incident], ...]
    partitions: tuple[tuple[int, float], ...]
    forgot_at: float | None


_SAVED: TypeAdapter[_Saved] = TypeAdapter(_Saved)


class Decide:
    """All open alerts of one installation, and what is remembered to recognise repeats."""

    def __init__(self, landscape: Landscape, params: AlertParams) -> None:
        self._routes = Routes(landscape)
        self._params = params
        self._episodes: dict[ServiceId, Episode] = {}
        self._seen: dict[AnomalyId, tuple[float, int]] = {}
        self._incidents: dict[str, _Incident] = {}
        self._partitions: dict[int, float] = {}
        self._forgot_at: float | None = None

    def handle(self, item: Anomaly | IncidentEvent | Watermark) -> Decided:
        """Take one record of the log and return what it led to; a repeated or late one leads to nothing."""
        match item:
            case Anomaly():
                return self._anomaly(item)
            case IncidentEvent():
                return self._event(item)
            case Watermark():
                return self._watermark(item)
            case _:
                assert_never(item)

    @property
    def open_alerts(self) -> tuple[Episode, ...]:
        """The alerts that have not ended, by service."""
        return tuple(self._episodes[service] for service in sorted(self._episodes))

    def debt(self) -> int:
        """Return how many recipients were warned and have not been told the end."""
        return sum(episode.debt for episode in self._episodes.values())

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        saved = _Saved(
            version=VERSION,
            episodes=self.open_alerts,
            seen=tuple((anomaly, at, order) for anomaly, (at, order) in self._seen.items()),
            incidents=tuple(self._incidents.items()),
            partitions=tuple(self._partitions.items()),
            forgot_at=self._forgot_at,
        )
        plain: dict[str, Any] = _SAVED.dump_python(saved, mode="json")
        return plain

    def restore(self, state: Plain) -> None:
        """Take over a snapshot, also one that was made under another configuration.

        Raises StateError when it is damaged or of another version; the state is then what it was before.
        """
        version = state.get("version") if isinstance(state, Mapping) else None
        if version != VERSION:
            raise StateError(f"saved alerts have version {version!r}; this release reads version {VERSION}")
        try:
            saved = _SAVED.validate_python(state)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise StateError(f"saved alerts are damaged at {place}: {first['msg']}") from None
        self._episodes = {episode.service: episode for episode in saved.episodes}
        self._seen = {anomaly: (at, order) for anomaly, at, order in saved.seen}
        self._incidents = dict(saved.incidents)
        self._partitions = dict(saved.partitions)
        self._forgot_at = saved.forgot_at

    def _anomaly(self, anomaly: Anomaly) -> Decided:
        last = self._seen.get(anomaly.id)
        mark = (anomaly.at, _ANOMALY_ORDER[anomaly.phase])
        if last is not None and mark <= last:
            return _NOTHING
        _remember(self._seen, anomaly.id, mark, self._params.remember_most)
        decided = []
        episode = self._episodes.get(anomaly.service)
        if episode is not None:
            decided.append(self._apply(lifecycle.settled(episode, anomaly.at, self._params)))
            episode = self._episodes.get(anomaly.service)
        step = self._step(episode, anomaly, again=last is not None)
        if step is not None:
            decided.append(self._apply(step))
        return _join(decided)

    def _step(self, episode: Episode | None, anomaly: Anomaly, *, again: bool) -> Step | None:
        if anomaly.phase is AnomalyPhase.ENDED:
            return None if episode is None else lifecycle.calmed(episode, anomaly, self._params)
        impact = self._routes.impact(anomaly.service)
        level = severity(anomaly, impact, self._routes, self._params)
        if episode is None:
            return lifecycle.opened(anomaly, level, self._incident_of(anomaly.service), again=again)
        return lifecycle.continued(episode, anomaly, level)

    def _event(self, event: IncidentEvent) -> Decided:
        if event.kind is not EventKind.INCIDENT:
            return _NOTHING
        last = self._incidents.get(event.id)
        order = _EVENT_ORDER[event.status]
        if last is not None and (event.at, order) <= (last.at, last.order):
            return _NOTHING
        is_open = event.status is not EventStatus.CLOSED
        incident = _Incident(event.at, order, event.services, is_open)
        _remember(self._incidents, event.id, incident, self._params.remember_most)
        if not is_open:
            return _NOTHING
        met = [episode for episode in self.open_alerts if not event.services or episode.service in event.services]
        come = max(self._partitions.values(), default=-math.inf)
        return _join(
            self._apply(lifecycle.linked(episode, event.id, min(event.at, max(come, episode.changed_at) + _AHEAD_S)))
            for episode in met
        )

    def _watermark(self, watermark: Watermark) -> Decided:
        partitions = self._partitions
        known = partitions.get(watermark.partition)
        if known is None or watermark.at > known:
            partitions[watermark.partition] = watermark.at
        fastest = max(partitions.values())
        if self._forgot_at is None or fastest >= self._forgot_at + _FORGET_EVERY_S:
            self._forget(fastest)
        if not self._episodes:
            return _NOTHING
        idle_at = fastest - self._params.partition_idle_after
        now = lifecycle.Now(fastest, min(at for at in partitions.values() if at >= idle_at))
        return _join(self._tick(episode, now) for episode in self.open_alerts)

    def _tick(self, episode: Episode, now: lifecycle.Now) -> Decided:
        step = lifecycle.ticked(episode, now, self._params)
        if step.transition is not None:
            return self._apply(step)
        told = catch_up(step.episode, now.fastest, self._routes, self._params)
        return self._keep(told, None)

    def _apply(self, step: Step) -> Decided:
        decided = self._keep(announce(step, self._routes, self._params), step.transition)
        if step.ended:
            del self._episodes[step.episode.service]
        return decided

    def _keep(self, told: Told, transition: Transition | None) -> Decided:
        self._episodes[told.episode.service] = told.episode
        return Decided(() if transition is None else (transition,), told.notices)

    def _incident_of(self, service: ServiceId) -> str | None:
        """Return the open incident that was declared first for this service."""
        met = [
            (incident.at, name)
            for name, incident in self._incidents.items()
            if incident.open and (not incident.services or service in incident.services)
        ]
        return min(met)[1] if met else None

    def _forget(self, now: float) -> None:
        self._forgot_at = now
        oldest = now - self._params.remember
        alive = {anomaly.id for episode in self._episodes.values() for anomaly in episode.open_anomalies}
        self._seen = {name: mark for name, mark in self._seen.items() if mark[0] >= oldest or name in alive}
        self._incidents = {name: incident for name, incident in self._incidents.items() if incident.at >= oldest}


def _remember(memory: dict[_Name, _Mark], name: _Name, mark: _Mark, most: int) -> None:
    """Put ``name`` last, and let the first go when there are too many."""
    memory.pop(name, None)
    memory[name] = mark
    if len(memory) > most:
        del memory[next(iter(memory))]


def _join(parts: Iterable[Decided]) -> Decided:
    known = tuple(parts)
    return Decided(
        tuple(transition for part in known for transition in part.transitions),
        tuple(notice for part in known for notice in part.notices),
    )
