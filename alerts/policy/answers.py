"""What a person's answer does to an episode: it is noted for all to see, and stands for as long as it was given."""

from dataclasses import replace
from typing import assert_never

from alerts.params import AlertParams
from alerts.policy import lifecycle, wording
from alerts.policy.episode import Episode, Step, Word
from alerts.policy.mutes import Mute
from domain.feedback import Feedback, FeedbackKind

WORDS_SHOWN = 200  # characters of what a person wrote


def name(feedback: Feedback) -> str:
    """Return who said it and what they added."""
    comment = feedback.comment.strip()
    return cut(f"{feedback.by}: {comment}" if comment else feedback.by)


def mute(feedback: Feedback, episode: Episode | None, now: float, params: AlertParams) -> Mute | None:
    """Return the silence that was asked for: of a service, or of the one of an open alert; None when it is over."""
    service = feedback.service if episode is None else feedback.service or episode.service
    until = _until(feedback, now, params.silence_lasts)
    if service is None or until <= now:
        return None
    return Mute(feedback.id, (service,), feedback.metric, f"silenced by {name(feedback)}", until)


def answered(episode: Episode, feedback: Feedback, now: float, params: AlertParams) -> Step:
    """Note an answer in the episode. What is said about client notices counts from now on; an opinion is only noted."""
    said, urgent = f"{_VERBS.get(feedback.kind, feedback.kind)} {name(feedback)}", True
    match feedback.kind:
        case FeedbackKind.ACKNOWLEDGE:
            episode = replace(episode, acknowledged_by=cut(feedback.by))
        case FeedbackKind.APPROVE:
            word = Word(True, feedback.client, cut(feedback.by), _until(feedback, now, params.approval_lasts))
            episode = replace(episode, words=(*episode.words, word))
        case FeedbackKind.HOLD:
            until = None if feedback.lasts_s is None else _until(feedback, now, feedback.lasts_s)
            episode = replace(episode, words=(*episode.words, Word(False, feedback.client, cut(feedback.by), until)))
        case FeedbackKind.USEFUL | FeedbackKind.NOT_USEFUL:
            urgent = False
        case FeedbackKind.SILENCE | FeedbackKind.RESOLVE:
            pass  # the caller sees to what it does; here it is only told
        case FeedbackKind.UNDELIVERABLE | FeedbackKind.UNSUBSCRIBE | FeedbackKind.READMIT:
            return Step(episode)  # about an address, not about an episode
        case _:
            assert_never(feedback.kind)
    at = max(episode.changed_at, now)
    return lifecycle.noted(episode, f"{said}; {wording.headline(episode.lead, at)}", at, urgent=urgent)


def cut(text: str) -> str:
    """Return no more of a person's words than belongs in a message."""
    return text if len(text) <= WORDS_SHOWN else text[: WORDS_SHOWN - 1] + "…"


def _until(feedback: Feedback, now: float, usual_s: float) -> float:
    # From the earlier of the two clocks: an answer that waited in a queue must not stand for longer.
    return min(feedback.at, now) + (usual_s if feedback.lasts_s is None else feedback.lasts_s)


_VERBS = {
    FeedbackKind.ACKNOWLEDGE: "acknowledged by",
    FeedbackKind.RESOLVE: "ended by",
    FeedbackKind.SILENCE: "silenced by",
    FeedbackKind.APPROVE: "client notices approved by",
    FeedbackKind.HOLD: "client notices held by",
    FeedbackKind.USEFUL: "called useful by",
    FeedbackKind.NOT_USEFUL: "called not useful by",
}
