"""What Slack refuses: the limits of Block Kit, as far as notices can meet them.

https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.demo.slack_controls import of_actions

MAX_BLOCKS = 50
MAX_TEXT = 40_000
LIMITS = {"header": 150, "section": 3000, "field": 2000, "context": 3000}
MAX_FIELDS = 10
MAX_ELEMENTS = 10
KINDS = frozenset({"header", "section", "context", "divider", "actions", "image"})


class SlackError(Exception):
    """A call is refused, with Slack's word for it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


def complaints(message: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the blocks, in Slack's words; nothing for a message that it would take."""
    blocks = message.get("blocks")
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        return ["must be an array [json-pointer:/blocks]"]
    found = [f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"] if len(blocks) > MAX_BLOCKS else []
    for index, block in enumerate(blocks):
        found += [f"{what} [json-pointer:/blocks/{index}{where}]" for where, what in _of_block(block)]
    return found


def refusal(message: Mapping[str, Any]) -> str | None:
    """Return Slack's error for a message as a whole, None when there is none."""
    text, metadata = message.get("text"), message.get("metadata")
    if not text and not message.get("blocks"):
        return "no_text"
    if isinstance(text, str) and len(text) > MAX_TEXT:
        return "msg_too_long"
    if metadata is not None and not (
        isinstance(metadata, Mapping)
        and metadata.get("event_type")
        and isinstance(metadata.get("event_payload"), Mapping)
    ):
        return "invalid_metadata_format"
    return "invalid_blocks" if complaints(message) else None


def _of_block(block: object) -> Iterator[tuple[str, str]]:
    if not isinstance(block, Mapping) or block.get("type") not in KINDS:
        yield "/type", "unsupported type"
        return
    match block["type"]:
        case "header":
            yield from _of_text(block.get("text"), "/text", LIMITS["header"], frozenset({"plain_text"}))
        case "section":
            yield from _of_section(block)
        case "actions":
            yield from of_actions(block)
        case "context":
            yield from _of_list(block.get("elements"), "/elements", MAX_ELEMENTS, LIMITS["context"])


def _of_section(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if block.get("text") is None and not block.get("fields"):
        yield "", "missing required field: text"
    if block.get("text") is not None:
        yield from _of_text(block["text"], "/text", LIMITS["section"])
    if block.get("fields") is not None:
        yield from _of_list(block["fields"], "/fields", MAX_FIELDS, LIMITS["field"])


def _of_list(texts: object, where: str, most: int, limit: int) -> Iterator[tuple[str, str]]:
    if not isinstance(texts, list) or not 1 <= len(texts) <= most:
        yield where, f"between 1 and {most} items allowed"
        return
    for index, text in enumerate(texts):
        yield from _of_text(text, f"{where}/{index}", limit)


def _of_text(
    text: object, where: str, limit: int, kinds: frozenset[str] = frozenset({"plain_text", "mrkdwn"})
) -> Iterator[tuple[str, str]]:
    if not isinstance(text, Mapping) or text.get("type") not in kinds or not isinstance(text.get("text"), str):
        yield where, "must be a valid text object"
    elif not text["text"]:
        yield f"{where}/text", "must be more than 0 characters"
    elif len(text["text"]) > limit:
        yield f"{where}/text", f"must be less than {limit + 1} characters"
