"""Who is told what of an episode: from a step of its life to notices, and to threads that remember who was told.

A squad hears of every change, a client only of the warning, of what changes it materially, and of the end. Whoever was
warned is told the end from what was stored with the episode, whatever the configuration says by then.
"""

from dataclasses import dataclass, replace

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Episode, Step, Thread
from alerts.policy.facts import client_facts, squad_facts
from alerts.policy.gate import gate
from alerts.policy.impact import Routes
from domain.alert import AlertStatus
from domain.anomaly import AnomalyKind
from domain.identity import ClientId, NoticeId, SquadId, derive
from domain.journeys import Impact
from domain.notice import ChannelKind, ClientFacts, Decision, Facts, Notice, Notify, Phase

_OWED = Notify("was warned, so is told the end")


@dataclass(frozen=True, slots=True)
class Told:
    """The notices that a step gave, and the episode that remembers them."""

    episode: Episode
    notices: tuple[Notice, ...] = ()


def announce(step: Step, routes: Routes, params: AlertParams) -> Told:
    """Tell whoever has to know of a step. A step that changed nothing tells nobody."""
    transition = step.transition
    if transition is None:
        return Told(step.episode)
    impact = routes.impact(step.episode.service)
    if step.ended:
        phase = Phase.RETRACTION if transition.status is AlertStatus.RETRACTED else Phase.ALL_CLEAR
        return _ending(step.episode, phase, transition.reason, impact, routes)
    desk = _Desk(step.episode, impact, routes, params, transition.at)
    clients = desk.clients()
    squads = desk.squads(transition.reason, urgent=step.urgent)
    return desk.told((*squads, *clients))


def catch_up(episode: Episode, at: float, routes: Routes, params: AlertParams) -> Told:
    """Tell the squads a change that had to wait for the gap between two updates, once ``at`` is beyond it."""
    behind = (thread for thread in episode.threads if thread.squad is not None and thread.sequence < episode.sequence)
    if not any(at >= thread.told_at + params.squad_update_gap for thread in behind):
        return Told(episode)
    desk = _Desk(episode, routes.impact(episode.service), routes, params, at)
    return desk.told(desk.squads(wording.headline(episode.lead, at), urgent=False))


class _Desk:
    """The notices of one moment of an open episode; ``threads`` take each notice in as it is written."""

    def __init__(self, episode: Episode, impact: Impact, routes: Routes, params: AlertParams, at: float) -> None:
        self._episode = episode
        self._impact = impact
        self._routes = routes
        self._params = params
        self._at = at
        self._threads = {thread.id: thread for thread in episode.threads}

    def told(self, notices: tuple[Notice, ...]) -> Told:
        """Return the episode with its threads brought up to date."""
        return Told(replace(self._episode, threads=tuple(self._threads.values())), notices)

    def squads(self, headline: str, *, urgent: bool) -> tuple[Notice, ...]:
        """Warn the channels that have not been warned, and update the others when it is urgent or their turn."""
        notices = []
        for channel, squad, reason in _slack_channels(self._impact, self._routes):
            thread_id = _thread_id(self._episode, ChannelKind.SLACK, channel, None)
            thread = self._threads.get(thread_id)
            if thread is None:
                thread = Thread(
                    id=thread_id,
                    channel=ChannelKind.SLACK,
                    recipient=channel,
                    squad=squad,
                    client=None,
                    reason=reason,
                    decision=Notify(reason),
                    warned=True,
                    sequence=0,
                    told_at=self._at,
                )
                phase = Phase.WARNING
            elif thread.sequence < self._episode.sequence and (
                urgent or self._at >= thread.told_at + self._params.squad_update_gap
            ):
                phase = Phase.UPDATE
            else:
                continue
            episode = replace(self._episode, threads=tuple(self._threads.values()))
            facts = squad_facts(episode, thread.reason, headline, self._at, self._impact, self._routes)
            notices.append(self._write(thread, phase, thread.decision, facts))
        return tuple(notices)

    def clients(self) -> tuple[Notice, ...]:
        """Pass every affected client through their gate, and write what is new for each of their contacts."""
        notices = []
        for client_id, _, reason in self._impact.clients:
            client = self._routes.clients[client_id]
            lead = self._episode.lead
            decision = gate(client.policy, lead.kind, lead.confidence, self._impact)
            facts = client_facts(client, self._episode, self._impact)
            for address in client.emails:  # one that is named twice finds its own thread
                thread_id = _thread_id(self._episode, ChannelKind.EMAIL, address, client_id)
                thread = self._threads.get(thread_id)
                if thread is None or not thread.warned:
                    notice = self._warning(thread, thread_id, client_id, address, reason, decision, facts)
                elif client.policy.approval == "automatic":
                    notice = self._update(thread, facts)
                else:
                    notice = None  # set to "ask" or "never" since the warning: no more than the ending
                if notice is not None:
                    notices.append(notice)
        return tuple(notices)

    def _warning(
        self,
        thread: Thread | None,
        thread_id: str,
        client: ClientId,
        address: str,
        reason: str,
        decision: Decision,
        facts: ClientFacts,
    ) -> Notice | None:
        if thread is not None and type(thread.decision) is type(decision):
            return None
        if thread is None:
            thread = Thread(
                id=thread_id,
                channel=ChannelKind.EMAIL,
                recipient=address,
                squad=None,
                client=client,
                reason=reason,
                decision=decision,
                warned=False,
                sequence=0,
                told_at=self._at,
            )
        thread = replace(
            thread,
            decision=decision,
            warned=isinstance(decision, Notify),
            facts=facts,
            impact_told=self._breached,
        )
        return self._write(thread, Phase.WARNING, decision, facts)

    def _update(self, thread: Thread, facts: ClientFacts) -> Notice | None:
        # A confidence that has sunk is no reason for silence towards somebody who was warned.
        before = thread.facts
        if before is None:
            return None
        if self._breached and not thread.impact_told:
            why = "the impact has begun"
        elif set(facts.journeys) - set(before.journeys):
            why = "more of their journeys are affected"
        elif self._moved(before, facts) and thread.corrections < self._params.client_forecast_updates:
            why = "the expected time has moved"
            thread = replace(thread, corrections=thread.corrections + 1)
        else:
            return None
        thread = replace(thread, facts=facts, impact_told=thread.impact_told or self._breached)
        return self._write(thread, Phase.UPDATE, Notify(why), facts)

    def _moved(self, before: ClientFacts, after: ClientFacts) -> bool:
        if after.expected_at is None:
            return False
        if before.expected_at is None:
            return True
        left_s = max(before.expected_at - self._at, 0.0)
        least_s = max(self._params.client_forecast_shift_least, self._params.client_forecast_shift * left_s)
        return abs(after.expected_at - before.expected_at) > least_s

    @property
    def _breached(self) -> bool:
        return self._episode.lead.kind is AnomalyKind.BREACH

    def _write(self, thread: Thread, phase: Phase, decision: Decision, facts: Facts) -> Notice:
        self._threads[thread.id] = replace(thread, sequence=self._episode.sequence, told_at=self._at)
        return _notice(self._episode, thread, phase, decision, self._at, facts)


def _ending(episode: Episode, phase: Phase, headline: str, impact: Impact, routes: Routes) -> Told:
    at = episode.changed_at
    notices = []
    for thread in sorted(episode.threads, key=lambda thread: thread.squad is None):
        if not thread.warned:
            continue
        facts: Facts | None = thread.facts
        if facts is None:
            facts = squad_facts(episode, thread.reason, f"{episode.service}: {headline}", at, impact, routes)
        notices.append(_notice(episode, thread, phase, _OWED, at, facts))
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
