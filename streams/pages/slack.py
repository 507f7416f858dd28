"""The two ways in for presses of buttons in Slack: signed requests over HTTP, and a connection of our own."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from alerts.channels.slack.desk import SlackDesk
from alerts.channels.slack.interaction import Rules
from alerts.channels.slack.params import SlackParams
from alerts.channels.slack.signature import Doorkeeper
from alerts.channels.slack.socket import SocketMode
from config.settings import Settings
from domain.clock import Clock
from streams.metrics import Metrics
from streams.pages.body import Unread, body_of
from streams.pages.page import Write

log = logging.getLogger(__name__)

PATH: Final = "/slack/interactive"
MAX_PAYLOAD: Final = 1 << 19  # bytes: a press carries the whole message that it was made on
READ_S: Final = 2.0
FORM: Final = "application/x-www-form-urlencoded"


class SlackOffice:
    """Presses of one workspace, by the ways that are configured; none where Slack has no buttons."""

    def __init__(self, settings: Settings, write: Write, clock: Clock, metrics: Metrics) -> None:
        params = settings.channels.slack
        self._metrics = metrics
        self._desks: list[SlackDesk] = []
        self.routes: list[web.RouteDef] = []
        self.socket: SocketMode | None = None
        self._running: asyncio.Task[None] | None = None
        if params is None:
            return
        rules = rules_of(settings, params)
        if params.signing_secret is not None:
            door = Doorkeeper(params.signing_secret, clock)
            self.routes = [web.post(PATH, self._entrance(door, self._desk("http", params, rules, write, clock)))]
        if params.app_token is not None:
            self._report(connected=False)  # seen from the start, not from the first success
            self.socket = SocketMode(params, self._desk("socket", params, rules, write, clock).take, self._report)

    @property
    def open(self) -> bool:
        """Whether there is any way in."""
        return bool(self.routes) or self.socket is not None

    def start(self) -> None:
        """Begin to listen on the connection of our own, if there is to be one."""
        if self.socket is not None:
            self._running = asyncio.get_running_loop().create_task(self.socket.run())

    async def stop(self) -> None:
        """Close the connection; what was pressed is answered first."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        for desk in self._desks:
            await desk.close()

    def unready(self) -> list[str]:
        """Return what keeps presses from coming in, in words."""
        lacking = self.socket is not None and not self.socket.connected
        return ["not connected to Slack (Socket Mode)"] if lacking else []

    def _desk(self, way: str, params: SlackParams, rules: Rules, write: Write, clock: Clock) -> SlackDesk:
        desk = SlackDesk(params, rules, write, clock, lambda what: self._count(way, what))
        self._desks.append(desk)
        return desk

    def _count(self, way: str, what: str) -> None:
        self._metrics.count("presses", way=way, what=what)

    def _report(self, connected: bool) -> None:
        self._metrics.set("slack_connected", float(connected), way="socket")

    def _entrance(self, door: Doorkeeper, desk: SlackDesk) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(request: web.Request) -> web.Response:
            if request.content_type != FORM:
                return self._refused("wrong_type", 415)
            body = await body_of(request, MAX_PAYLOAD, READ_S)
            if isinstance(body, Unread):
                return self._refused(body, 413 if body is Unread.TOO_LARGE else 408)
            headers = request.headers
            stamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
            if (reason := door.refuses(body, stamp, signature)) is not None:
                return self._refused(reason, 401)
            reply = await desk.take(_payload(body))
            if reply.body is None:
                return web.Response(status=reply.status)
            return web.json_response(reply.body, status=reply.status)

        return take

    def _refused(self, reason: str, status: int) -> web.Response:
        """Say no more than that it is refused: whoever forges learns nothing."""
        self._count("http", reason)
        return web.Response(status=status)


def rules_of(settings: Settings, params: SlackParams) -> Rules:
    """Return whose presses count: those in channels of squads, by whom the configuration lets."""
    squads = settings.landscape().squads
    channels = {channel for squad in squads for channel in (squad.slack, squad.escalate_to) if channel}
    clients = {client.id for client in settings.landscape().clients}
    return Rules(params.team, frozenset(channels), frozenset(params.approvers), frozenset(clients))


def _payload(body: bytes) -> object:
    """Return the payload in the form; None when there is none that can be read."""
    try:
        return json.loads(dict(parse_qsl(body.decode(), max_num_fields=5)).get("payload", ""))
    except (ValueError, RecursionError):
        return None
