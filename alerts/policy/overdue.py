"""What is due because nobody has answered: escalation to a further channel, and a word that the trouble goes on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Episode, Thread
from alerts.policy.impact import Routes
from alerts.policy.severity import RANK
from domain.identity import SquadId
from domain.notice import Notify

LONGEST_WAIT_S = 86_400.0  # between two reminders, unless the setting itself is longer


@dataclass(frozen=True, slots=True)
class Escalation:
    """A further Slack channel that has to hear of an episode, on whose behalf, and why."""

    channel: str
    squad: SquadId
    reason: str


def escalations(
    episode: Episode, members: Sequence[Episode], at: float, routes: Routes, params: AlertParams
) -> tuple[Escalation, ...]:
    """Return the channels that have to hear of an episode now: its squads were warned long ago, and nobody answered."""
    if not routes.escalates or episode.acknowledged_by or not _goes_on(episode, members):
        return ()
    if RANK[episode.severity] < RANK[params.escalate_severity]:
        return ()
    threads = {thread.recipient: thread for thread in episode.threads if thread.squad is not None}
    found: dict[str, Escalation] = {}
    for squad_id in _squads(episode, members, routes):
        squad = routes.squads.get(squad_id)
        if squad is None or squad.escalate_to is None or squad.escalate_to in threads:
            continue
        thread = threads.get(squad.slack)
        if thread is None or not _hears(thread):
            continue
        since = thread.told_at if thread.warned_at is None else thread.warned_at
        if at >= since + params.escalate_after:
            reason = f"nobody at {squad_id} has acknowledged for {wording.span(at - since)}"
            found.setdefault(squad.escalate_to, Escalation(squad.escalate_to, squad_id, reason))
    return tuple(found.values())


def reminder(episode: Episode, members: Sequence[Episode], at: float, params: AlertParams) -> str | None:
    """Return what the squads have to hear when nothing was said for long; None while there is no need."""
    if params.repeat_every <= 0 or episode.acknowledged_by or not _goes_on(episode, members):
        return None
    if all(member.suspended_at is not None for member in (episode, *members) if member.open_anomalies):
        return None
    told_at = max((thread.told_at for thread in episode.threads if _hears(thread)), default=None)
    longest_s = max(LONGEST_WAIT_S, params.repeat_every)
    wait_s = min(params.repeat_every * 2.0 ** min(episode.reminders, 32), longest_s)
    if told_at is None or at < told_at + wait_s:
        return None
    return f"still going on after {wording.span(at - episode.opened_at)}, and nobody has acknowledged"


def _goes_on(episode: Episode, members: Sequence[Episode]) -> bool:
    return bool(episode.open_anomalies) or any(member.open_anomalies for member in members)


def _hears(thread: Thread) -> bool:
    return thread.squad is not None and thread.warned and isinstance(thread.decision, Notify)


def _squads(episode: Episode, members: Sequence[Episode], routes: Routes) -> Iterable[SquadId]:
    for member in (episode, *members):
        for squad, _ in routes.impact(member.service).squads:
            yield squad
