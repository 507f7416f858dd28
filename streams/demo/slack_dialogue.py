"""A dialogue of the stand-in for Slack as a form that a browser can fill in. Foreign text stays text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from streams.demo.slack_messages import Json
from streams.demo.slack_page import mrkdwn, template
from streams.demo.slack_people import Dialogue

MISSING = "This is needed."


@dataclass(frozen=True, slots=True)
class _Option:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class _Field:
    kind: str
    name: str = ""
    label: str = ""
    hint: str = ""
    error: str = ""
    optional: bool = True
    longest: int = 0  # characters; 0: any
    options: tuple[_Option, ...] = ()
    chosen: tuple[str, ...] = ()
    html: str = ""  # of what is only to be read


def render_dialogue(dialogue: Dialogue, given: Mapping[str, list[str]] | None = None) -> str:
    """Return the page: as the app opened it, or as it was ``given`` with what was wrong with it."""
    view = dialogue.view
    return template("slack_dialogue.html").render(
        title=view["title"]["text"],
        submit=view["submit"]["text"],
        close=view["close"]["text"],
        fields=[_field(block, dialogue.errors, given) for block in view["blocks"]],
    )


def missing(dialogue: Dialogue, given: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what Slack itself says of fields that must be filled in and are not, without asking the app."""
    needed = (
        block["block_id"] for block in dialogue.view["blocks"] if block["type"] == "input" and not block.get("optional")
    )
    return {name: MISSING for name in needed if not any(given.get(name, ()))}


def answers(dialogue: Dialogue, given: Mapping[str, list[str]]) -> dict[str, str | list[str] | None]:
    """Return what was filled in, by the name of its block."""
    kinds = {
        block["block_id"]: block["element"]["type"] for block in dialogue.view["blocks"] if block["type"] == "input"
    }
    return {
        name: given.get(name, []) if kind == "multi_static_select" else next(iter(given.get(name, ())), None)
        for name, kind in kinds.items()
    }


def _field(block: Json, errors: Mapping[str, str], given: Mapping[str, list[str]] | None) -> _Field:
    if block["type"] != "input":
        return _Field(block["type"], html="<br>".join(_texts(block)))
    element, name = block["element"], block["block_id"]
    chosen = tuple(_initial(element)) if given is None else tuple(given.get(name, ()))
    return _Field(
        kind=element["type"],
        name=name,
        label=block["label"]["text"],
        hint=(block.get("hint") or {}).get("text", ""),
        error=errors.get(name, ""),
        optional=bool(block.get("optional")),
        longest=element.get("max_length", 0),
        options=tuple(_Option(each["text"]["text"], each["value"]) for each in element.get("options", ())),
        chosen=chosen,
    )


def _initial(element: Json) -> Iterator[str]:
    one = [element["initial_option"]] if "initial_option" in element else []
    yield from (option["value"] for option in [*element.get("initial_options", ()), *one])


def _texts(block: Json) -> Iterator[str]:
    for text in [*([block["text"]] if "text" in block else ()), *block.get("elements", ())]:
        yield mrkdwn(text["text"]) if text["type"] == "mrkdwn" else escape(text["text"])
