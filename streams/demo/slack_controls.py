"""What Slack refuses of buttons and dialogues: limits of Block Kit, as far as notices can meet them.

https://docs.slack.dev/reference/block-kit/block-elements/button-element
https://docs.slack.dev/reference/views/modal-views
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_ELEMENTS = 25
MOST_OPTIONS = 100
MOST_BLOCKS = 100
MOST_METADATA = 3000
STYLES = frozenset({"primary", "danger"})
BUTTON = {"action_id": 255, "value": 2000, "url": 3000}
CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
OPTION_TEXT, OPTION_VALUE = 75, 150
VIEW_TITLES = {"title": 24, "submit": 24, "close": 24}
VIEW_BLOCKS = frozenset({"section", "input", "context", "divider", "header"})
FIELDS = frozenset({"multi_static_select", "static_select", "plain_text_input"})


def of_actions(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where a row of buttons is wrong, and how."""
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= MOST_ELEMENTS:
        yield "/elements", f"between 1 and {MOST_ELEMENTS} items allowed"
        return
    names = [element.get("action_id") for element in elements]
    if len(set(names)) != len(names):
        yield "/elements", "action_id must be unique within a block"
    for index, button in enumerate(elements):
        where = f"/elements/{index}"
        if button.get("type") != "button":
            yield f"{where}/type", "unsupported type"
            continue
        yield from _of_plain(button.get("text"), f"{where}/text", OPTION_TEXT)
        for name, limit in BUTTON.items():
            if not isinstance(button.get(name, ""), str) or len(button.get(name, "")) > limit:
                yield f"{where}/{name}", f"must be less than {limit + 1} characters"
        if button.get("style", "primary") not in STYLES:
            yield f"{where}/style", "must be a valid style"
        for name, limit in CONFIRM.items() if "confirm" in button else ():
            yield from _of_plain(button["confirm"].get(name), f"{where}/confirm/{name}", limit)


def view_complaints(view: object) -> list[str]:
    """Return what is wrong with a dialogue, in Slack's words; nothing for one that it would open."""
    if not isinstance(view, Mapping) or view.get("type") != "modal" or not isinstance(view.get("blocks"), list):
        return ["must be a modal with blocks [json-pointer:/view]"]
    return [f"{what} [json-pointer:/view{where}]" for where, what in _of_view(view)]


def _of_view(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, limit in VIEW_TITLES.items():
        yield from _of_plain(view.get(name), f"/{name}", limit)
    if len(view.get("private_metadata", "")) > MOST_METADATA:
        yield "/private_metadata", f"must be less than {MOST_METADATA + 1} characters"
    if not 1 <= len(view["blocks"]) <= MOST_BLOCKS:
        yield "/blocks", f"between 1 and {MOST_BLOCKS} items allowed"
    for index, block in enumerate(view["blocks"]):
        if block.get("type") not in VIEW_BLOCKS:
            yield f"/blocks/{index}/type", "unsupported type"
        elif block["type"] == "input":
            yield from ((f"/blocks/{index}{where}", what) for where, what in _of_input(block))


def _of_input(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    element = block.get("element") or {}
    yield from _of_plain(block.get("label"), "/label", 2000)
    if element.get("type") not in FIELDS:
        yield "/element/type", "unsupported type"
        return
    if element["type"] == "plain_text_input":
        return
    options = element.get("options") or []
    if not 1 <= len(options) <= MOST_OPTIONS:
        yield "/element/options", f"between 1 and {MOST_OPTIONS} items allowed"
    for index, option in enumerate(options):
        yield from _of_plain(option.get("text"), f"/element/options/{index}/text", OPTION_TEXT)
        if not 1 <= len(str(option.get("value") or "")) <= OPTION_VALUE:
            yield f"/element/options/{index}/value", f"must be between 1 and {OPTION_VALUE} characters"


def _of_plain(text: object, where: str, limit: int) -> Iterator[tuple[str, str]]:
    if not isinstance(text, Mapping) or text.get("type") != "plain_text" or not isinstance(text.get("text"), str):
        yield where, "must be a valid plain text object"
    elif not 1 <= len(text["text"]) <= limit:
        yield f"{where}/text", f"must be between 1 and {limit} characters"
