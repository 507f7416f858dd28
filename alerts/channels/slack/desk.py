"""Takes what people press: reads it, has it written down, and answers them. The same for both ways in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels.slack import modal, outcomes
from alerts.channels.slack.connection import connect
from alerts.channels.slack.interaction import Denied, Nothing, Opens, Reading, RefusedError, Rules, Said, read
from alerts.channels.slack.params import SlackParams
from domain.clock import Clock
from domain.feedback import Feedback

log = logging.getLogger(__name__)

Write = Callable[[Feedback], Awaitable[None]]  # returns when the broker has it; raises when it has not
Count = Callable[[str], None]  # of what came in, by one word for what became of it

ANSWER_S: Final = 2.2  # Slack waits for three seconds
FAREWELL_S: Final = 3.0
SPEAKING_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
BUSY: Final = "This could not be noted just now. Press again in a minute, or use the `foreshock` command."
EXPIRED: Final = "The dialogue could not be opened. Press again."


@dataclass(frozen=True, slots=True)
class Reply:
    """What Slack is answered: an HTTP status, and a body if there is one."""

    status: int
    body: dict[str, Any] | None = None


class SlackDesk:
    """One for a process. ``take`` never raises and never takes longer than Slack waits."""

    def __init__(self, params: SlackParams, rules: Rules, write: Write, clock: Clock, count: Count) -> None:
        self._params = params
        self._rules = rules
        self._write = write
        self._clock = clock
        self._count = count
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._speaking: set[asyncio.Task[None]] = set()

    async def take(self, payload: object) -> Reply:
        """Do what a payload asks for."""
        try:
            reading = read(payload, self._rules, self._clock.now())
        except RefusedError as error:
            self._count(str(error))
            return Reply(400)
        except Exception as error:  # noqa: BLE001 - a defect here must neither end a connection nor show a payload
            log.warning("a press could not be read (%s)", type(error).__name__)
            self._count("failed")
            return Reply(400)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._do(reading)
        except Exception as error:  # noqa: BLE001 - whatever a broker's client raises, nothing may seem noted that is not
            # Only the class: the text may name a broker or an address with a permission in it.
            log.warning("a press could not be noted (%s)", type(error).__name__)
            self._count("failed")
            return self._sorry(reading)

    async def close(self) -> None:
        """Say what is still to be said, and let go."""
        if self._speaking:
            await asyncio.wait(self._speaking, timeout=FAREWELL_S)
        for task in self._speaking:
            task.cancel()
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    async def _do(self, reading: Reading) -> Reply:
        match reading:
            case Nothing():
                return Reply(200)
            case Denied():
                self._count(reading.reason)
                self._tell(reading.response_url, reading.told)
                return Reply(200) if reading.response_url else _complaint(reading.told)
            case Opens():
                await self._open(reading)
                return Reply(200)
            case Said():
                for answer in reading.answers:
                    await self._write(answer)
                self._count("taken")
                self._tell(reading.response_url, reading.noted)
                return Reply(200)
            case _:
                assert_never(reading)

    def _sorry(self, reading: Reading) -> Reply:
        match reading:
            case Said(from_dialogue=True):
                return _complaint(BUSY)  # the dialogue stays open, with what was written
            case Said():
                self._tell(reading.response_url, BUSY)
                return Reply(503)
            case Opens():
                self._tell(reading.response_url, EXPIRED)
                return Reply(503)
            case Nothing() | Denied():
                return Reply(503)
            case _:
                assert_never(reading)

    async def _open(self, reading: Opens) -> None:
        _, client = self._connected()
        try:
            await client.views_open(trigger_id=reading.trigger, view=reading.view)
        except SlackApiError as error:
            log.warning("Slack did not open the dialogue: %s", outcomes.of_error(error).detail)
            self._tell(reading.response_url, EXPIRED)
            self._count("not_opened")
        else:
            self._count("opened")

    def _tell(self, address: str, text: str) -> None:
        """Tell the person who pressed, and nobody else, after Slack has its answer."""
        if self._trusted(address):
            self._later(self._speak(address, text))
        elif address:
            self._count("foreign_address")

    def _later(self, speech: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(speech)
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    async def _speak(self, address: str, text: str) -> None:
        session, client = self._connected()
        said = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with session.post(address, json=said, proxy=client.proxy, allow_redirects=False) as response:
                if response.status != 200:
                    log.warning("Slack did not show an answer to a press (HTTP %s)", response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("Slack did not show an answer to a press (%s)", type(error).__name__)

    def _trusted(self, address: str) -> bool:
        """Only Slack is spoken to, whatever a payload names."""
        try:
            target, own = urlsplit(address), urlsplit(self._params.base_url)
        except ValueError:
            return False
        same = bool(own.netloc) and (target.scheme, target.netloc) == (own.scheme, own.netloc)
        return same or (target.scheme == "https" and target.netloc in SPEAKING_HOSTS)

    def _connected(self) -> tuple[aiohttp.ClientSession, AsyncWebClient]:
        if self._session is None or self._client is None:
            self._session, self._client = connect(self._params, __name__)
        return self._session, self._client


def _complaint(text: str) -> Reply:
    return Reply(200, {"response_action": "errors", "errors": {modal.TEXT: text}})
