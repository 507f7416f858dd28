"""What people answer, and mail servers for them: once each, about an episode, a service, or an address."""

import math
from collections.abc import Iterator

from alerts.episodes import Decided, Episodes
from alerts.memory import Memory, remember
from alerts.params import AlertParams
from alerts.policy import addresses, answers, lifecycle, opinions
from alerts.policy.episode import Episode
from domain.anomaly import AnomalyKind
from domain.feedback import Feedback, FeedbackKind


class Hearing:
    """Takes each answer in, and lets the episodes tell what follows from it."""

    def __init__(self, params: AlertParams, memory: Memory, episodes: Episodes) -> None:
        self._params = params
        self._memory = memory
        self._episodes = episodes

    def is_news(self, feedback: Feedback) -> bool:
        """Whether an answer was not heard before, is about anything known, and says what was not said already."""
        if feedback.id in self._memory.heard:
            return False
        if feedback.kind is FeedbackKind.UNSUBSCRIBE:
            return addresses.bar(feedback, feedback.at)[0] not in self._memory.bars
        alert = feedback.alert
        if alert is None:
            return True
        found = self._memory.find(alert)
        known = self._thread_of(found) if found is not None else (self._memory.find_past(alert) or (None, None))[1]
        return known is not None and not opinions.is_known(known, feedback)

    def hear(self, feedback: Feedback) -> Iterator[Decided]:
        """Take one answer in; a repeat, or one about nothing that is known, leads to nothing."""
        if feedback.id in self._memory.heard:
            return
        episode = None if feedback.alert is None else self._memory.find(feedback.alert)
        now = max(self._episodes.come, -math.inf if episode is None else episode.changed_at)
        now = feedback.at if now == -math.inf else now
        remember(self._memory.heard, feedback.id, now, self._params.remember_most)
        if feedback.kind in answers.OF_ADDRESSES:
            yield from self._address(feedback, now)
        elif feedback.kind is FeedbackKind.SILENCE:
            yield from self._silence(feedback, episode, now)
        elif episode is None:
            self._judge_past(feedback)
        elif feedback.kind is FeedbackKind.RESOLVE:
            yield from self._close(episode, f"ended by {answers.name(feedback)}", now)
        else:
            # People answer in the thread: what they say holds for the whole episode.
            yield self._episodes.apply(answers.answered(self._thread_of(episode), feedback, now, self._params))

    def _thread_of(self, episode: Episode) -> Episode:
        """Return the episode in whose threads an alert is told."""
        return episode if episode.root is None else self._memory.episodes[episode.root]

    def _silence(self, feedback: Feedback, episode: Episode | None, now: float) -> Iterator[Decided]:
        mute = answers.mute(feedback, episode, now, self._params)
        if mute is None:
            return
        if episode is not None:  # its squads still hear that it is quiet from now on
            yield self._episodes.apply(answers.answered(episode, feedback, now, self._params))
        remember(self._memory.mutes, mute.id, mute, self._params.remember_most)
        self._episodes.look_again()

    def _close(self, episode: Episode, reason: str, now: float) -> Iterator[Decided]:
        for service in episode.consequences:
            yield from self._close(self._memory.episodes[service], reason, now)
        left = self._memory.episodes.get(episode.service)
        if left is None:
            return  # its own end was due, and came with that of its last consequence
        for anomaly in left.open_anomalies:
            breached = anomaly.kind is AnomalyKind.BREACH
            remember(self._memory.dismissed, anomaly.id, breached, self._params.remember_most)
        yield self._episodes.apply(lifecycle.closed(left, reason, now))

    def _address(self, feedback: Feedback, now: float) -> Iterator[Decided]:
        memory = self._memory
        if not feedback.address.strip():
            return
        if feedback.kind is FeedbackKind.READMIT:
            memory.bars = addresses.without(memory.bars, feedback.address, feedback.client)
            self._episodes.look_again()
            return
        name, bar = addresses.bar(feedback, now)
        if name in memory.bars:
            return
        remember(memory.bars, name, bar, self._params.remember_most)
        urgent = feedback.kind is FeedbackKind.UNDELIVERABLE
        for root in memory.by_service():
            said = answers.barred(root, feedback, name, bar)
            if said is not None:
                at = max(root.changed_at, now)
                yield self._episodes.apply(lifecycle.noted(memory.episodes[root.service], said, at, urgent=urgent))

    def _judge_past(self, feedback: Feedback) -> None:
        """Count an opinion about an alert that has ended."""
        found = None if feedback.alert is None else self._memory.find_past(feedback.alert)
        if found is not None:
            service, meant = found
            self._memory.past[service] = tuple(
                opinions.judged(past, feedback) if past is meant else past for past in self._memory.past[service]
            )
