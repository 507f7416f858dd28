"""The open episodes: each step of an alert is taken in and told, and event time brings what is due."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from alerts.memory import Memory, remember
from alerts.params import AlertParams
from alerts.policy import history, inhibit, lifecycle, overdue, wording
from alerts.policy.episode import Episode, Step
from alerts.policy.hours import day
from alerts.policy.impact import Routes
from alerts.policy.mutes import mute_of, silenced
from alerts.policy.notices import Told, announce, catch_up, escalate, is_behind, remind
from alerts.policy.scene import Around
from alerts.policy.severity import near, severity, worse
from domain.alert import Transition
from domain.notice import Notice, Notify, Phase

_COUNTED = {Phase.WARNING, Phase.UPDATE}  # towards a client's limit for the day


@dataclass(frozen=True, slots=True)
class Decided:
    """What one input led to, in order."""

    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


_NOTHING = Decided()


class Episodes:
    """What is open, as it is in memory; nothing is kept here that memory does not hold."""

    def __init__(self, routes: Routes, params: AlertParams, memory: Memory) -> None:
        self._routes = routes
        self._params = params
        self._memory = memory
        self._declared: tuple[inhibit.Declared, ...] = ()
        self.declare()

    @property
    def come(self) -> float:
        """How far event time has come."""
        return max(self._memory.partitions.values(), default=-math.inf)

    @property
    def silenced(self) -> int:
        """How many services, of those that are known or in trouble, are kept quiet now."""
        if not self._memory.mutes:
            return 0
        known = {*self._routes.services, *self._memory.episodes}
        return silenced(known, self._memory.mutes.values(), self.come)

    def apply(self, step: Step, *, echo: bool = True) -> Decided:
        """Take a step of an alert in: tell of it, or let the episode that it joined tell."""
        episode, memory = step.episode, self._memory
        if step.ended:
            del memory.episodes[episode.service]
            remember(memory.comings, episode.service, episode.comings, self._params.remember_most)
            self._remember_past(step)
        else:
            memory.episodes[episode.service] = episode
        if not episode.open_anomalies:
            self.wake(episode.alert)
        if step.transition is None:
            return _NOTHING
        if episode.root is None:
            told = announce(step, self._routes, self._params, self._around(episode, step.transition.at))
            return self._keep(told, step)
        own = Decided((step.transition,))
        if not echo:
            return own
        echoed = lifecycle.echoed(memory.episodes[episode.root], step)
        if not step.ended:
            return join((own, self.apply(echoed)))
        last = lifecycle.settled(echoed.episode, episode.changed_at, self._params)
        if last.transition is None or echoed.transition is None:
            return join((own, self.apply(echoed)))
        # The episode ends with its last consequence: nobody needs an update in the same moment.
        return join((own, Decided((echoed.transition,)), self.apply(last)))

    def tick(self, now: lifecycle.Now) -> Iterator[Decided]:
        """Let event time pass for every alert."""
        yield from self._remind_of_silences(now.fastest)
        for service in sorted(self._memory.episodes):
            episode = self._memory.episodes.get(service)  # it may have ended with a consequence
            if episode is not None:
                yield from self._tick(episode, now)

    def look_again(self) -> None:
        """Have every episode look, as soon as time moves, at whom it has kept something back from."""
        for service, episode in self._memory.episodes.items():
            if episode.root is None:
                self._memory.episodes[service] = replace(episode, due_at=episode.changed_at)

    def wake(self, cause: str) -> None:
        """Have the episodes look that are kept quiet as consequences of an alert or incident that is over."""
        for service, episode in self._memory.episodes.items():
            if cause in episode.waits_for:
                self._memory.episodes[service] = replace(episode, due_at=episode.changed_at)

    def declare(self) -> None:
        """Learn anew which incidents are open."""
        quiet_s = self._params.incident_quiets
        known = [
            (name, incident.services, incident.at if incident.began_at is None else incident.began_at)
            for name, incident in self._memory.incidents.items()
            if incident.open and incident.services
        ]
        self._declared = tuple(inhibit.Declared(name, named, at, at + quiet_s) for name, named, at in known)

    def _tick(self, episode: Episode, now: lifecycle.Now) -> Iterator[Decided]:
        memory, params, at = self._memory, self._params, now.fastest
        step = lifecycle.ticked(episode, now, params)
        if step.episode is episode:
            step = self._neared(episode, now)
        if step.transition is not None or step.episode is not episode:
            yield self.apply(step)
        if step.transition is not None or episode.root is not None:
            return
        episode = memory.episodes[episode.service]
        if episode.due_at is not None and at >= episode.due_at:
            yield self._look_at_what_was_kept(episode, at)
            episode = memory.episodes[episode.service]
        members = self._members(episode)
        also = overdue.escalations(episode, members, at, self._routes, params)
        said = overdue.reminder(episode, members, at, params)
        if also:
            told = "; ".join(f"{each.reason}: {each.channel} is told" for each in also)
            step = lifecycle.noted(episode, f"{told}; {wording.headline(episode.lead, at)}", at)
            yield self._keep(escalate(step, also, self._routes, params, self._around(episode, at)), step)
        elif said is not None:
            step = lifecycle.reminded(episode, f"{said}; {wording.headline(episode.lead, at)}", at)
            yield self._keep(remind(step, self._routes, params, self._around(episode, at)), step)
        elif is_behind(episode, at, params):
            yield self._keep(catch_up(episode, at, self._routes, params, self._around(episode, at)), Step(episode))

    def _neared(self, episode: Episode, now: lifecycle.Now) -> Step:
        """Rate anew what was far ahead when it was told and is near by now, though nothing else is new."""
        params = self._params
        for known in episode.open_anomalies:
            at = now.of(known)
            forecast = near(known, at, params)
            if forecast is not None and near(known, known.at, params) is None:
                level = severity(replace(known, at=at), self._routes.impact(known.service), self._routes, params)
                if worse(episode.severity, level) is not episode.severity:
                    return lifecycle.neared(episode, forecast, at, level)
        return Step(episode)

    def _remind_of_silences(self, at: float) -> Iterator[Decided]:
        """Tell squads that a silence ends soon while what it keeps quiet goes on."""
        memory = self._memory
        for mute in tuple(memory.mutes.values()):
            if mute.remind_at is None or at < mute.remind_at:
                continue
            memory.mutes[mute.id] = replace(mute, remind_at=None)
            for episode in memory.by_service():
                if episode.root is None and at < mute.until:
                    yield self._remind_of_silence(memory.episodes[episode.service], mute.id, at)

    def _remind_of_silence(self, episode: Episode, name: str, at: float) -> Decided:
        mutes = self._memory.mutes
        members = [member for member in (episode, *self._members(episode)) if member.open_anomalies]
        found = ((member, mute_of(member, mutes.values(), at)) for member in members)
        quiet = [member for member, mute in found if mute is not None and mute.id == name]
        if not quiet:
            return _NOTHING
        reason = f"{mutes[name].ending(at)}, and {quiet[0].service} is still in trouble"
        step = lifecycle.noted(episode, f"{reason}; {wording.headline(quiet[0].lead, at)}", at)
        told = remind(step, self._routes, self._params, self._around(episode, at), aloud=reason)
        return self._keep(told, step) if told.notices else _NOTHING

    def _look_at_what_was_kept(self, episode: Episode, at: float) -> Decided:
        """Tell whom something was kept back from; without anything to tell, nothing has happened."""
        headline = wording.headline(episode.lead, at)
        step = lifecycle.noted(episode, f"{headline}; what was kept back is told", at, urgent=False)
        told = announce(step, self._routes, self._params, self._around(step.episode, at))
        if any(isinstance(notice.decision, Notify) for notice in told.notices):
            return self._keep(told, step)
        if told.notices:  # they say why not
            return self._keep(told, lifecycle.noted(episode, f"{headline}; nothing of what was kept back is told", at))
        looked = told.episode
        kept = replace(episode, threads=looked.threads, due_at=looked.due_at, waits_for=looked.waits_for)
        return self._keep(Told(kept), Step(episode))

    def _keep(self, told: Told, step: Step) -> Decided:
        if not step.ended:
            self._memory.episodes[told.episode.service] = told.episode
            if self._memory.mutes and _is_hushed(step.episode, told.episode):
                # Whoever no longer hears of it does not know of it: what follows from it speaks for itself.
                for alert in (told.episode, *self._members(told.episode)):
                    self.wake(alert.alert)
        self._count(told.notices)
        decided = Decided(() if step.transition is None else (step.transition,), told.notices)
        new = [cause for cause in told.episode.waits_for if cause not in step.episode.waits_for]
        return join((decided, *self._tell_causes(told.episode, new))) if new and not step.ended else decided

    def _tell_causes(self, quieted: Episode, causes: Iterable[str]) -> Iterator[Decided]:
        """Have the episodes that speak for a consequence say that there is one."""
        alerts = [alert for cause in causes for alert in self._memory.episodes.values() if alert.alert == cause]
        for service in dict.fromkeys(alert.service if alert.root is None else alert.root for alert in alerts):
            root = self._memory.episodes[service]
            yield self.apply(lifecycle.noted(root, inhibit.line(quieted), quieted.changed_at, urgent=False))

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

    def _around(self, episode: Episode, at: float) -> Around:
        memory, members = self._memory, self._members(episode)
        names = {episode.alert, *(member.alert for member in members)}
        return Around(
            members=members,
            mutes=tuple(memory.mutes.values()),
            told=memory.told,
            bars=memory.bars,
            causes=inhibit.causes(episode, members, memory.episodes, self._declared, self._routes, at),
            quieted=tuple(each for each in memory.by_service() if not names.isdisjoint(each.waits_for)),
            past=memory.past.get(episode.service, ()),
        )

    def _members(self, episode: Episode) -> tuple[Episode, ...]:
        return tuple(self._memory.episodes[service] for service in episode.consequences)

    def _remember_past(self, step: Step) -> None:
        if step.transition is not None:
            service, memory = step.episode.service, self._memory
            known = (*memory.past.get(service, ()), history.past(step.episode, step.transition))
            remember(memory.past, service, known[-history.KEPT :], self._params.remember_services)


def _is_hushed(before: Episode, after: Episode) -> bool:
    """Whether a squad that was told of an episode is told no more."""
    return any(
        isinstance(old.decision, Notify) and old.warned and not isinstance(new.decision, Notify)
        for old, new in zip(before.threads, after.threads, strict=False)
        if old.squad is not None
    )


def join(parts: Iterable[Decided]) -> Decided:
    """Return what several parts led to, as one."""
    known = tuple(parts)
    return Decided(
        tuple(transition for part in known for transition in part.transitions),
        tuple(notice for part in known for notice in part.notices),
    )
