"""Who is told what of an episode: from a step of its life to notices, and to threads that remember who was told.

A squad hears of every change, a client only of the warning, of what changes it materially, and of the end. Whoever was
warned is told the end from what was stored with the episode, whatever the configuration says by then.
"""

from dataclasses import dataclass, replace

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Episode, Step, Thread
from alerts.policy.facts import client_facts, squad_facts
from alerts.policy.gate import gate, pause
from alerts.policy.impact import Routes
from alerts.policy.scene import Around, Reach, Scene
from domain.alert import AlertStatus
from domain.identity import ClientId, NoticeId, SquadId, derive
from domain.journeys import Client, Impact
from domain.notice import ChannelKind, ClientFacts, Decision, Facts, Hold, Notice, Notify, Phase, Suppress

_OWED = Notify("was warned, so is told the end")
_ALONE = Around()


@dataclass(frozen=True, slots=True)
class Told:
    """The notices that a step gave, and the episode that remembers them."""

    episode: Episode
    notices: tuple[Notice, ...] = ()


def announce(step: Step, routes: Routes, params: AlertParams, around: Around = _ALONE) -> Told:
    """Tell whoever has to know of a step of an episode. A step that changed nothing tells nobody."""
    transition = step.transition
    if transition is None:
        return Told(step.episode)
    scene = Scene(step.episode, around, routes, transition.at)
    if step.ended:
        phase = Phase.RETRACTION if transition.status is AlertStatus.RETRACTED else Phase.ALL_CLEAR
        return _ending(scene, phase, transition.reason, routes)
    desk = _Desk(scene, routes, params)
    clients = desk.clients()
    squads = desk.squads(transition.reason, urgent=step.urgent)
    return desk.told((*squads, *clients))


def catch_up(episode: Episode, at: float, routes: Routes, params: AlertParams, around: Around = _ALONE) -> Told:
    """Tell the squads a change that had to wait for the gap between two updates, once ``at`` is beyond it."""
    behind = (
        thread
        for thread in episode.threads
        if thread.squad is not None and thread.sequence < episode.sequence and isinstance(thread.decision, Notify)
    )
    if not any(at >= thread.told_at + params.squad_update_gap for thread in behind):
        return Told(episode)
    scene = Scene(episode, around, routes, at)
    if scene.suspended:
        return Told(episode)
    desk = _Desk(scene, routes, params)
    return desk.told(desk.squads(wording.headline(scene.lead, at), urgent=False))


