"""Socket Mode: presses come over a connection that is opened from here, so that no address has to be public.

Not the SDK's own client: docs/adr/20261122-socket-mode.md.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels.slack import outcomes
from alerts.channels.slack.connection import connect
from alerts.channels.slack.desk import Reply
from alerts.channels.slack.params import SlackParams
from alerts.channels.text import clean

log = logging.getLogger(__name__)

Take = Callable[[object], Awaitable[Reply]]
Sleep = Callable[[float], Awaitable[None]]

HEARTBEAT_S: Final = 10.0  # a connection that does not answer a ping is given up
WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # before another try, after so many that failed
STEADY_S: Final = 60.0  # a connection that ends sooner has failed, whoever ended it
LONGEST_WAIT_S: Final = 600.0  # more than Slack asks for in earnest
MOST_BYTES: Final = 1 << 20
LAST_WORDS_S: Final = 3.0


class AddressError(Exception):
    """Slack named an address that is not to be connected to."""


class SocketMode:
    """One connection, opened anew whenever it ends. ``connected`` says whether presses reach us now."""

    def __init__(
        self, params: SlackParams, take: Take, report: Callable[[bool], None], *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._params = params
        self._take = take
        self._sleep = sleep
        self._report = report
        self.connected = False

    async def run(self) -> None:
        """Stay connected until cancelled. Nothing that Slack does ends it."""
        session, client = connect(self._params, __name__)
        time, failed = asyncio.get_running_loop().time, 0
        try:
            while True:
                began, wait_s = time(), 0.0
                try:
                    reason = await self._listen(session, client)
                except Exception as error:  # noqa: BLE001 - whatever went wrong, the next connection may be well
                    failed = 1 if time() - began >= STEADY_S else failed + 1
                    wait_s = max(_patience_s(failed), _asked_s(error))
                    log.warning("no connection to Slack for presses: %s", _reason(error))
                else:
                    # The next one is opened at once, unless they end again and again.
                    failed = 0 if time() - began >= STEADY_S else failed + 1
                    wait_s = _patience_s(failed - 1)
                    log.info("Slack ended the connection for presses (%s)", reason)
                if wait_s > 0:
                    self._now(connected=False)
                    await self._sleep(wait_s)
        finally:
            self._now(connected=False)
            await session.close()

    async def _listen(self, session: aiohttp.ClientSession, client: AsyncWebClient) -> str:
        """Open one connection and answer what comes; returns why Slack ended it, raises when anything else did."""
        token = self._params.app_token
        answer = await client.apps_connections_open(app_token="" if token is None else token.get_secret_value())
        address = str(answer["url"])
        if not self._trusted(address):
            raise AddressError
        answering: set[asyncio.Task[None]] = set()
        async with session.ws_connect(
            address,
            heartbeat=HEARTBEAT_S,
            proxy=client.proxy,
            max_msg_size=MOST_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=LAST_WORDS_S),
        ) as connection:
            try:
                async for message in connection:
                    envelope = _parsed(message)
                    match envelope.get("type"):
                        case "hello":
                            self._now(connected=True)
                            log.info("connected to Slack for presses")
                        case "disconnect":
                            return clean(str(envelope.get("reason")), 60)
                        case _:
                            task = asyncio.get_running_loop().create_task(self._answer(connection, envelope))
                            answering.add(task)
                            task.add_done_callback(answering.discard)
            finally:
                if answering:
                    await asyncio.wait(answering, timeout=LAST_WORDS_S)
        raise ConnectionResetError

    async def _answer(self, connection: aiohttp.ClientWebSocketResponse, envelope: dict[str, Any]) -> None:
        """Have it written down, then acknowledge; what is not acknowledged, Slack shows as failed or sends again."""
        id_ = envelope.get("envelope_id")
        if not isinstance(id_, str) or len(id_) > 200:
            return
        reply = Reply(200)
        if envelope.get("type") == "interactive":
            reply = await self._take(envelope.get("payload"))
        acknowledgement: dict[str, Any] = {"envelope_id": id_}
        if reply.body is not None:
            acknowledgement["payload"] = reply.body
        # A press that failed or was refused is acknowledged as well: sent again, it would be no better.
        try:
            await connection.send_str(json.dumps(acknowledgement))
        except (aiohttp.ClientError, ConnectionError) as error:
            log.warning("a press was not acknowledged (%s)", type(error).__name__)

    def _now(self, *, connected: bool) -> None:
        self.connected = connected
        self._report(connected)

    def _trusted(self, address: str) -> bool:
        target, own = urlsplit(address), urlsplit(self._params.base_url)
        return target.scheme == "wss" or (own.scheme == "http" and target.netloc == own.netloc)


def _parsed(message: aiohttp.WSMessage) -> dict[str, Any]:
    if message.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        envelope = json.loads(message.data)
    except (ValueError, RecursionError):
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _patience_s(failed: int) -> float:
    return WAITS_S[min(failed, len(WAITS_S)) - 1] if failed > 0 else 0.0


def _asked_s(error: Exception) -> float:
    """Return for how long Slack asks to be left alone (HTTP 429); 0 when it does not."""
    asked_s = getattr(outcomes.of_error(error), "retry_after_s", None)
    return 0.0 if asked_s is None else min(asked_s, LONGEST_WAIT_S)


def _reason(error: Exception) -> str:
    # Only the class of foreign errors: their text may name the address, which is a ticket.
    match error:
        case SlackApiError():
            return outcomes.of_error(error).detail
        case AddressError():
            return "Slack named an address that is not encrypted"
        case _:
            return type(error).__name__
