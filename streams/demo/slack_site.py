"""The stand-in for Slack in a browser: what was posted, with buttons that do what they do at Slack.

Plain forms: a press goes to the app as Slack sends it, and what the app answers is shown. Whoever opens the page is one
person of the workspace, so only a browser on this machine may read or press anything.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from streams.demo.slack_dialogue import answers, missing, render_dialogue
from streams.demo.slack_messages import Posted
from streams.demo.slack_page import Live, place, render_page, template
from streams.demo.slack_people import Dialogue, Person
from streams.demo.slack_server import SlackServer

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

VISITOR: Final = Person("U0VISITOR", "visitor")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
SILENT: Final = "Foreshock did not take this in time. Press again in a moment."
STATUS_TAKEN: Final = 200


@dataclass(frozen=True, slots=True)
class Room:
    """Another page of the same site."""

    path: str
    title: str
    render: Callable[[], str]


class SlackSite:
    """``routes`` are what the stand-in serves beside its API."""

    def __init__(self, slack: SlackServer, *rooms: Room) -> None:
        self._slack = slack
        self._rooms = rooms
        self._silent: dict[tuple[str, str], str] = {}  # messages whose last press nobody took

    @property
    def routes(self) -> list[web.RouteDef]:
        """Return the pages, and what their forms do."""
        return [
            web.get("/", _here(self._show)),
            web.get("/version", _here(self._tell_version)),
            web.post("/press", _here(self._press)),
            web.get("/dialogue/{name}", _here(self._ask)),
            web.post("/dialogue/{name}", _here(self._submit)),
            *(web.get(room.path, _here(_opening(room))) for room in self._rooms),
        ]

    async def _show(self, _: web.Request) -> web.Response:
        slack = self._slack
        live = None
        if slack.people.app_listens:
            mine = (each for each in slack.people.heard if each.person == VISITOR.id)
            said = {(each.channel, each.ts): each.text for each in mine} | self._silent
            live = Live(self._version(), said, tuple((room.path, room.title) for room in self._rooms))
        return page(render_page(slack.messages, slack.files.pictures, live))

    async def _tell_version(self, _: web.Request) -> web.Response:
        return web.Response(text=self._version(), headers={"Cache-Control": "no-store"})

    def _version(self) -> str:
        """Return something that changes with everything that is shown."""
        slack = self._slack
        edits = sum(len(message.edits) for message in slack.messages)
        return f"{len(slack.messages)}-{edits}-{len(slack.people.heard)}-{len(self._silent)}"

    async def _press(self, request: web.Request) -> web.Response:
        form = await request.post()
        message = self._found(str(form.get("channel")), str(form.get("ts")))
        people = self._slack.people
        known = len(people.dialogues)
        try:
            taken = await people.press(message, str(form.get("action")), VISITOR) == STATUS_TAKEN
        except LookupError:
            raise web.HTTPConflict(text="This button is not there any more: the message has changed.") from None
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        self._note(message, taken=taken)
        opened = people.dialogues[known:]
        raise web.HTTPSeeOther(f"/dialogue/{opened[0].id}" if opened else f"/#{place(message.channel, message.ts)}")

    def _note(self, message: Posted, *, taken: bool) -> None:
        self._silent.pop((message.channel, message.ts), None)
        if not taken:
            self._silent[message.channel, message.ts] = SILENT

    async def _ask(self, request: web.Request) -> web.Response:
        return page(render_dialogue(self._dialogue(request)))

    async def _submit(self, request: web.Request) -> web.Response:
        dialogue = self._dialogue(request)
        form = await request.post()
        given = {name: [str(value) for value in form.getall(name)] for name in form}
        dialogue.errors = dict(missing(dialogue, given))
        if not dialogue.errors:
            try:
                await self._slack.people.submit(dialogue, **answers(dialogue, given))
            except (aiohttp.ClientError, TimeoutError):
                dialogue.errors = dict.fromkeys(list(answers(dialogue, given))[-1:], SILENT)
        if dialogue.open:
            return page(render_dialogue(dialogue, given))
        raise web.HTTPSeeOther("/")

    def _found(self, channel: str, ts: str) -> Posted:
        for message in self._slack.messages:
            if (message.channel, message.ts) == (channel, ts):
                return message
        raise web.HTTPNotFound

    def _dialogue(self, request: web.Request) -> Dialogue:
        for dialogue in self._slack.people.dialogues:
            if dialogue.id == request.match_info["name"] and dialogue.open:
                return dialogue
        raise web.HTTPNotFound(text="This dialogue is closed.")


def _here(handle: Handler) -> Handler:
    """Refuse what another site's page asks for, also under a name that it has made to mean this machine."""

    async def handle_own(request: web.Request) -> web.Response:
        own = urlsplit(f"http://{request.host}")
        origin = request.headers.get("Origin", f"http://{request.host}")
        if own.hostname not in LOOPBACK or origin != f"http://{request.host}":
            raise web.HTTPForbidden
        return await handle(request)

    return handle_own


def _opening(room: Room) -> Handler:
    async def show(_: web.Request) -> web.Response:
        return page(room.render())

    return show


def page(html: str) -> web.Response:
    """Return a page that runs no script but our own, loads nothing from elsewhere and can be framed by nobody."""
    digest = base64.b64encode(hashlib.sha256(template("follow.js").render().encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "script-src": f"'sha256-{digest}'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return web.Response(
        text=html,
        content_type="text/html",
        headers={
            "Content-Security-Policy": "; ".join(f"{name} {what}" for name, what in policy.items()),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
