"""What the pages have in common: their look, what they forbid a browser, whom they know, how answers are read."""

import base64
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alerts.channels.email.links import Claim, LinkReader, Purpose, Refusal
from config.settings import Settings
from domain.clock import Clock
from domain.feedback import Feedback
from streams.pages.allowance import Allowance
from streams.pages.body import Unread, body_of
from streams.pages.words import PageWords, languages

log = logging.getLogger(__name__)

Write = Callable[[Feedback], Awaitable[None]]  # returns when the broker has it; raises when it has not
Count = Callable[[str], None]

MAX_BODY: Final = 4096  # bytes: one short field
MAX_FIELDS: Final = 10
READ_S: Final = 10.0
RETRY_S: Final = 60
_LANGUAGE: Final = re.compile(r"\s*([a-zA-Z]{2})\b")


@dataclass(frozen=True, slots=True)
class Button:
    """One way to answer."""

    name: str
    value: str
    text: str
    chosen: bool = True  # the one that the link stood for


class Desk:
    """Reads links, and writes down what people answer."""

    def __init__(self, settings: Settings, write: Write, clock: Clock, count: Count) -> None:
        """``count`` is told in one word what became of each answer."""
        contacts = [(client.id, email) for client in settings.landscape().clients for email in client.emails]
        self._reader = LinkReader(settings.answers.signing_keys, contacts)
        self._locales = {id_: client.locale for id_, client in settings.clients.items()}
        email = settings.channels.email
        self._languages = languages(None if email is None else email.catalogues)
        self._write = write
        self._count = count
        self._allowance = Allowance(clock)
        self.clock = clock

    def open(self, request: web.Request, purpose: Purpose) -> tuple[PageWords, Claim] | web.Response:
        """Return what the link says and in which language its reader is spoken to, or the page that says it is none."""
        claim = self._reader.read(request.match_info["token"], purpose, self.clock.now())
        if isinstance(claim, Claim):
            return self._languages.get(self._locales.get(claim.client, ""), self._languages["en"]), claim
        self._count(claim)
        words = preferred(request, self._languages)
        expired = claim is Refusal.EXPIRED
        return page(words, *(words.expired if expired else words.unknown), status=410 if expired else 404)

    async def note(self, words: PageWords, feedback: Feedback) -> web.Response | None:
        """Write an answer down; returns the page that asks for another try when that is impossible now."""
        if not self._allowance.take(feedback):
            self._count("too_many")
            return self._later(words, 429)
        try:
            await self._write(feedback)
        except Exception:  # whatever the broker's client raises, nothing may seem to be noted that is not
            log.exception("the answer %s could not be written", feedback.id)
            self._allowance.give_back(feedback)
            self._count("failed")
            return self._later(words, 503)
        self._count("taken")
        return None

    def unclear(self, words: PageWords) -> web.Response:
        """Return the page for whoever sent what none of our buttons sends."""
        self._count("unclear")
        return page(words, *words.unclear, status=400)

    def _later(self, words: PageWords, status: int) -> web.Response:
        response = page(words, *words.busy, status=status)
        response.headers["Retry-After"] = str(RETRY_S)
        return response


def page(
    words: PageWords, title: str, text: str, *, buttons: tuple[Button, ...] = (), status: int = 200
) -> web.Response:
    """Return a page that loads nothing, remembers nothing and can be framed by nobody."""
    style = _style()
    body = _template().render(locale=words.code, title=title, text=text, buttons=buttons, style=style)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'"
    return web.Response(
        text=body,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",  # the address of the page is the right to act
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
            "Content-Language": words.code,
        },
    )


def preferred(request: web.Request, spoken: Mapping[str, PageWords]) -> PageWords:
    """Return the language of somebody whom we do not know, by what the browser says."""
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        found = _LANGUAGE.match(part)
        if found and found[1].lower() in spoken:
            return spoken[found[1].lower()]
    return spoken["en"]


async def fields(request: web.Request) -> dict[str, str]:
    """Return the fields of a small form, urlencoded or multipart (RFC 8058 allows both); none of a larger one."""
    body = await body_of(request, MAX_BODY, READ_S)
    if isinstance(body, Unread):
        return {}
    try:
        if request.content_type == "multipart/form-data":
            return _multipart(request.headers.get("Content-Type", ""), body)
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS))
    except (ValueError, TypeError):  # the latter from the library, over parameters that contradict each other
        return {}


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode("ascii", "replace") + body)
    found = {}
    parts = message.get_payload()
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode("utf-8", "replace").strip()
    return found


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("streams.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _template() -> Template:
    return _environment().get_template("page.html")


@cache
def _style() -> str:
    return _environment().get_template("page.css").render()
