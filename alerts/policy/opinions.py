"""What people think of an alert: one opinion a person, the last one counts."""

from dataclasses import replace
from typing import Final, TypeVar

from alerts.policy.addresses import folded
from alerts.policy.episode import Episode
from alerts.policy.history import Past
from domain.feedback import Feedback, FeedbackKind
from domain.identity import derive

KINDS: Final = frozenset({FeedbackKind.USEFUL, FeedbackKind.NOT_USEFUL})
KEPT: Final = 1000  # people of whom it is remembered what they said of one alert
_WHO: Final = 12  # characters: enough to tell so many people apart

_Judged = TypeVar("_Judged", Episode, Past)


def judged(known: _Judged, feedback: Feedback) -> _Judged:
    """Count an opinion, instead of what the same person has said before; the same again changes nothing."""
    if feedback.kind not in KINDS or is_known(known, feedback):
        return known
    who, useful = _who(feedback), feedback.kind is FeedbackKind.USEFUL
    before = dict(known.judges).get(who)
    others: tuple[tuple[str, bool], ...] = tuple(judge for judge in known.judges if judge[0] != who)
    return replace(
        known,
        judges=(*others, (who, useful))[-KEPT:],
        useful=known.useful + useful - (before is True),
        not_useful=known.not_useful + (not useful) - (before is False),
    )


def is_known(known: Episode | Past, feedback: Feedback) -> bool:
    """Whether it is an opinion, and the last one of this person was the same."""
    said = (_who(feedback), feedback.kind is FeedbackKind.USEFUL)
    return feedback.kind in KINDS and said in known.judges


def _who(feedback: Feedback) -> str:
    # Contacts of a client share a name that others may read; their address tells them apart, and is not kept.
    return derive("person", feedback.by.strip(), folded(feedback.address)).removeprefix("person-")[:_WHO]
