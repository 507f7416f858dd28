"""Topics by kafka-python: create them, verify them, and tell how far behind the worker is."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
from kafka.structs import OffsetAndMetadata

from config.settings import Settings
from streams.connection import connected, reaching
from streams.system import pause
from streams.topics import TOPICS, Topic, TopicSpec

log = logging.getLogger(__name__)

COORDINATOR_TRIES = 15
COORDINATOR_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Lag:
    """How many messages of one partition the consumer group has not committed yet."""

    topic: str
    partition: int
    end: int
    committed: int | None

    @property
    def behind(self) -> int:
        """Messages not yet handled; all of them when nothing was committed."""
        return self.end - (self.committed or 0)


def topic_name(settings: Settings, topic: Topic) -> str:
    """Return the full name of one of Foreshock's own topics."""
    return f"{settings.kafka.topic_prefix}{topic}"


def partitions_of(settings: Settings, spec: TopicSpec) -> int:
    """Return how many partitions a topic of the table has under these settings."""
    return 1 if spec.single else settings.kafka.partitions


def read_topics(settings: Settings) -> tuple[str, ...]:
    """Return the topics that the worker's group reads."""
    read = (Topic.SAMPLES, Topic.INCIDENTS, Topic.ANOMALIES, Topic.FEEDBACK, Topic.NOTICES)
    own = [topic_name(settings, topic) for topic in read]
    return (*(source.topic for source in settings.sources), *own)


@contextmanager
def _admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    with reaching(settings.kafka):
        client = connected(KafkaAdminClient, settings.kafka, client_id="foreshock-admin")
        try:
            yield client
        finally:
            client.close()


def create_topics(settings: Settings) -> list[str]:
    """Create the topics of the table that are missing; returns their names."""
    with _admin(settings) as client:
        there = set(client.list_topics())
        wanted = {topic_name(settings, spec.topic): spec for spec in TOPICS}
        missing = {
            name: {
                "num_partitions": partitions_of(settings, spec),
                "replication_factor": settings.kafka.replication,
                "configs": spec.configs(),
            }
            for name, spec in wanted.items()
            if name not in there
        }
        if missing:
            client.create_topics(missing, wait_for_metadata=True)
        return sorted(missing)


def verify_topics(settings: Settings) -> list[str]:
    """Return what is wrong with the topics, each with its remedy; empty when the worker can start."""
    with _admin(settings) as client:
        there = {row["name"]: len(row["partitions"]) for row in client.describe_topics() if row["partitions"]}
    own = {topic_name(settings, spec.topic): partitions_of(settings, spec) for spec in TOPICS}
    problems = []
    for name, wanted in own.items():
        if name not in there:
            problems.append(f"topic {name} is missing: run `foreshock topics create`")
        elif settings.kafka.create_topics and there[name] != wanted:
            problems.append(
                f"topic {name} has {there[name]} partitions, expected {wanted}: set kafka.partitions to fit"
            )
    for source in settings.sources:
        problems += _source_problems(settings, source.topic, there, needs_same=_read_directly(settings, source.topic))
    return problems


def _read_directly(settings: Settings, topic: str) -> bool:
    return any(s.topic == topic and s.kind == "telemetry" and s.keyed_by_service for s in settings.sources)


def _source_problems(settings: Settings, topic: str, there: dict[str, int], *, needs_same: bool) -> list[str]:
    if topic not in there:
        return [f"source topic {topic} is missing: create it, or correct its name under sources"]
    if needs_same and there[topic] != settings.kafka.partitions:
        own = settings.kafka.partitions
        remedy = "set kafka.partitions to fit, or keyed_by_service: false to have its samples written anew by service"
        return [f"source topic {topic} has {there[topic]} partitions, Foreshock's own have {own}: {remedy}"]
    return []


def _group_offsets(
    client: KafkaAdminClient, group: str, places: Sequence[TopicPartition]
) -> Mapping[TopicPartition, OffsetAndMetadata]:
    """Ask again while the group's coordinator is being found: after a broker's start that takes seconds."""
    for _ in range(COORDINATOR_TRIES - 1):
        try:
            return dict(client.list_group_offsets({group: list(places)})[group])
        except (CoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError):
            pause(COORDINATOR_WAIT_S)
    return dict(client.list_group_offsets({group: list(places)})[group])


def lag(settings: Settings) -> Sequence[Lag]:
    """Return the lag of every partition that the worker's group reads."""
    with _admin(settings) as client:
        there = {row["name"]: len(row["partitions"]) for row in client.describe_topics() if row["partitions"]}
        places = [
            TopicPartition(name, number) for name in read_topics(settings) for number in range(there.get(name, 0))
        ]
        offsets = _group_offsets(client, settings.kafka.group, places)
        consumer = connected(KafkaConsumer, settings.kafka, group_id=None)
        try:
            ends = consumer.end_offsets(places)
        finally:
            consumer.close()
    rows = []
    for place in places:
        found = offsets.get(place)
        committed = None if found is None or found.offset < 0 else found.offset
        rows.append(Lag(place.topic, place.partition, ends[place], committed))
    return rows
