"""The identities of threads and notices, and the channel that each squad reads."""

from typing import Final

from alerts.policy.episode import Episode, Thread
from alerts.policy.impact import Routes
from domain.identity import ClientId, NoticeId, SquadId, derive
from domain.journeys import Impact
from domain.notice import ChannelKind, Decision, Facts, Notice, Phase

REASONS: Final = 10  # why one squad is told: the journeys are listed beside them


def slack_channels(impact: Impact, routes: Routes) -> list[tuple[str, SquadId, str]]:
    """Return each Slack channel once, with the first of the squads that share it and the reasons of all."""
    channels: dict[str, list[tuple[SquadId, str]]] = {}
    for squad_id, reason in impact.squads:
        squad = routes.squads.get(squad_id)
        if squad is not None:
            channels.setdefault(squad.slack, []).append((squad_id, reason))
    found = []
    for channel, squads in channels.items():
        named = len(squads) > 1
        reasons = "; ".join(f"{squad}: {_few(reason)}" if named else _few(reason) for squad, reason in squads)
        found.append((channel, squads[0][0], reasons))
    return found


def _few(reason: str) -> str:
    """Return the first of many reasons, and how many more there are."""
    every = reason.split("; ")
    more = len(every) - REASONS
    return reason if more <= 0 else f"{'; '.join(every[:REASONS])}; and {more} more"


def who(thread: Thread) -> tuple[ChannelKind, str, ClientId | None]:
    """Return what tells the threads of one episode apart, cheaper than their ids."""
    return thread.channel, thread.recipient, thread.client


def thread_id(episode: Episode, channel: ChannelKind, recipient: str, client: ClientId | None) -> str:
    """Return the identity of the thread in which a recipient reads of an episode."""
    # Two clients may share a contact: the client is part of the identity, or their notices would mix.
    return derive("thread", episode.alert, channel, recipient, *(() if client is None else (client,)))


def notice_of(episode: Episode, thread: Thread, phase: Phase, decision: Decision, at: float, facts: Facts) -> Notice:
    """Return the notice that tells a thread of the episode's last transition."""
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
