"""People at the stand-in for Slack: they press buttons and fill in dialogues, and the app hears of it as from Slack.

By Socket Mode when the app has a connection open, else as a signed request to the app's address.
https://docs.slack.dev/interactivity/handling-user-interaction
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from domain.clock import Clock
from streams.demo.slack_controls import view_complaints
from streams.demo.slack_messages import BOT, Json, Posted
from streams.demo.slack_rules import SlackError

APP_TOKEN: Final = "xapp-stand-in"  # noqa: S105 - a stand-in's token opens nothing
SIGNING_SECRET: Final = "stand-in-signing-secret"  # noqa: S105 - neither does its secret
PATIENCE_S: Final = 3.0  # of Slack with an app, and with a ticket for a dialogue
MOST_SPOKEN: Final = 5  # answers to one press
BLANK: Final[Json] = {}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the workspace."""

    id: str = "U0ANNA"
    name: str = "anna"


@dataclass(frozen=True, slots=True)
class Whisper:
    """What one person was told below a message. Nobody else sees it."""

    person: str
    text: str
    channel: str
    ts: str


@dataclass(slots=True)
class Dialogue:
    """A dialogue that the app has opened for somebody. ``errors`` is what the app has said of a field."""

    id: str
    view: Json
    person: Person
    open: bool = True
    errors: Json = field(default_factory=dict)


