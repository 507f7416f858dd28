"""The dialogue in which client notices are approved: for whom, for how long, and what to add. Pure.

https://docs.slack.dev/reference/views/modal-views
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from alerts.channels.text import clip
from domain.feedback import FeedbackKind

CALLBACK: Final = "foreshock.approval"
WHOM, LASTS, TEXT = "whom", "lasts", "text"  # blocks, and the element in each
LONGEST_TEXT: Final = 500
LABEL_LIMIT: Final = 75  # of an option
VALUE_LIMIT: Final = 150
DURATIONS: Final[Mapping[str, float]] = MappingProxyType(
    {"30 minutes": 1800.0, "1 hour": 3600.0, "4 hours": 14_400.0, "24 hours": 86_400.0}
)
USUAL: Final = "1 hour"


def approval(alert: str, clients: Sequence[str]) -> dict[str, Any]:
    """Return the dialogue. Without ``clients``, or with names that do not fit, it is about all whose notices wait."""
    listed = () if any(len(client) > VALUE_LIMIT for client in clients) else clients
    whom = _list_of(listed) if listed else _section("*All clients whose notices wait.*")
    lasting = [_option(name, name) for name in DURATIONS]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps([alert, *listed], ensure_ascii=False),
        "title": _plain("Approve notices"),
        "submit": _plain("Approve"),
        "close": _plain("Cancel"),
        "blocks": [
            whom,
            _input(LASTS, "The approval stands for", {
                "type": "static_select", "options": lasting, "initial_option": _option(USUAL, USUAL),
            }),
            _input(TEXT, "Add a sentence to what they read", {
                "type": "plain_text_input", "multiline": True, "max_length": LONGEST_TEXT,
            }, optional=True, hint="Clients read it as written here, with no name. Leave it empty to add nothing."),
            {"type": "context", "elements": [{"type": "plain_text", "text": f"{FeedbackKind.APPROVE}: {alert}"}]},
        ],
    }  # fmt: skip


def _list_of(clients: Sequence[str]) -> dict[str, Any]:
    options = [_option(clip(client, LABEL_LIMIT, "…"), client) for client in clients]
    return _input(WHOM, "Clients", {
        "type": "multi_static_select", "options": options, "initial_options": options,
    })  # fmt: skip


def _input(name: str, label: str, element: dict[str, Any], *, optional: bool = False, hint: str = "") -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "input", "block_id": name, "label": _plain(label), "optional": optional,
        "element": {**element, "action_id": name},
    }  # fmt: skip
    if hint:
        block["hint"] = _plain(hint)
    return block


def _option(label: str, value: str) -> dict[str, Any]:
    return {"text": _plain(label), "value": value}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
