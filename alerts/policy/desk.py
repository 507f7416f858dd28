"""The notices of one moment of an open episode: who is warned, updated, or kept from it, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from alerts.params import AlertParams
from alerts.policy import grouping
from alerts.policy.client_desk import ClientDesk
from alerts.policy.client_lines import client_lines
from alerts.policy.episode import Episode, Thread
from alerts.policy.facts import squad_facts
from alerts.policy.impact import Routes
from alerts.policy.overdue import Escalation
from alerts.policy.scene import Reach, Scene
from alerts.policy.threads import notice_of, slack_channels, thread_id, who
from domain.identity import SquadId
from domain.journeys import Impact
from domain.notice import ChannelKind, ClientFacts, Decision, Facts, Hold, Notice, Notify, Phase, SquadFacts, Suppress


@dataclass(frozen=True, slots=True)
class Told:
    """The notices that a step gave, and the episode that remembers them."""

    episode: Episode
    notices: tuple[Notice, ...] = ()


class Desk:
    """The notices of one moment of an open episode; the threads take each notice in as it is written."""

    def __init__(self, scene: Scene, routes: Routes, params: AlertParams) -> None:
        self._scene = scene
        self._episode = scene.root
        self._routes = routes
        self._params = params
        self._at = scene.at
        self._threads = {who(thread): thread for thread in scene.root.threads}
        self._waits_for = dict.fromkeys(scene.root.waits_for)

    def everybody(self, headline: str, *, urgent: bool) -> Told:
        """Tell squads and clients of a change; what keeps anybody quiet is found anew."""
        self._waits_for.clear()
        clients = self._clients()
        return self._told((*self._squads(headline, urgent=urgent), *clients))

    def squads_only(self, headline: str, *, urgent: bool, aloud: str = "") -> Told:
        """Tell squads; with a reason to say it ``aloud``, those that it is kept quiet from, too."""
        return self._told(self._squads(headline, urgent=urgent, aloud=aloud))

    def escalate(self, escalations: Sequence[Escalation]) -> None:
        """Add the channels that have to hear of it because nobody has acknowledged."""
        for each in escalations:
            name = thread_id(self._episode, ChannelKind.SLACK, each.channel, None)
            thread = self._new(name, ChannelKind.SLACK, each.channel, each.squad, each.reason, Notify(each.reason))
            self._threads.setdefault(who(thread), replace(thread, escalated=True))

    def _told(self, notices: tuple[Notice, ...]) -> Told:
        """Return the episode with its threads brought up to date, and when to look at what was kept back."""
        threads = tuple(self._threads.values())
        times = [thread.decision.until for thread in threads if isinstance(thread.decision, Hold)]
        ahead = [until for until in (*times, self._scene.muting_changes_at) if until is not None and until > self._at]
        due_at = min(ahead, default=None)
        return Told(replace(self._episode, threads=threads, due_at=due_at, waits_for=tuple(self._waits_for)), notices)

    def _squads(self, headline: str, *, urgent: bool, aloud: str = "") -> tuple[Notice, ...]:
        """Warn the channels that have not been warned, and update the others when it is urgent or their turn."""
        notices, facts = [], None
        for channel, squad, reason, decision in self._channels(aloud):
            thread = self._threads.get((ChannelKind.SLACK, channel, None))
            if thread is None:
                name = thread_id(self._episode, ChannelKind.SLACK, channel, None)
                thread = self._new(name, ChannelKind.SLACK, channel, squad, reason, decision)
            elif not self._squad_is_due(thread, decision, urgent=urgent):
                continue
            if not thread.warned and not self._scene.active:
                continue  # it seems over: they are warned only if the trouble comes back
            phase = Phase.UPDATE if thread.warned else Phase.WARNING
            if isinstance(decision, Notify) and not (thread.warned and isinstance(thread.decision, Notify)):
                thread = replace(thread, warned=True, warned_at=self._at)  # after a silence their time begins anew
            mute = self._scene.mute
            quiet = None if mute is None or decision != Notify(aloud) else Suppress(mute.reason)
            thread = replace(thread, decision=quiet or decision)  # what is said aloud ends no silence
            facts = self._facts(headline) if facts is None else facts
            notices.append(self._write(thread, phase, decision, replace(facts, reason=thread.reason)))
        return tuple(notices)

    def _facts(self, headline: str) -> SquadFacts:
        """Return what all squads read alike."""
        clients = client_lines(self._threads.values(), self._impact, self._routes)
        return squad_facts(self._scene, clients, headline, self._impact, self._routes)

    def _clients(self) -> tuple[Notice, ...]:
        """Pass every affected client through their gate, and write what is new for each of their contacts."""
        notices = []
        for client_id, _, reason in self._impact.clients:
            client = self._routes.clients[client_id]
            desk = ClientDesk(self._scene, client, self._impact)
            for address in client.emails:  # one that is named twice finds its own thread
                thread = self._threads.get((ChannelKind.EMAIL, address, client_id))
                if not desk.reach.active and (thread is None or not thread.warned):
                    continue  # it seems over: they are warned only if the trouble comes back
                if thread is not None and thread.warned:
                    notice = self._update(thread, desk)
                else:
                    facts = desk.facts(None)  # what was kept back before was never told
                    decision, cause = desk.may_warn(address, facts)
                    decision = self._unless_growing(thread, decision, desk)
                    if cause is not None:
                        self._waits_for[cause] = None
                    if thread is None:
                        name = thread_id(self._episode, ChannelKind.EMAIL, address, client_id)
                        thread = Thread(
                            name, ChannelKind.EMAIL, address, None, client_id, reason, decision, False, 0, self._at
                        )
                        notice = self._warning(thread, decision, facts, desk.reach)
                    else:
                        notice = self._second_thought(thread, decision, facts, desk.reach)
                if notice is not None:
                    notices.append(notice)
        return tuple(notices)

    @property
    def _impact(self) -> Impact:
        joint = self._scene.joint
        return self._routes.impact(self._episode.service) if joint is None else joint.impact

    def _channels(self, aloud: str) -> list[tuple[str, SquadId, str, Decision]]:
        """Return each Slack channel once; one that only what is muted reaches is not told, visibly."""
        joint, mute = self._scene.loud_joint, self._scene.mute
        loud = [] if joint is None else slack_channels(joint.impact, self._routes)
        channels: list[tuple[str, SquadId, str, Decision]]
        channels = [(channel, squad, why, self._unless_known(channel, why)) for channel, squad, why in loud]
        if mute is not None:
            known = {channel for channel, *_ in channels}
            for channel, squad, why in slack_channels(self._impact, self._routes):
                if channel not in known:
                    quiet = self._unless_known(channel, aloud) if aloud else Suppress(mute.reason)
                    channels.append((channel, squad, why, quiet))
        known = {channel for channel, *_ in channels}
        for thread in self._threads.values():
            if thread.escalated and thread.squad is not None and thread.recipient not in known:
                quiet = Notify(thread.reason) if mute is None or joint is not None else Suppress(mute.reason)
                channels.append((thread.recipient, thread.squad, thread.reason, quiet))
        return channels

    def _unless_known(self, channel: str, reason: str) -> Decision:
        """Decide about a squad: whoever was warned hears on; a new warning waits where the cause is known already."""
        thread = self._threads.get((ChannelKind.SLACK, channel, None))
        if thread is not None and thread.warned:
            return Notify(reason)
        cause = self._scene.cause_for_squad(channel)
        if cause is None:
            return Notify(reason)
        self._waits_for[cause.id] = None
        return cause.hold

    def _squad_is_due(self, thread: Thread, decision: Decision, *, urgent: bool) -> bool:
        if thread.sequence >= self._episode.sequence:
            return False  # of one change there is one notice
        match decision:
            case Suppress():
                return not isinstance(thread.decision, Suppress)
            case Hold():
                return decision != thread.decision
            case Notify():
                pass
            case _:
                assert_never(decision)
        if not thread.warned or urgent:
            return True
        if self._scene.suspended:
            return False
        was_quiet = not isinstance(thread.decision, Notify)  # or nothing would tell them that it goes on
        return was_quiet or self._at >= grouping.due_at(thread, self._episode, self._params)

    def _second_thought(self, thread: Thread, decision: Decision, facts: ClientFacts, reach: Reach) -> Notice | None:
        """Decide anew about somebody who has not been warned; only another decision is put on record."""
        same = type(decision) is type(thread.decision)
        if same and not (isinstance(decision, Hold) and decision.reason != thread.decision.reason):
            if decision != thread.decision:
                self._threads[who(thread)] = replace(thread, decision=decision)
            return None
        return self._warning(thread, decision, facts, reach)

    def _warning(self, thread: Thread, decision: Decision, facts: ClientFacts, reach: Reach) -> Notice:
        warned = isinstance(decision, Notify)
        thread = replace(thread, decision=decision, warned=warned, facts=facts, impact_told=reach.begun)
        return self._write(thread, Phase.WARNING, decision, facts)

    def _update(self, thread: Thread, desk: ClientDesk) -> Notice | None:
        # A confidence that has sunk is no reason for silence towards somebody who was warned.
        before = thread.facts
        if before is None:
            return None
        begun = desk.reach.begun
        moved = grows = False
        if begun and not thread.impact_told:
            why = "the impact has begun"
        elif self._scene.active and desk.grows(before):
            why, grows = "more of their journeys are affected", True
        elif self._moved(before, desk.expected_at) and thread.corrections < self._params.client_forecast_updates:
            why, moved = "the expected time has moved", True
        elif desk.words not in {"", before.words}:
            why = desk.added
        elif isinstance(thread.decision, Hold):
            over = grouping.over(thread.decision)
            return self._write(replace(thread, decision=over), Phase.UPDATE, over, before)
        else:
            return None
        facts = desk.facts(before)
        decision = desk.may_update(thread.recipient, why)
        if grows and decision is not None:
            decision = self._unless_growing(thread, decision, desk)
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

    def _unless_growing(self, thread: Thread | None, decision: Decision, desk: ClientDesk) -> Decision:
        """Let a letter that may go wait for what belongs to it, and say afterwards that it has."""
        if not isinstance(decision, Notify):
            return decision
        wait_s = self._params.group_wait
        hold = grouping.wait(desk.reach.members, thread, self._at, wait_s)
        if hold is not None and desk.may_wait(grouping.DEAR * wait_s):
            return hold
        return grouping.waited(decision, thread, self._at)

    def _moved(self, before: ClientFacts, expected_at: float | None) -> bool:
        if expected_at is None:
            return False
        if before.expected_at is None:
            return True
        left_s = max(before.expected_at - self._at, 0.0)
        least_s = max(self._params.client_forecast_shift_least, self._params.client_forecast_shift * left_s)
        return abs(expected_at - before.expected_at) > least_s

    def _new(
        self, name: str, channel: ChannelKind, recipient: str, squad: SquadId, reason: str, decision: Decision
    ) -> Thread:
        return Thread(name, channel, recipient, squad, None, reason, decision, False, 0, self._at)

    def _write(self, thread: Thread, phase: Phase, decision: Decision, facts: Facts) -> Notice:
        self._threads[who(thread)] = replace(thread, sequence=self._episode.sequence, told_at=self._at)
        return notice_of(self._episode, thread, phase, decision, self._at, facts)