class SlackPeople:
    """``heard`` is what people were told beside the messages."""

    def __init__(self, address: Callable[[], str], clock: Clock) -> None:
        """``address`` is where the stand-in is."""
        self.request_url = ""  # where the app takes presses over HTTP; empty: nowhere
        self.patience_s = PATIENCE_S
        self.turns_away = ""  # why a connection is ended before it says hello; empty: none is
        self.heard: list[Whisper] = []
        self.dialogues: list[Dialogue] = []
        self.envelopes: dict[str, Json] = {}  # what was sent by Socket Mode, to be sent again
        self._address = address
        self._clock = clock
        self._count = 0
        self._triggers: dict[str, tuple[float, Person]] = {}
        self._speaking: dict[str, tuple[Person, Posted, int]] = {}
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._arrived = asyncio.Event()
        self._spoken = asyncio.Event()

    @property
    def routes(self) -> list[web.RouteDef]:
        """Return where the app speaks to people, and where its connections end."""
        return [web.post("/response/{address}", self._hear), web.get("/socket/{ticket}", self._connect)]

    @property
    def calls(self) -> Mapping[str, Callable[[Json], Json]]:
        """Return the methods of the Web API that are about people's presses."""
        return {"apps.connections.open": self._open_connection, "views.open": self._open_view}

    @property
    def app_listens(self) -> bool:
        """Whether there is an app that a press would come to."""
        return bool(self.request_url or self._sockets)

    async def connected(self) -> None:
        """Wait until the app holds a connection."""
        while not self._sockets:
            self._arrived.clear()
            await self._arrived.wait()

    async def told(self, count: int) -> None:
        """Wait until people were told so many things."""
        while len(self.heard) < count:
            self._spoken.clear()
            await self._spoken.wait()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell the app to connect anew, as Slack does every few hours; what is open is dropped."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason})
            await socket.close()

    async def leave(self) -> None:
        """Close every connection."""
        for socket in list(self._sockets):
            await socket.close()

    async def press(self, message: Posted, action: str, person: Person | None = None) -> int:
        """Press a button of a message; returns the status that Slack takes it for. LookupError: there is none."""
        return await self.deliver(self.payload(message, action, person or Person()))

    def payload(self, message: Posted, action: str, person: Person | None = None) -> Json:
        """Return what the app is sent for a press. LookupError: the message has no such button."""
        who = person or Person()
        block, button = _button(message, action)
        now = self._clock.now()
        trigger, speaking = self._next("trigger"), self._next("speech")
        self._triggers[trigger] = (now, who)
        self._speaking[speaking] = (who, message, MOST_SPOKEN)
        pressed = {"action_id": action, "block_id": block["block_id"], "type": "button", "text": button["text"]}
        return {
            "type": "block_actions",
            "team": {"id": BOT["team"], "domain": "demo"},
            "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": BOT["team"]},
            "api_app_id": BOT["app_id"],
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "trigger_id": trigger,
            "channel": {"id": message.channel, "name": message.channel_name},
            "message": message.shown(metadata=True),
            "response_url": f"{self._address()}response/{speaking}",
            "actions": [{**pressed, "value": button.get("value", ""), "action_ts": f"{now:.6f}"}],
        }

    async def submit(self, dialogue: Dialogue, **given: str | list[str] | None) -> int:
        """Send a dialogue in as it was opened, but for the fields that are given; it closes unless a fault is found."""
        payload = {
            "type": "view_submission",
            "team": {"id": BOT["team"], "domain": "demo"},
            "user": {"id": dialogue.person.id, "name": dialogue.person.name, "team_id": BOT["team"]},
            "api_app_id": BOT["app_id"],
            "view": {
                **dialogue.view,
                "id": dialogue.id,
                "state": {"values": _filled(dialogue.view, given)},
            },
        }
        status, answer = await self._delivered(payload)
        dialogue.errors = answer.get("errors", {}) if answer.get("response_action") == "errors" else {}
        dialogue.open = status != 200 or bool(dialogue.errors)
        return status

    async def deliver(self, payload: Json) -> int:
        """Bring a payload to the app; returns 200 when it has acknowledged in time."""
        return (await self._delivered(payload))[0]

    async def _delivered(self, payload: Json) -> tuple[int, Json]:
        if self._sockets:
            return await self.send_envelope(self._next("envelope"), payload)
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.request(body, self.signed(body))

    def signed(self, body: bytes, *, at: float | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
        """Return the headers of a request with this body."""
        stamp = str(int(self._clock.now() if at is None else at))
        digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }

    async def request(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Json]:
        """Bring a request to the app's address; returns the status and what it answered."""
        patience = aiohttp.ClientTimeout(total=self.patience_s)
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.post(self.request_url, data=body, headers=headers) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text and response.content_type == "application/json" else BLANK

    async def send_envelope(self, envelope: str, payload: Json) -> tuple[int, Json]:
        """Send an envelope on the newest connection and wait for its acknowledgement; 408 without one."""
        self.envelopes[envelope] = payload
        waiting = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        await self._sockets[-1].send_json(
            {"envelope_id": envelope, "type": "interactive", "payload": payload, "accepts_response_payload": True}
        )
        try:
            async with asyncio.timeout(self.patience_s):
                return 200, (await waiting).get("payload", BLANK)
        except TimeoutError:
            return 408, BLANK
        finally:
            del self._waiting[envelope]

    def _open_connection(self, _: Json) -> Json:
        ticket = self._next("ticket")
        self._tickets.add(ticket)
        return {"url": f"{self._address().replace('http', 'ws', 1)}socket/{ticket}"}

    def _open_view(self, arguments: Json) -> Json:
        given = arguments.get("view")
        view: Any = json.loads(given) if isinstance(given, str) else given
        opened_at, person = self._triggers.pop(str(arguments.get("trigger_id")), (None, Person()))
        if opened_at is None:
            raise SlackError("invalid_trigger_id")
        if self._clock.now() - opened_at > self.patience_s:
            raise SlackError("expired_trigger_id")
        if found := view_complaints(view):
            raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {line}" for line in found]})
        dialogue = Dialogue(self._next("V"), view, person)
        self.dialogues.append(dialogue)
        return {"view": {**view, "id": dialogue.id, "app_id": BOT["app_id"]}}

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.match_info["ticket"]
        if ticket not in self._tickets:
            return web.Response(status=403)
        self._tickets.discard(ticket)  # good for once
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.turns_away:
            await socket.send_json({"type": "disconnect", "reason": self.turns_away})
            await socket.close()
            return socket
        await socket.send_json({"type": "hello", "num_connections": len(self._sockets) + 1})
        self._sockets.append(socket)
        self._arrived.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    said = json.loads(message.data)
                    waiting = self._waiting.get(said["envelope_id"])
                    if waiting is not None and not waiting.done():
                        waiting.set_result(said)
        finally:
            self._sockets.remove(socket)
        return socket

    async def _hear(self, request: web.Request) -> web.Response:
        address = request.match_info["address"]
        speaking = self._speaking.get(address)
        if speaking is None or speaking[-1] == 0:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        person, message, left = speaking
        self._speaking[address] = (person, message, left - 1)
        said: Any = await request.json()
        self.heard.append(Whisper(person.id, said["text"], message.channel, message.ts))
        self._spoken.set()
        return web.Response(text="ok")

    def _next(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._count:06d}"


def has_button(message: Posted, action: str) -> bool:
    """Whether a message has a button just now."""
    return any(each["action_id"] == action for row in _rows(message) for each in row["elements"])


def _rows(message: Posted) -> list[Json]:
    return [block for block in message.blocks if block["type"] == "actions"]


def _button(message: Posted, action: str) -> tuple[Json, Json]:
    for block in _rows(message):
        for element in block["elements"]:
            if element["action_id"] == action:
                return block, element
    raise LookupError(action)


def _filled(view: Json, given: Mapping[str, object]) -> Json:
    """Return the state of the fields: as they were shown at first, but for what is given by the name of its block."""
    return {
        block["block_id"]: {
            block["element"]["action_id"]: _field(block["element"], given.get(block["block_id"])),
        }
        for block in view["blocks"]
        if block["type"] == "input"
    }


def _field(element: Json, given: object) -> Json:
    kind = element["type"]
    options = {option["value"]: option for option in element.get("options", ())}
    match kind:
        case "multi_static_select":
            chosen = [options[value] for value in given if value in options] if isinstance(given, list) else None
            return {"type": kind, "selected_options": element["initial_options"] if chosen is None else chosen}
        case "static_select":
            return {"type": kind, "selected_option": options.get(str(given), element["initial_option"])}
        case _:
            return {"type": kind, "value": given or None}
