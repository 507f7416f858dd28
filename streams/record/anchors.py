"""The ends of all chains, written to Kafka now and then: whoever replaces the database cannot replace these with it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from config.settings import Settings
from domain.errors import DecodeError
from domain.telemetry import SourceRef
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.reading import up_to
from streams.record.chain import Head, Place, seal
from streams.topics import Topic

VERSION: Final = 1
KEY: Final = b"record"
_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Anchor:
    """The ends of all chains at one time, as they stand on Kafka at ``source``."""

    source: SourceRef
    at: float
    heads: Mapping[Place, Head]


def encode(heads: Iterable[Head], at: float) -> bytes:
    """Return the message."""
    ordered = sorted(heads, key=lambda head: head.place)
    rows = [[head.place.topic, head.place.partition, head.position, head.offset, head.hash] for head in ordered]
    body = {"at": at, "seal": seal(ordered), "chains": rows}
    return json.dumps({"v": VERSION, "is": "record-heads", "body": body}).encode()


def decode(source: SourceRef, payload: bytes | None) -> Anchor:
    """Return the heads of a message; raises DecodeError, also when its seal does not fit its heads."""
    try:
        envelope = json.loads(payload or b"null")
        body = envelope["body"]
        heads = [
            Head(Place(str(topic), int(number)), int(position), int(offset), str(digest))
            for topic, number, position, offset, digest in body["chains"]
        ]
        anchor = Anchor(source, float(body["at"]), {head.place: head for head in heads})
        fits = envelope["v"] == VERSION and envelope["is"] == "record-heads" and body["seal"] == seal(heads)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DecodeError("wrong_type", "not heads of a record") from error
    if not fits:
        raise DecodeError("wrong_type", "version, type or seal does not fit")
    return anchor


class KafkaAnchors:
    """The topic of heads."""

    def __init__(self, settings: Settings) -> None:
        """Connect when there is something to write."""
        self._settings = settings
        self._topic = topic_name(settings, Topic.RECORD_HEADS)
        self._producer: Any = None

    def write(self, heads: Iterable[Head], at: float) -> None:
        """Write the heads, and wait until Kafka has them; raises BrokerError."""
        with reaching(self._settings.kafka):
            if self._producer is None:
                self._producer = connected(KafkaProducer, self._settings.kafka, acks="all")
            self._producer.send(self._topic, key=KEY, value=encode(heads, at), partition=0).get(timeout=_WAIT_S)

    def read(self) -> Iterator[Anchor | str]:
        """Yield all heads that Kafka holds, the oldest first; in place of one that cannot be read, what is wrong."""
        yield from self._read(0)

    def last(self) -> Anchor | str | None:
        """Return the newest heads; None when there are none."""
        return next(self._read(-1), None)

    def _read(self, start: int) -> Iterator[Anchor | str]:
        """Read from an offset on; a negative one counts from the end."""
        with reaching(self._settings.kafka):
            consumer = connected(KafkaConsumer, self._settings.kafka, group_id=None)
            try:
                for record in _records(consumer, TopicPartition(self._topic, 0), start):
                    source = SourceRef(record.topic, record.partition, record.offset)
                    try:
                        yield decode(source, record.value)
                    except DecodeError as error:
                        yield f"{source}: {error.detail}"
            finally:
                consumer.close()

    def close(self) -> None:
        """Let go of Kafka."""
        if self._producer is not None:
            self._producer.close()


def _records(consumer: Any, place: TopicPartition, start: int) -> Iterator[Any]:
    first, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
    consumer.assign([place])
    consumer.seek(place, max(first, start if start >= 0 else end + start))
    return up_to(consumer, {place: end})
