"""What was really sent: notices looked up by their ids in their topic."""

from collections.abc import Collection
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from config.settings import Settings
from domain.errors import DecodeError
from domain.identity import NoticeId
from domain.notice import Notice
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.records import decode
from streams.topics import Topic

POLL_MS: Final = 500
AT_ONCE: Final = 2000
PATIENCE_POLLS: Final = 60  # without a record: half a minute


def find_notices(settings: Settings, wanted: Collection[NoticeId]) -> dict[NoticeId, Notice]:
    """Return the notices that there are; the topic is read from its beginning to its end. Raises BrokerError."""
    with reaching(settings.kafka):
        consumer = connected(
            KafkaConsumer, settings.kafka, group_id=None, enable_auto_commit=False, max_poll_records=AT_ONCE
        )
        try:
            return _search(consumer, topic_name(settings, Topic.NOTICES), {notice.encode() for notice in wanted})
        finally:
            consumer.close(autocommit=False)


def _search(consumer: Any, topic: str, wanted: set[bytes]) -> dict[NoticeId, Notice]:
    places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    found: dict[NoticeId, Notice] = {}
    if not places:
        return found
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    silent = 0
    while len(found) < len(wanted) and any(consumer.position(place) < ends[place] for place in places):
        batches = consumer.poll(timeout_ms=POLL_MS)
        # A broker that has gone away raises nothing here, it only falls silent.
        silent = 0 if batches else silent + 1
        if silent == PATIENCE_POLLS:
            raise KafkaTimeoutError
        for records in batches.values():
            for record in records:
                if record.key in wanted and (notice := _notice(record.value)) is not None:
                    found[notice.id] = notice
    return found


def _notice(value: bytes | None) -> Notice | None:
    try:
        return decode(Notice, value)
    except DecodeError:
        return None
