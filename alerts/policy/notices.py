"""Who is told what of an episode: from a step of its life to notices, and to threads that remember who was told.

A squad hears of every change, a client only of the warning, of what changes it materially, and of the end. Whoever was
warned is told the end from what was stored with the episode, whatever the configuration says by then.
"""

from collections.abc import Sequence
from dataclasses import replace

from alerts.params import AlertParams
from alerts.policy import grouping, wording
from alerts.policy.client_lines import client_lines
from alerts.policy.desk import Desk, Told
from alerts.policy.episode import Episode, Step, Thread
from alerts.policy.facts import squad_facts
from alerts.policy.impact import Routes
from alerts.policy.overdue import Escalation
from alerts.policy.scene import Around, Scene
from alerts.policy.threads import notice_of
from domain.alert import AlertStatus
from domain.notice import Decision, Facts, Notify, Phase

__all__ = ["Told", "announce", "catch_up", "escalate", "is_behind", "remind"]

_OWED = Notify("was warned, so is told the end")
_ALONE = Around()


def announce(step: Step, routes: Routes, params: AlertParams, around: Around = _ALONE) -> Told:
    """Tell whoever has to know of a step of an episode. A step that changed nothing tells nobody."""
    transition = step.transition
    if transition is None:
        return Told(step.episode)
    scene = Scene(step.episode, around, routes, transition.at)
    if step.ended:
        phase = Phase.RETRACTION if transition.status is AlertStatus.RETRACTED else Phase.ALL_CLEAR
        return _ending(scene, phase, transition.reason, routes)
    return Desk(scene, routes, params).everybody(transition.reason, urgent=step.urgent)


def escalate(
    step: Step, also: Sequence[Escalation], routes: Routes, params: AlertParams, around: Around = _ALONE
) -> Told:
    """Tell further channels of an episode that nobody has acknowledged, and its squads that they are told."""
    transition = step.transition
    if transition is None:
        return Told(step.episode)
    desk = Desk(Scene(step.episode, around, routes, transition.at), routes, params)
    desk.escalate(also)
    return desk.squads_only(transition.reason, urgent=True)


def remind(step: Step, routes: Routes, params: AlertParams, around: Around = _ALONE, *, aloud: str = "") -> Told:
    """Tell the squads that it goes on; with a reason to say it ``aloud``, those that it is kept quiet from, too."""
    transition = step.transition
    if transition is None:
        return Told(step.episode)
    desk = Desk(Scene(step.episode, around, routes, transition.at), routes, params)
    return desk.squads_only(transition.reason, urgent=True, aloud=aloud)


def is_behind(episode: Episode, at: float, params: AlertParams) -> bool:
    """Whether a squad has not heard the last change, and the gap between two updates is over by ``at``."""
    return any(
        thread.squad is not None
        and thread.sequence < episode.sequence
        and at >= grouping.due_at(thread, episode, params)
        and isinstance(thread.decision, Notify)
        for thread in episode.threads
    )


def catch_up(episode: Episode, at: float, routes: Routes, params: AlertParams, around: Around = _ALONE) -> Told:
    """Tell the squads a change that had to wait for the gap between two updates, once ``at`` is beyond it."""
    if not is_behind(episode, at, params):
        return Told(episode)
    scene = Scene(episode, around, routes, at)
    if scene.suspended:
        return Told(episode)
    return Desk(scene, routes, params).squads_only(_since_told(scene), urgent=False)


def _since_told(scene: Scene) -> str:
    """Say what is happening, and what has joined since a squad heard of it: that may be all that is new."""
    root = scene.root
    told_at = min(each.told_at for each in root.threads if each.squad is not None and each.sequence < root.sequence)
    joined = [each.service for each in scene.active if each.opened_at > told_at]
    if not joined or scene.is_pipeline:
        return scene.headline
    return f"{scene.headline}; also affected: {wording.listed(joined)}"


def _ending(scene: Scene, phase: Phase, headline: str, routes: Routes) -> Told:
    episode = scene.root
    impact = routes.impact(episode.service) if scene.joint is None else scene.joint.impact
    notices, known = [], None
    for thread in sorted(episode.threads, key=lambda thread: thread.squad is None):
        if not thread.warned and not grouping.is_wait(thread.decision):
            continue
        facts: Facts
        if thread.facts is None:
            if known is None:
                clients = client_lines(episode.threads, impact, routes)
                known = squad_facts(scene, clients, f"{episode.service}: {headline}", impact, routes)
            facts = replace(known, reason=thread.reason)
        else:
            facts = replace(thread.facts, words="")  # what a person added was about the trouble, not about its end
        owed = (phase, _owed(scene, thread))
        told, decision = owed if thread.warned else (Phase.WARNING, grouping.over(thread.decision))
        notices.append(notice_of(episode, thread, told, decision, episode.changed_at, facts))
    return Told(replace(episode, threads=()), tuple(notices))


def _owed(scene: Scene, thread: Thread) -> Decision:
    """Return whether somebody is told the end: everybody who was warned, unless no mail reaches them any more."""
    if thread.client is None or thread.facts is None:
        return _OWED
    return scene.refusal(thread.recipient, thread.client, optional=thread.facts.optional) or _OWED
