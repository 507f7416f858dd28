"""What was decided, looked up by its id in its topic: notices from the beginning on, alerts from the end."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from kafka import KafkaConsumer

from config.settings import Settings
from domain.alert import Transition
from domain.errors import DecodeError
from domain.identity import AlertId, NoticeId
from domain.notice import Notice
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.reading import partitions_of_topic, up_to
from streams.records import decode
from streams.topics import Topic

AT_ONCE: Final = 2000
NEWEST: Final = 5000  # transitions that are read first: an alert that somebody answers is seldom older

Found = TypeVar("Found", Notice, Transition)


def find_notices(settings: Settings, wanted: Collection[NoticeId]) -> dict[NoticeId, Notice]:
    """Return the notices that there are; the topic is read from its beginning to its end. Raises BrokerError."""
    with _reader(settings) as consumer:
        return _notices(consumer, topic_name(settings, Topic.NOTICES), {notice.encode() for notice in wanted})


def find_alert(settings: Settings, alert: AlertId) -> Transition | None:
    """Return the latest change of an alert; None: there is no such alert. Raises BrokerError."""
    with _reader(settings) as consumer:
        return _latest(consumer, topic_name(settings, Topic.ALERTS), alert.encode())


@contextmanager
def _reader(settings: Settings) -> Iterator[Any]:
    with reaching(settings.kafka):
        consumer = connected(
            KafkaConsumer, settings.kafka, group_id=None, enable_auto_commit=False, max_poll_records=AT_ONCE
        )
        try:
            yield consumer
        finally:
            consumer.close(autocommit=False)


def _notices(consumer: Any, topic: str, wanted: set[bytes]) -> dict[NoticeId, Notice]:
    places = partitions_of_topic(consumer, topic)
    consumer.assign(places)
    found: dict[NoticeId, Notice] = {}
    consumer.seek_to_beginning(*places)
    for record in up_to(consumer, consumer.end_offsets(places)):
        if record.key in wanted and (notice := _read(Notice, record.value)) is not None:
            found[notice.id] = notice
        if len(found) == len(wanted):
            break
    return found


def _latest(consumer: Any, topic: str, key: bytes) -> Transition | None:
    place = partitions_of_topic(consumer, topic)[0]
    consumer.assign([place])
    first, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
    while end > first:
        start = max(first, end - NEWEST)
        consumer.seek(place, start)
        values = [record.value for record in up_to(consumer, {place: end}) if record.key == key]
        steps = (_read(Transition, value) for value in reversed(values))
        if (step := next((step for step in steps if step is not None), None)) is not None:
            return step
        end = start
    return None


def _read(kind: type[Found], value: bytes | None) -> Found | None:
    try:
        return decode(kind, value)
    except DecodeError:
        return None
