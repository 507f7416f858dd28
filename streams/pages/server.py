"""The process that takes answers in from outside: stateless, and with no more rights than to write them down."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web
from aiokafka import AIOKafkaProducer

from config.settings import Settings
from domain.clock import Clock
from domain.feedback import Feedback
from streams.admin import topic_name
from streams.connection import client_options
from streams.metrics import Metrics
from streams.pages import ratings, unsubscribe
from streams.pages.page import MAX_BODY, Write
from streams.records import encode
from streams.site import Site
from streams.topics import Topic

log = logging.getLogger(__name__)

WRITE_S: Final = 10.0
LOOK_S: Final = 5.0

Pages = Callable[[Settings, Write, Clock, Metrics], list[web.RouteDef]]
PAGES: Final[tuple[Pages, ...]] = (ratings.routes, unsubscribe.routes)


class FeedbackWriter:
    """Writes answers to the feedback topic. Connects when there is one to write, and anew after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._options = client_options(settings.kafka)
        self._topic = topic_name(settings, Topic.FEEDBACK)
        self._producer: AIOKafkaProducer | None = None
        self._reached = False
        self._connecting = asyncio.Lock()

    async def write(self, feedback: Feedback) -> None:
        """Return when the broker has it; raises when it has not, or not in time."""
        key = (feedback.alert or feedback.id).encode()
        async with asyncio.timeout(WRITE_S):
            producer = await self._connected()
            await producer.send_and_wait(self._topic, key=key, value=encode(feedback), partition=0)
        log.info("written: %s %s", feedback.kind, feedback.id)

    async def watch(self, clock: Clock) -> None:
        """Connect ahead of the first answer, for which a press in Slack has no time, and see that Kafka stays there."""
        while True:
            try:
                async with asyncio.timeout(WRITE_S):
                    producer = await self._connected()
                    producer.client.add_topic(self._topic)
                    reached = await producer.client.force_metadata_update()
                reason = "no broker answers"
            except Exception as error:  # noqa: BLE001 - whatever is wrong with Kafka, it may be over the next time
                reached, reason = False, type(error).__name__
            if not reached:
                log.warning("not connected to Kafka (%s); trying again", reason)
            self._reached = bool(reached)
            await clock.sleep(LOOK_S)

    def unready(self) -> list[str]:
        """Return what keeps answers from being written, in words, as it was when `watch` looked last."""
        return [] if self._reached else ["not connected to Kafka"]

    async def close(self) -> None:
        """Let go of Kafka."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._options, acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


class AnswersServer(Site):
    """Serves the pages and /healthz."""

    def __init__(
        self, settings: Settings, write: Write, clock: Clock, metrics: Metrics, more: Sequence[web.RouteDef] = ()
    ) -> None:
        """``more`` are the routes of other ways in."""
        app = web.Application(client_max_size=MAX_BODY)
        app.on_response_prepare.append(_say_no_version)
        app.add_routes([route for pages in PAGES for route in pages(settings, write, clock, metrics)])
        app.add_routes([*more, web.get("/healthz", _healthz)])
        super().__init__(app, settings.answers.host, settings.answers.port)


async def _say_no_version(_: web.Request, response: web.StreamResponse) -> None:
    """Take out the name and version of the server: nobody outside needs them."""
    response.headers.pop("Server", None)


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")
