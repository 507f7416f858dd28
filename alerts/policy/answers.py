"""What a person's answer does to an episode: it is noted for all to see, and stands for as long as it was given."""

import math
from dataclasses import replace
from typing import assert_never

from alerts.params import AlertParams
from alerts.policy import addresses, lifecycle, opinions, wording
from alerts.policy.episode import Episode, Step, Word
from alerts.policy.mutes import EVERYTHING_S, Mute, names_everything
from domain.feedback import Feedback, FeedbackKind

WORDS_SHOWN = 200  # characters of what a person wrote
TEXT_KEPT = 500  # of what they add to what the clients read
OF_ADDRESSES = frozenset({FeedbackKind.UNDELIVERABLE, FeedbackKind.UNSUBSCRIBE, FeedbackKind.READMIT})


def name(feedback: Feedback) -> str:
    """Return who said it and what they added."""
    comment = feedback.comment.strip()
    return cut(f"{feedback.by}: {comment}" if comment else feedback.by)


def mute(feedback: Feedback, episode: Episode | None, now: float, params: AlertParams) -> Mute | None:
    """Return the silence that was asked for: of a service, or of the one of an open alert; None when it is over."""
    service = feedback.service if episode is None else feedback.service or episode.service
    until = _until(feedback, now, params.silence_lasts)
    if service is not None and names_everything(service):
        until = min(until, min(feedback.at, now) + EVERYTHING_S)
    if service is None or until <= now:
        return None
    ahead_s = params.silence_reminder
    remind_at = until - ahead_s if 0 < ahead_s <= (until - now) / 2 else None
    by = cut(feedback.by)
    return Mute(feedback.id, (service,), feedback.metric, _silenced(feedback), until, by, remind_at, feedback.below)


def answered(episode: Episode, feedback: Feedback, now: float, params: AlertParams) -> Step:
    """Note an answer in the episode. What is said about client notices counts from now on; an opinion is only noted."""
    said, urgent = f"{_VERBS.get(feedback.kind, feedback.kind)} {name(feedback)}", True
    match feedback.kind:
        case FeedbackKind.ACKNOWLEDGE:
            episode = replace(episode, acknowledged_by=cut(feedback.by))
        case FeedbackKind.APPROVE:
            text = paragraph(feedback.text)
            stands_until = _until(feedback, now, params.approval_lasts)
            words = _with(episode.words, Word(True, feedback.client, cut(feedback.by), stands_until, text))
            said = f"{said}, adding: {cut(text)}" if text else said
            episode = replace(episode, words=words)
        case FeedbackKind.HOLD:
            until = None if feedback.lasts_s is None else _until(feedback, now, feedback.lasts_s)
            words = _with(episode.words, Word(False, feedback.client, cut(feedback.by), until))
            episode = replace(episode, words=words)
        case FeedbackKind.USEFUL | FeedbackKind.NOT_USEFUL:
            if opinions.is_known(episode, feedback):
                return Step(episode)
            episode, urgent = opinions.judged(episode, feedback), False
        case FeedbackKind.SILENCE:
            said = _silenced(feedback)  # the caller sees to what it does
        case FeedbackKind.RESOLVE:
            pass  # so it does here
        case FeedbackKind.UNDELIVERABLE | FeedbackKind.UNSUBSCRIBE | FeedbackKind.READMIT:
            return Step(episode)  # about an address, not about an episode
        case _:
            assert_never(feedback.kind)
    at = max(episode.changed_at, now)
    return lifecycle.noted(episode, f"{said}; {wording.headline(episode.lead, at)}", at, urgent=urgent)


def barred(root: Episode, feedback: Feedback, name: str, bar: addresses.Barred) -> str | None:
    """Say for an episode's squads that one of its contacts gets no more mail; None if it reaches none of them."""
    met = [
        (thread, thread.facts)
        for thread in root.threads
        if thread.facts is not None and addresses.folded(thread.recipient) == bar.address
    ]
    if feedback.kind is FeedbackKind.UNSUBSCRIBE:
        names = [facts.client_name for thread, facts in met if facts.optional and bar.client in {None, thread.client}]
        return f"1 contact of {names[0]} has unsubscribed from optional notices" if names else None
    reached = ((facts.client_name, thread.recipient) for thread, facts in met)
    return "; ".join(addresses.returned_lines({name: bar}, reached)) or None


def paragraph(text: str) -> str:
    """Return what a person wrote as one paragraph, without what does not print, no longer than is kept."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * TEXT_KEPT])
    words = " ".join(shown.split())
    return words if len(words) <= TEXT_KEPT else words[: TEXT_KEPT - 1] + "…"


def cut(text: str) -> str:
    """Return no more of a person's words than belongs in a message."""
    return text if len(text) <= WORDS_SHOWN else text[: WORDS_SHOWN - 1] + "…"


def _with(words: tuple[Word, ...], word: Word) -> tuple[Word, ...]:
    """Add a word, and let go those that can never count again: a later one outlasts them, whoever gave it."""
    ends = math.inf if word.until is None else word.until
    return (
        *(
            known
            for known in words
            if word.client not in {None, known.client}
            or (math.inf if known.until is None else known.until) > ends
            or (known.allows and not word.allows)  # that it has run out is still a reason
        ),
        word,
    )


def _silenced(feedback: Feedback) -> str:
    below = "" if feedback.below is None else f" below {feedback.below}"
    return f"silenced{below} by {name(feedback)}"


def _until(feedback: Feedback, now: float, usual_s: float) -> float:
    # From the earlier of the two clocks: an answer that waited in a queue must not stand for longer.
    return min(feedback.at, now) + (usual_s if feedback.lasts_s is None else feedback.lasts_s)


_VERBS = {
    FeedbackKind.ACKNOWLEDGE: "acknowledged by",
    FeedbackKind.RESOLVE: "ended by",
    FeedbackKind.APPROVE: "client notices approved by",
    FeedbackKind.HOLD: "client notices held by",
    FeedbackKind.USEFUL: "called useful by",
    FeedbackKind.NOT_USEFUL: "called not useful by",
}
