"""The recorded topics on Kafka, read partition by partition from wherever the record ends.

The record's own offsets count: they are stored in one transaction with the entries. They are also committed to a
consumer group of their own, so that the usual tools show how far behind the recorder is.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from config.settings import Settings
from domain.telemetry import SourceRef
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.record.chain import Place
from streams.record.entries import RECORDED, Message
from streams.topics import Topic

log = logging.getLogger(__name__)

POLL_MS: Final = 500
AT_ONCE: Final = 2000


class Source(Protocol):
    """Where messages come from."""

    def ends(self) -> Mapping[Place, tuple[int, int]]:
        """Return the first offset that is still there and the next to be written, for every partition."""

    def seek(self, offsets: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on."""

    def read(self) -> list[Message]:
        """Return what has come, in order within a partition; wait a moment when there is nothing."""

    def done(self, offsets: Mapping[Place, int]) -> None:
        """Tell how far the record has come."""


def recorded_topics(settings: Settings) -> dict[str, Topic]:
    """Return the full names of the topics that are recorded."""
    return {topic_name(settings, topic): topic for topic in Topic if topic in RECORDED}


class KafkaSource:
    """The recorded topics of one installation."""

    def __init__(self, settings: Settings, *, group: str | None) -> None:
        """Connect; ``group`` None commits nothing. Raises BrokerError."""
        self._names = tuple(recorded_topics(settings))
        self._group = group
        self._kafka = settings.kafka
        self._consumer: Any = connected(
            KafkaConsumer,
            settings.kafka,
            group_id=group,
            enable_auto_commit=False,
            max_poll_records=AT_ONCE,
            auto_offset_reset="earliest",  # of what Kafka no longer holds: the gap is seen by the verifier
        )

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close(autocommit=False)

    def ends(self) -> Mapping[Place, tuple[int, int]]:
        """Return the first offset that is still there and the next to be written, for every partition."""
        with reaching(self._kafka):
            places = [
                TopicPartition(name, number)
                for name in self._names
                for number in sorted(self._consumer.partitions_for_topic(name) or ())
            ]
            first, last = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        return {Place(place.topic, place.partition): (first[place], last[place]) for place in places}

    def seek(self, offsets: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on."""
        with reaching(self._kafka):
            self._consumer.assign([TopicPartition(place.topic, place.partition) for place in offsets])
            for place, offset in offsets.items():
                self._consumer.seek(TopicPartition(place.topic, place.partition), offset)

    def read(self) -> list[Message]:
        """Return what has come, in order within a partition; wait a moment when there is nothing."""
        with reaching(self._kafka):
            batches = self._consumer.poll(timeout_ms=POLL_MS)
        return [_message(record) for records in batches.values() for record in records]

    def done(self, offsets: Mapping[Place, int]) -> None:
        """Commit to the recorder's group; a failure is no loss: only tools that show the lag read it."""
        if self._group is None:
            return
        wanted = {TopicPartition(p.topic, p.partition): OffsetAndMetadata(o, "", -1) for p, o in offsets.items()}
        try:
            self._consumer.commit(wanted)
        except KafkaError as error:
            log.warning("offsets were not committed to group %s: %s", self._group, type(error).__name__)


def _message(record: Any) -> Message:
    source = SourceRef(record.topic, record.partition, record.offset)
    return Message(source, record.timestamp, record.key, record.value)