class _Desk:
    """The notices of one moment of an open episode; the threads take each notice in as it is written."""

    def __init__(self, scene: Scene, routes: Routes, params: AlertParams) -> None:
        self._scene = scene
        self._episode = scene.root
        self._routes = routes
        self._params = params
        self._at = scene.at
        self._threads = {_who(thread): thread for thread in scene.root.threads}

    def told(self, notices: tuple[Notice, ...]) -> Told:
        """Return the episode with its threads brought up to date, and when to look at what was kept back."""
        threads = tuple(self._threads.values())
        times = [thread.decision.until for thread in threads if isinstance(thread.decision, Hold)]
        ahead = [until for until in (*times, self._scene.muted_until) if until is not None and until > self._at]
        return Told(replace(self._episode, threads=threads, due_at=min(ahead, default=None)), notices)

    def squads(self, headline: str, *, urgent: bool) -> tuple[Notice, ...]:
        """Warn the channels that have not been warned, and update the others when it is urgent or their turn."""
        notices = []
        for channel, squad, reason, decision in self._channels():
            thread = self._threads.get((ChannelKind.SLACK, channel, None))
            if thread is None:
                thread_id = _thread_id(self._episode, ChannelKind.SLACK, channel, None)
                thread = Thread(
                    thread_id, ChannelKind.SLACK, channel, squad, None, reason, decision, False, 0, self._at
                )
            elif not self._squad_is_due(thread, decision, urgent=urgent):
                continue
            if not thread.warned and not self._scene.active:
                continue  # it seems over: they are warned only if the trouble comes back
            phase = Phase.UPDATE if thread.warned else Phase.WARNING
            thread = replace(thread, decision=decision, warned=thread.warned or isinstance(decision, Notify))
            told = tuple(self._threads.values())
            facts = squad_facts(self._scene, told, thread.reason, headline, self._impact, self._routes)
            notices.append(self._write(thread, phase, decision, facts))
        return tuple(notices)

    def clients(self) -> tuple[Notice, ...]:
        """Pass every affected client through their gate, and write what is new for each of their contacts."""
        notices = []
        for client_id, _, reason in self._impact.clients:
            client = self._routes.clients[client_id]
            reach = self._scene.reach(client_id)
            for address in client.emails:  # one that is named twice finds its own thread
                thread = self._threads.get((ChannelKind.EMAIL, address, client_id))
                if not self._scene.active and (thread is None or not thread.warned):
                    continue  # it seems over: they are warned only if the trouble comes back
                told = None if thread is None else thread.facts
                facts = client_facts(client, reach, self._scene.journeys(client), told)
                notice: Notice | None
                if thread is None:
                    thread_id = _thread_id(self._episode, ChannelKind.EMAIL, address, client_id)
                    decision = self._gate(client, reach)
                    thread = Thread(
                        thread_id, ChannelKind.EMAIL, address, None, client_id, reason, decision, False, 0, self._at
                    )
                    notice = self._warning(thread, decision, facts, reach)
                elif not thread.warned:
                    notice = self._second_thought(thread, self._gate(client, reach), facts, reach)
                else:
                    notice = self._update(thread, client, facts, reach)
                if notice is not None:
                    notices.append(notice)
        return tuple(notices)

    @property
    def _impact(self) -> Impact:
        joint = self._scene.joint
        return self._routes.impact(self._episode.service) if joint is None else joint.impact

    def _channels(self) -> list[tuple[str, SquadId, str, Decision]]:
        """Return each Slack channel once; one that only what is muted reaches is not told, visibly."""
        joint, mute = self._scene.loud_joint, self._scene.mute
        loud = [] if joint is None else _slack_channels(joint.impact, self._routes)
        channels: list[tuple[str, SquadId, str, Decision]]
        channels = [(channel, squad, reason, Notify(reason)) for channel, squad, reason in loud]
        if mute is not None:
            known = {channel for channel, *_ in channels}
            muted = _slack_channels(self._impact, self._routes)
            quiet = Suppress(mute.reason)
            channels += [(channel, squad, why, quiet) for channel, squad, why in muted if channel not in known]
        return channels

    def _squad_is_due(self, thread: Thread, decision: Decision, *, urgent: bool) -> bool:
        if isinstance(decision, Suppress):
            return not isinstance(thread.decision, Suppress)
        if thread.sequence >= self._episode.sequence:
            return False
        if not thread.warned or urgent:
            return True
        return not self._scene.suspended and self._at >= thread.told_at + self._params.squad_update_gap

    def _gate(self, client: Client, reach: Reach) -> Decision:
        mute = self._scene.mute
        if mute is not None and not self._scene.is_loud(client.id):
            return Suppress(mute.reason)
        moment = self._scene.moment(client, reach)
        decisions = [gate(client.policy, lead.kind, lead.confidence, self._impact, moment) for lead in reach.leads]
        return min(decisions, key=lambda decision: (Notify, Hold, Suppress).index(type(decision)))

    def _second_thought(self, thread: Thread, decision: Decision, facts: ClientFacts, reach: Reach) -> Notice | None:
        """Decide anew about somebody who has not been warned; only another decision is put on record."""
        same = type(decision) is type(thread.decision)
        if same and not (isinstance(decision, Hold) and decision.reason != thread.decision.reason):
            self._threads[_who(thread)] = replace(thread, decision=decision)
            return None
        return self._warning(thread, decision, facts, reach)

    def _warning(self, thread: Thread, decision: Decision, facts: ClientFacts, reach: Reach) -> Notice:
        warned = isinstance(decision, Notify)
        thread = replace(thread, decision=decision, warned=warned, facts=facts, impact_told=reach.begun)
        return self._write(thread, Phase.WARNING, decision, facts)

    def _update(self, thread: Thread, client: Client, facts: ClientFacts, reach: Reach) -> Notice | None:
        # A confidence that has sunk is no reason for silence towards somebody who was warned.
        before = thread.facts
        if before is None:
            return None
        begun = reach.begun
        moved = False
        if begun and not thread.impact_told:
            why = "the impact has begun"
        elif set(facts.journeys) - set(before.journeys):
            why = "more of their journeys are affected"
        elif self._moved(before, facts) and thread.corrections < self._params.client_forecast_updates:
            why, moved = "the expected time has moved", True
        else:
            return None
        decision = self._may_update(client, reach, why)
        if not isinstance(decision, Notify):
            if decision is None or decision == thread.decision:
                return None
            return self._write(replace(thread, decision=decision), Phase.UPDATE, decision, facts)
        thread = replace(
            thread,
            decision=decision,
            facts=facts,
            impact_told=thread.impact_told or begun,
            corrections=thread.corrections + moved,
        )
        return self._write(thread, Phase.UPDATE, decision, facts)

    def _may_update(self, client: Client, reach: Reach, why: str) -> Decision | None:
        """Decide about an update; None where no more than the ending is due, which needs no record."""
        moment = self._scene.moment(client, reach)
        word = moment.word
        if client.policy.approval == "never":
            return None  # withdrawn since the warning
        if word is None and client.policy.approval != "automatic":
            return None  # asks for a word each time, and there is none now
        if word is not None and not word.allows:
            return Hold(f"held by {word.by}", word.until)
        mute = self._scene.mute
        if mute is not None and not self._scene.is_loud(client.id):
            return Suppress(mute.reason)
        return pause(client.policy, moment) or Notify(why)

    def _moved(self, before: ClientFacts, after: ClientFacts) -> bool:
        if after.expected_at is None:
            return False
        if before.expected_at is None:
            return True
        left_s = max(before.expected_at - self._at, 0.0)
        least_s = max(self._params.client_forecast_shift_least, self._params.client_forecast_shift * left_s)
        return abs(after.expected_at - before.expected_at) > least_s

    def _write(self, thread: Thread, phase: Phase, decision: Decision, facts: Facts) -> Notice:
        self._threads[_who(thread)] = replace(thread, sequence=self._episode.sequence, told_at=self._at)
        return _notice(self._episode, thread, phase, decision, self._at, facts)


