"""The composition root of the worker: settings in, everything wired, nothing started."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

import faust
from faust import Service
from faust.types import TP

from alerts.channels.base import Channel
from alerts.channels.registry import make_channels
from alerts.decide import Decide
from config.settings import Settings
from detectors.detection import Detection
from domain.anomaly import SeriesState
from domain.clock import Clock
from domain.notice import ChannelKind
from streams.admin import topic_name
from streams.agents.base import Stage
from streams.agents.bound import DrainBound
from streams.agents.decide import DecideStage
from streams.agents.deliver import DeliverStage
from streams.agents.detect import DetectStage
from streams.agents.driver import Driver
from streams.agents.feedback import FeedbackStage
from streams.agents.incidents import IncidentsStage
from streams.agents.rekey import RekeyStage
from streams.app import CommitSensor, Connection, Gateway, Route, create_app
from streams.codecs.registry import INCIDENTS, TELEMETRY
from streams.connection import client_options, faust_credentials
from streams.health import HealthServer, Progress
from streams.metrics import Metrics
from streams.receipts import PastReceipts
from streams.snapshots import DirectorySnapshots, KafkaSnapshots, SnapshotStore
from streams.system import end_process
from streams.topics import Topic, partition_for

log = logging.getLogger(__name__)
Kind = TypeVar("Kind", bound=Stage)

OBSERVE_EVERY_S: Final = 2.0
DELIVERY_SNAPSHOT_S: Final = 0.25  # small state, and what it holds decides whether a message is sent twice
DECISION_SNAPSHOT_S: Final = 1.0
EXIT_STALLED: Final = 70


class Worker:
    """One process of the consumer group: the app, its stages, its pages."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Wire everything for these settings."""
        self._settings = settings
        self._clock = clock
        self._landscape = settings.landscape()
        self._channels: Mapping[ChannelKind, Channel] | None = None
        self.metrics = Metrics()
        self.metrics.set("build_info", 1, version=version("foreshock"))
        self._gateway = Gateway(lambda output: topic_name(settings, output.topic))
        self._store = self._make_store()
        self._commits = CommitSensor(clock)
        self._progress = Progress(clock, commit_completed_at=lambda: self._commits.completed_at)
        self._joined = False
        self._routes = self._make_routes()
        self.server = HealthServer(
            settings.server.host,
            settings.server.port,
            self.metrics,
            stalls=self._progress.stalls,
            unready=self._unready,
            status=self._status,
        )
        kafka = settings.kafka
        self.app = create_app(
            Connection(kafka.brokers, kafka.group, kafka.instance, faust_credentials(kafka)),
            self._routes,
            self._gateway,
            self._commits,
            {"observe": (OBSERVE_EVERY_S, self._observe)},
        )
        self.app.service(_pages(self.server, self._close))

    def _make_store(self) -> SnapshotStore:
        state, kafka = self._settings.state, self._settings.kafka
        if state.store == "directory":
            return DirectorySnapshots(state.directory or Path("foreshock-state"))
        topic = topic_name(self._settings, Topic.SNAPSHOTS)

        async def send(key: bytes, value: bytes, partition: int) -> None:
            await self._gateway.put(topic, key, value, partition)

        return KafkaSnapshots(topic, client_options(kafka), send, lambda name: partition_for(name, kafka.partitions))

    def _make_routes(self) -> tuple[Route, ...]:
        settings = self._settings
        telemetry = [source for source in settings.sources if source.kind == "telemetry"]
        incidents = {s.topic: INCIDENTS[s.format] for s in settings.sources if s.kind == "incidents"}
        direct = {s.topic: TELEMETRY[s.format] for s in telemetry if s.keyed_by_service}
        rekeyed = {s.topic: TELEMETRY[s.format] for s in telemetry if not s.keyed_by_service}
        samples = topic_name(settings, Topic.SAMPLES)
        codecs = {**direct, samples: TELEMETRY["native"]}
        partitions, metrics = settings.kafka.partitions, self.metrics

        def detect(partition: int) -> Stage:
            detection = Detection(settings.detectors, self._landscape.services, partition)
            return DetectStage(detection, codecs, partition, metrics, wait_s=settings.alerts.group_wait)

        def decide(_: int) -> Stage:
            return DecideStage(Decide(self._landscape, settings.alerts), partitions, metrics)

        answers = FeedbackStage(metrics, partitions)
        every_s = settings.state.snapshot_every_s
        routes = [
            self._route("detect", detect, (*codecs, topic_name(settings, Topic.INCIDENTS)), every_s),
            self._route("decide", decide, (topic_name(settings, Topic.ANOMALIES),), min(DECISION_SNAPSHOT_S, every_s)),
            self._route(
                "feedback", lambda _: answers, (topic_name(settings, Topic.FEEDBACK),), DECISION_SNAPSHOT_S, apart=True
            ),
            self._route("deliver", self._deliver, (topic_name(settings, Topic.NOTICES),), DELIVERY_SNAPSHOT_S),
        ]
        if rekeyed:
            stage = RekeyStage(rekeyed, partitions, metrics)
            routes.append(self._route("rekey", lambda _: stage, tuple(rekeyed), every_s, apart=True))
        if incidents:
            passing = IncidentsStage(incidents, partitions, metrics)
            routes.append(
                self._route("incidents", lambda _: passing, tuple(incidents), DECISION_SNAPSHOT_S, apart=True)
            )
        return tuple(routes)

    def _route(
        self, name: str, make: Callable[[int], Stage], topics: tuple[str, ...], every_s: float, *, apart: bool = False
    ) -> Route:
        bounds = {
            source.topic: DrainBound(source.topic, source.max_rejected_per_minute, self._clock, self.metrics)
            for source in self._settings.sources
            if source.topic in topics
        }
        driver = Driver(
            name,
            make,
            send=self._gateway.send,
            store=self._store,
            clock=self._clock,
            metrics=self.metrics,
            snapshot_every_s=every_s,
            apart=apart,
            bounds=bounds,
        )
        return Route(driver, topics)

    def _deliver(self, partition: int) -> Stage:
        # Channels open connections and belong to the running loop: made with the first outbox, shared by all.
        if self._channels is None:
            self._channels = make_channels(self._settings.channels.by_kind(), self._settings.answers.links())
        return DeliverStage(
            self._channels,
            self._settings.delivery,
            partition,
            clock=self._clock,
            metrics=self.metrics,
            write=self._gateway.write,
            touch=self._touch,
            past=PastReceipts(
                topic_name(self._settings, Topic.RECEIPTS), client_options(self._settings.kafka), self._clock
            ).read,
        )

    def _touch(self, stage: Stage) -> None:
        for route in self._routes:
            route.driver.touch(stage)

    async def _observe(self, app: faust.App) -> None:
        """Measure lag and progress; end the process when nothing moves although messages wait."""
        positions: dict[tuple[str, int], int] = {}
        for route in self._routes:
            positions |= route.driver.positions
        assigned: set[TP] = set(app.consumer.assignment())
        self._joined = self._joined or bool(assigned)
        waiting = 0
        for place in assigned:
            end = app.consumer.highwater(place)
            position = positions.get((place.topic, place.partition))
            if end is None or position is None:
                continue
            behind = max(0, end - position)
            waiting += behind
            self.metrics.set("consumer_lag", behind, topic=place.topic, partition=str(place.partition))
        self._progress.observe(sum(route.driver.handled for route in self._routes), waiting)
        self.metrics.set("progress_age_seconds", self._progress.age_s)
        self.metrics.set("commit_age_seconds", self._progress.commit_age_s)
        self._measure_stages()
        if stalls := [*self._progress.stalls(), *self._dead_outboxes()]:
            log.critical("ending this process, so that its supervisor starts it again: %s", "; ".join(stalls))
            end_process(EXIT_STALLED)

    def _stages(self, kind: type[Kind]) -> list[Kind]:
        return [stage for route in self._routes for stage in route.driver.stages.values() if isinstance(stage, kind)]

    def _measure_stages(self) -> None:
        states = dict.fromkeys((state.value for state in SeriesState), 0)
        for stage in self._stages(DetectStage):
            for state, count in stage.detection.states().items():
                states[state.value] += count
        self.metrics.replace("series", "state", states)
        self.metrics.set("notices_pending", sum(stage.outbox.pending for stage in self._stages(DeliverStage)))

    def _dead_outboxes(self) -> list[str]:
        return ["an outbox has ended" for stage in self._stages(DeliverStage) if stage.failed]

    def _unready(self) -> list[str]:
        problems = [] if self._joined else ["no partitions yet: joining the consumer group"]
        for route in self._routes:
            if route.driver.stalled:
                problems.append(f"{route.driver.name}: Kafka does not take what it is sent")
            problems += [f"{topic}: slowed down, too much of it is refused" for topic in route.driver.slowed]
        return problems

    def _status(self) -> object:
        """What a person wants to see at a glance; also what the demo draws."""
        services: dict[str, dict[str, int]] = {}
        for stage in self._stages(DetectStage):
            for service, states in stage.detection.states_by_service().items():
                services[service] = {state.value: count for state, count in states.items()}
        return {
            "version": version("foreshock"),
            "handled": {route.driver.name: route.driver.handled for route in self._routes},
            "services": services,
            "alerts_open": sum(len(stage.decide.open_alerts) for stage in self._stages(DecideStage)),
            "endings_owed": sum(stage.decide.debt() for stage in self._stages(DecideStage)),
            "notices_pending": sum(stage.outbox.pending for stage in self._stages(DeliverStage)),
            "unready": self._unready(),
        }

    async def _close(self) -> None:
        for channel in (self._channels or {}).values():
            await channel.close()


def _pages(server: HealthServer, close: Callable[[], Awaitable[None]]) -> type[Service]:
    class Pages(Service):
        """Serves the worker's pages from when it has joined its group to its end."""

        async def on_start(self) -> None:
            await server.start()
            log.info("serving %s", server.address)

        async def on_stop(self) -> None:
            await server.stop()
            await close()

    return Pages
