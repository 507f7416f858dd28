"""Mail that can never arrive, as an answer that decisions are made from: one for a refusal and for what comes back."""

from typing import Final

from alerts.channels.email.bounce import Bounce
from alerts.channels.text import clean
from domain.feedback import Feedback, FeedbackKind
from domain.identity import derive
from domain.notice import ChannelKind, Notice

BY: Final = "the mail server"
MAX_COMMENT: Final = 200


def undeliverable(notice: Notice, said: str, at: float) -> Feedback:
    """Return that the notice's address takes no mail. One notice says it once: refused, sent back, or both."""
    return Feedback(
        id=derive("feedback", FeedbackKind.UNDELIVERABLE, notice.id, notice.recipient),
        kind=FeedbackKind.UNDELIVERABLE,
        alert=notice.alert,
        by=BY,
        at=at,
        client=notice.client,
        comment=clean(said, MAX_COMMENT),
        address=notice.recipient,
    )


def came_back(bounce: Bounce, notice: Notice | None, at: float) -> Feedback | str:
    """Return what follows from a message that came back, or why nothing does: anybody can forge one.

    The id of a notice is known to those who got it; ``notice`` is what was really sent under that id.
    """
    if not bounce.gives_up_address:
        return "nothing is given up for that"
    if notice is None or notice.channel is not ChannelKind.EMAIL:
        return "no such notice was sent by e-mail"
    if notice.recipient.casefold() != bounce.address.casefold():
        return "that notice was sent to another address"
    return undeliverable(notice, f"{bounce.status} {bounce.detail}", at)