def _ending(scene: Scene, phase: Phase, headline: str, routes: Routes) -> Told:
    episode = scene.root
    impact = routes.impact(episode.service) if scene.joint is None else scene.joint.impact
    notices = []
    for thread in sorted(episode.threads, key=lambda thread: thread.squad is None):
        if not thread.warned:
            continue
        facts: Facts | None = thread.facts
        if facts is None:
            said = f"{episode.service}: {headline}"
            facts = squad_facts(scene, episode.threads, thread.reason, said, impact, routes)
        notices.append(_notice(episode, thread, phase, _OWED, episode.changed_at, facts))
    return Told(replace(episode, threads=()), tuple(notices))


def _slack_channels(impact: Impact, routes: Routes) -> list[tuple[str, SquadId, str]]:
    """Return each Slack channel once, with the first of the squads that share it and the reasons of all."""
    channels: dict[str, list[tuple[SquadId, str]]] = {}
    for squad_id, reason in impact.squads:
        squad = routes.squads.get(squad_id)
        if squad is not None:
            channels.setdefault(squad.slack, []).append((squad_id, reason))
    found = []
    for channel, squads in channels.items():
        named = len(squads) > 1
        reasons = "; ".join(f"{squad}: {reason}" if named else reason for squad, reason in squads)
        found.append((channel, squads[0][0], reasons))
    return found


def _who(thread: Thread) -> tuple[ChannelKind, str, ClientId | None]:
    """Return what tells the threads of one episode apart, cheaper than their ids."""
    return thread.channel, thread.recipient, thread.client


def _thread_id(episode: Episode, channel: ChannelKind, recipient: str, client: ClientId | None) -> str:
    # Two clients may share a contact: the client is part of the identity, or their notices would mix.
    return derive("thread", episode.alert, channel, recipient, *(() if client is None else (client,)))


def _notice(episode: Episode, thread: Thread, phase: Phase, decision: Decision, at: float, facts: Facts) -> Notice:
    whose = () if thread.client is None else (thread.client,)
    identity = derive("notice", episode.alert, episode.sequence, phase, thread.channel, thread.recipient, *whose)
    return Notice(
        id=NoticeId(identity),
        thread=thread.id,
        alert=episode.alert,
        sequence=episode.sequence,
        phase=phase,
        channel=thread.channel,
        recipient=thread.recipient,
        squad=thread.squad,
        client=thread.client,
        decision=decision,
        decided_at=at,
        facts=facts,
    )
