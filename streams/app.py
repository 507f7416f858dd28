"""The Faust application: which stage reads which topics; how rebalancing and shutdown meet the drivers.

`create_app` is a factory: importing this module makes nothing and connects to nothing.
"""

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import faust
from faust.sensors.base import Sensor
from faust.types import TP, EventT

from domain.clock import Clock
from domain.telemetry import SourceRef
from streams.agents.base import Output, Record
from streams.agents.driver import Driver
from streams.system import end_process

log = logging.getLogger(__name__)

TICK_S: Final = 0.25
EXIT_BROKEN: Final = 71
SESSION_S: Final = 15.0  # a worker that was killed is missed after so long, and its partitions go to others


@dataclass(frozen=True, slots=True)
class Route:
    """One stage and the topics that it reads."""

    driver: Driver
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach Kafka. ``credentials`` is Faust's form of TLS and SASL settings."""

    brokers: tuple[str, ...]
    group: str
    instance: str | None = None
    credentials: Any = None


class CommitSensor(Sensor):
    """Notes when the consumer last completed a commit cycle: some have been seen to stop committing (faust#596)."""

    def __init__(self, clock: Clock) -> None:
        """Count from now."""
        super().__init__()
        self._clock = clock
        self.completed_at = clock.monotonic()

    def on_commit_completed(self, consumer: Any, state: Any) -> None:  # noqa: ARG002 - Faust's interface
        """A cycle is complete, whether or not there was anything to commit."""
        self.completed_at = self._clock.monotonic()


class Gateway:
    """The worker's way out to Kafka, usable once the app has started."""

    def __init__(self, topic_of: Callable[[Output], str]) -> None:
        """``topic_of`` gives the full name of an output's topic."""
        self._topic_of = topic_of
        self._app: faust.App | None = None

    def connect(self, app: faust.App) -> None:
        """Use this app's producer."""
        self._app = app

    async def send(self, output: Output) -> Awaitable[object]:
        """Hand an output to the producer; the awaitable that comes back ends when the broker has it."""
        partition = None if output.partition < 0 else output.partition
        return await self._hand_over(self._topic_of(output), output.key, output.value, partition)

    async def write(self, output: Output) -> None:
        """Send an output and wait until the broker has it."""
        await (await self.send(output))

    async def put(self, topic: str, key: bytes, value: bytes, partition: int) -> None:
        """Send to a topic by its full name, and wait until the broker has it."""
        await (await self._hand_over(topic, key, value, partition))

    async def _hand_over(self, topic: str, key: bytes, value: bytes, partition: int | None) -> Awaitable[object]:
        if self._app is None:
            raise RuntimeError("the gateway is not connected")
        producer = await self._app.maybe_start_producer()
        sent: Awaitable[object] = await producer.send(topic, key, value, partition, None, None)
        return sent


def create_app(
    connection: Connection,
    routes: Sequence[Route],
    gateway: Gateway,
    commits: CommitSensor,
    jobs: Mapping[str, tuple[float, Callable[[faust.App], Awaitable[None]]]],
) -> faust.App:
    """Build the application; ``jobs`` are run every so many seconds, by name."""
    app = faust.App(
        connection.group,
        broker=[f"kafka://{broker}" for broker in connection.brokers],
        broker_credentials=connection.credentials,
        consumer_group_instance_id=connection.instance,
        broker_commit_interval=1.0,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 6,
        broker_max_poll_records=2000,
        consumer_auto_offset_reset="earliest",
        # Messages wait for their snapshot: a rebalance or a stop must not wait for them. They are read again.
        stream_wait_empty=False,
        producer_acks=-1,
        producer_linger=0.005,
        store="memory://",
        datadir=Path(tempfile.gettempdir()) / "foreshock",  # Faust makes one, though nothing is kept in it
        topic_allow_declare=False,  # `foreshock topics create` makes topics, with the settings of the table
        topic_disable_leader=True,
        web_enabled=False,  # streams.health serves three pages; Faust's own show more than an operator needs
        autodiscover=False,
    )
    app.sensors.add(commits)
    gateway.connect(app)
    for route in routes:
        _add_agent(app, route)
        app.timer(interval=TICK_S, name=f"tick-{route.driver.name}")(route.driver.tick)
    for name, (every_s, job) in jobs.items():
        app.timer(interval=every_s, name=name)(partial(job, app))
    _follow_rebalances(app, routes)
    return app


def _add_agent(app: faust.App, route: Route) -> None:
    channel = app.topic(*route.topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def run(stream: Any) -> None:
        # Acknowledged by the driver once the state that contains the event is durable, never by Faust: it would
        # acknowledge an event even when the agent raised (faust#315, #527).
        async for event in stream.noack().events():
            try:
                await route.driver.handle(_record(event), partial(event.message.ack, app.consumer))
            except Exception:
                # Ours, not the record's (the driver keeps that apart). Faust would go on with the next event and pass
                # over this one until a restart: so restart. Nothing that was not acknowledged is lost.
                log.critical("%s: ending this process", route.driver.name, exc_info=True)
                end_process(EXIT_BROKEN)

    app.agent(channel, name=route.driver.name)(run)


def _record(event: EventT[Any]) -> Record:
    message = event.message
    source = SourceRef(message.topic, message.partition, message.offset)
    return Record(source, message.key, message.value or b"", message.timestamp)


def _follow_rebalances(app: faust.App, routes: Sequence[Route]) -> None:
    async def release(*_: Any, **__: Any) -> None:
        await asyncio.gather(*(route.driver.release() for route in routes))

    async def assign(*signal: Any, **_: Any) -> None:
        assigned: set[TP] = signal[1]
        log.info("assigned %d partitions", len(assigned))
        for route in routes:
            route.driver.assign((place.topic, place.partition) for place in assigned if place.topic in route.topics)

    app.on_partitions_revoked.connect(release, weak=False)
    app.on_partitions_assigned.connect(assign, weak=False)
    app.on_before_shutdown.connect(release, weak=False)
