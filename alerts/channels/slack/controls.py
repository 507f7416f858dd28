"""The buttons below a squad's message. Their values carry the alert's id, and for an approval the clients that wait.

Nothing that a button does depends on what else a payload says of the message: that could be old by the time of a press.
https://docs.slack.dev/reference/block-kit/block-elements/button-element
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from domain.feedback import FeedbackKind
from domain.notice import ENDINGS, Notice, SquadFacts

Block: TypeAlias = dict[str, Any]

PREFIX: Final = "foreshock."
APPROVE: Final = PREFIX + FeedbackKind.APPROVE  # opens the dialogue
SILENCE_S: Final = 3600.0
VALUE_LIMIT: Final = 2000
MOST_LISTED: Final = 50  # clients that a dialogue lists; with more, it is all or none
HOLD_MEANS: Final = (
    "Clients of this alert hear no more of it until somebody approves. Whoever was warned is still told the end."
)
SILENCE_MEANS: Final = "Nobody, clients included, hears of trouble of this service for an hour."
RESOLVE_MEANS: Final = "Everybody who was warned is told that it is over."
OFFERED: Final[Mapping[str, FeedbackKind]] = MappingProxyType(
    {
        PREFIX + kind: kind
        for kind in (
            FeedbackKind.ACKNOWLEDGE, FeedbackKind.RESOLVE, FeedbackKind.SILENCE, FeedbackKind.HOLD,
            FeedbackKind.USEFUL, FeedbackKind.NOT_USEFUL,
        )
    }
)  # fmt: skip


def controls(notice: Notice, facts: SquadFacts) -> Iterator[Block]:
    """Yield a row about the episode, and one about the clients if any are affected; after the end, only opinions."""
    alert = json.dumps([notice.alert])
    opinions = [_button(FeedbackKind.USEFUL, "Useful", alert), _button(FeedbackKind.NOT_USEFUL, "Not useful", alert)]
    if notice.phase in ENDINGS:
        yield _row("opinions", opinions)
        return
    first = [] if facts.acknowledged_by else [_button(FeedbackKind.ACKNOWLEDGE, "Acknowledge", alert, style="primary")]
    yield _row("episode", [*first, _silence(alert), _resolve(alert), *opinions])
    if facts.clients:
        waits = [] if not facts.waiting else [_approve(notice, facts)]
        yield _row("clients", [*waits, _hold(alert)])


def _approve(notice: Notice, facts: SquadFacts) -> Block:
    count = len(facts.waiting) + facts.more_waiting
    value = json.dumps([notice.alert, *facts.waiting], ensure_ascii=False)
    if count > MOST_LISTED or len(value) > VALUE_LIMIT:
        value = json.dumps([notice.alert])
    label = f"Approve {count} client {'notice' if count == 1 else 'notices'} …"
    return _button(FeedbackKind.APPROVE, label, value, style="primary")


def _hold(alert: str) -> Block:
    return _button(
        FeedbackKind.HOLD, "Hold client notices", alert, style="danger",
        confirm=("Hold client notices?", HOLD_MEANS, "Hold"),
    )  # fmt: skip


def _resolve(alert: str) -> Block:
    return _button(
        FeedbackKind.RESOLVE, "Resolve", alert,
        confirm=("Resolve this alert?", RESOLVE_MEANS, "Resolve"),
    )  # fmt: skip


def _silence(alert: str) -> Block:
    return _button(
        FeedbackKind.SILENCE, "Silence 1 h", alert,
        confirm=("Silence for an hour?", SILENCE_MEANS, "Silence"),
    )  # fmt: skip


def _button(
    kind: FeedbackKind, label: str, value: str, *, style: str = "", confirm: tuple[str, str, str] | None = None
) -> Block:
    button: Block = {"type": "button", "action_id": PREFIX + kind, "text": _plain(label), "value": value}
    if style:
        button["style"] = style
    if confirm is not None:
        title, text, yes = confirm
        button["confirm"] = {
            "title": _plain(title), "text": _plain(text), "confirm": _plain(yes), "deny": _plain("Cancel"),
        }  # fmt: skip
    return button


def _row(name: str, elements: list[Block]) -> Block:
    return {"type": "actions", "block_id": PREFIX + name, "elements": elements}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
