"""Slack messages as a page, close enough to Slack to judge them by eye. Foreign text stays text."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alerts.channels.text import moment
from streams.demo.slack_messages import Json, Posted

_TAG = re.compile(r"&lt;(!date\^|https?://)(.*?)&gt;")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")
_STRIKE = re.compile(r"(?<!\w)~([^~\n]+)~(?!\w)")
_ITALIC = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")
_ENTITIES = {"&amp;amp;": "&amp;", "&amp;lt;": "&lt;", "&amp;gt;": "&gt;"}

_DOTS = {"🔵": "#2d7ff0", "🟠": "#f08a24", "🔴": "#e0342c", "🟢": "#2ea55f", "⚪": "#b8bcc2"}


@dataclass(frozen=True, slots=True)
class _Button:
    action: str
    text: str
    style: str
    confirm: Mapping[str, str] | None  # the question that is asked first: title, text, confirm, deny


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    html: str = ""
    buttons: tuple[_Button, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shown:
    name: str  # of the place on the page
    channel: str
    ts: str
    when: str
    title: str
    parts: tuple[_Part, ...]
    edits: tuple[tuple[str, str], ...]  # what it said before, and the picture of that
    whisper: str
    replies: tuple["_Shown", ...] = ()

    @property
    def asks(self) -> bool:
        """Whether one of its buttons is the one to press."""
        return any(button.style == "primary" for part in self.parts for button in part.buttons)


@dataclass(frozen=True, slots=True)
class Live:
    """What a page knows whose buttons can be pressed: which version it is, and what was said to whoever pressed."""

    version: str
    whispers: Mapping[tuple[str, str], str]  # by channel and time stamp
    rooms: Sequence[tuple[str, str]] = ()  # path and title of the other pages


def render_page(
    messages: Sequence[Posted],
    pictures: Mapping[str, bytes] = MappingProxyType({}),
    live: Live | None = None,
    *,
    note: bool = True,
) -> str:
    """Return an HTML page of the messages by channel, with threads, pictures and earlier versions. Times are UTC.

    Without ``live``, nobody can press its buttons; ``note`` says so.
    """
    whispers = MappingProxyType({}) if live is None else live.whispers
    channels: dict[str, list[_Shown]] = {}
    for message in messages:
        if message.thread_ts is None:
            replies = tuple(_shown(reply, pictures, whispers) for reply in messages if reply.thread_ts == message.ts)
            channels.setdefault(message.channel_name, []).append(_shown(message, pictures, whispers, replies))
    buttons = note and any(block["type"] == "actions" for message in messages for block in message.blocks)
    asking = [(name, message) for name, shown in channels.items() for message in shown if message.asks]
    return template("slack.html").render(channels=list(channels.items()), buttons=buttons, live=live, asking=asking)


@cache
def template(name: str) -> Template:
    """Return a template of the stand-in's pages."""
    environment = Environment(
        loader=PackageLoader("streams.demo"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(name)


def mrkdwn(text: str) -> str:
    """Return Slack's mark-up as HTML: styles, links and dates, nothing else."""
    # Slack's own tags first: what was written as an entity must not become one.
    html = _TAG.sub(_tag, escape(text))
    for double, single in _ENTITIES.items():
        html = html.replace(double, single)
    pieces = _CODE.split(_with_dots(html))
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = f"<code>{piece}</code>"
        else:
            bold = _BOLD.sub(r"<b>\1</b>", piece)
            pieces[index] = _ITALIC.sub(r"<i>\1</i>", _STRIKE.sub(r"<s>\1</s>", bold))
    return "".join(pieces)


def _with_dots(html: str) -> str:
    # Drawn, so that the page needs no font with emoji.
    for sign, colour in _DOTS.items():
        html = html.replace(sign, f'<span class="dot" style="background:{colour}"></span>')
    return html


def _tag(found: re.Match[str]) -> str:
    kind, rest = found[1], found[2]
    if kind != "!date^":
        address, _, label = (kind + rest).partition("|")
        return f'<a href="{address}" rel="noreferrer">{label or address}</a>'
    at, _, more = rest.partition("^")
    form, _, fallback = more.partition("|")
    when = moment(float(at)) if at.isdigit() else None
    if when is None:
        return fallback
    day = f"{when.day} {when:%b}"
    return form.replace("{date_short_pretty}", day).replace("{time}", f"{when:%H:%M} UTC")


def _shown(
    message: Posted,
    pictures: Mapping[str, bytes],
    whispers: Mapping[tuple[str, str], str],
    replies: tuple[_Shown, ...] = (),
) -> _Shown:
    when = moment(float(message.ts))
    parts = [part for block in message.blocks for part in _parts(block, pictures)] or [
        _Part("section", mrkdwn(message.text))
    ]
    headings = (part.html for part in parts if part.kind == "header")
    return _Shown(
        name=place(message.channel, message.ts),
        channel=message.channel,
        ts=message.ts,
        when=f"{when:%H:%M:%S} UTC" if when is not None else "",
        title=next(headings, escape(message.text)),
        parts=tuple(parts),
        edits=tuple(_earlier(message, pictures)),
        whisper=whispers.get((message.channel, message.ts), ""),
        replies=replies,
    )


def place(channel: str, ts: str) -> str:
    """Return the name of a message's place on the page."""
    return f"{channel}-{ts.replace('.', '-')}"


def _earlier(message: Posted, pictures: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield each earlier version with its picture; a picture that was added is no other version of what is said."""
    for before, after in pairwise([*message.edits, {"text": message.text}]):
        if before["text"] != after["text"]:
            images = (_picture(block, pictures) for block in before.get("blocks", ()) if block["type"] == "image")
            yield before["text"], next(images, "")


def _parts(block: Json, pictures: Mapping[str, bytes]) -> list[_Part]:
    match block["type"]:
        case "header":
            return [_Part("header", _with_dots(escape(block["text"]["text"])))]
        case "section":
            texts = [block["text"]] if "text" in block else []
            return [_Part("section", mrkdwn(text["text"])) for text in [*texts, *block.get("fields", ())]]
        case "context":
            return [_Part("context", mrkdwn(element["text"])) for element in block["elements"]]
        case "actions":
            return [_Part("actions", buttons=tuple(_button(each) for each in block["elements"]))]
        case "image":
            return [_Part("image", _picture(block, pictures))]
        case _:
            return []


def _button(element: Json) -> _Button:
    asked = element.get("confirm")
    confirm = None if asked is None else {name: asked[name]["text"] for name in ("title", "text", "confirm", "deny")}
    return _Button(element["action_id"], element["text"]["text"], element.get("style", ""), confirm)


def _picture(block: Json, pictures: Mapping[str, bytes]) -> str:
    content = pictures.get(str((block.get("slack_file") or {}).get("id")))
    if content is None:
        return ""
    data = b64encode(content).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(block["alt_text"])}">'
