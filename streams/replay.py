"""Dead letters go back to where they came from, once what refused them has been mended."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from config.settings import Settings
from domain.errors import DecodeError
from domain.telemetry import DeadLetter
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.reading import up_to
from streams.records import decode_dead_letter
from streams.topics import Topic

log = logging.getLogger(__name__)

REPLAYED = "foreshock-replayed-from"  # header: where the message stood when it was refused


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters to replay; None means any."""

    topic: str | None = None
    reason: str | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Return whether this one is wanted."""
        return self.topic in {None, letter.source.topic} and self.reason in {None, letter.reason}


def read_dead_letters(settings: Settings) -> Iterator[DeadLetter]:
    """Yield every dead letter that is on the topic now, partition by partition. Raises BrokerError."""
    with reaching(settings.kafka):
        consumer = connected(KafkaConsumer, settings.kafka, group_id=None, auto_offset_reset="earliest")
        try:
            yield from _all(consumer, topic_name(settings, Topic.DEAD_LETTERS))
        finally:
            consumer.close()


def _all(consumer: Any, name: str) -> Iterator[DeadLetter]:
    places = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
    ends = consumer.end_offsets(places)
    for place in places:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        for message in up_to(consumer, {place: ends[place]}):
            yield from _letter(message.value)


def _letter(value: bytes) -> Iterator[DeadLetter]:
    try:
        yield decode_dead_letter(value)
    except DecodeError as error:
        log.warning("passed over: %s", error)


def replay_dead_letters(
    settings: Settings, wanted: Wanted, *, dry_run: bool, report: Callable[[DeadLetter], None]
) -> Counter[str]:
    """Send the wanted dead letters to their topics again, in order; returns how many for each reason.

    A letter that is refused again becomes a new dead letter; samples that had been accepted are recognised as repeats.
    Raises BrokerError.
    """
    counts = Counter[str]()
    with nullcontext() if dry_run else _sending(settings) as send:
        for letter in read_dead_letters(settings):
            if not wanted.takes(letter):
                continue
            counts[letter.reason] += 1
            report(letter)
            if send is not None:
                send(letter)
    return counts


@contextmanager
def _sending(settings: Settings) -> Iterator[Callable[[DeadLetter], None]]:
    """Return what sends a letter to where it came from; at the end Kafka has them all."""
    producer = connected(KafkaProducer, settings.kafka, acks="all")

    def send(letter: DeadLetter) -> None:
        header = (REPLAYED, str(letter.source).encode())
        with reaching(settings.kafka):
            producer.send(letter.source.topic, key=letter.key, value=letter.payload, headers=[header])

    try:
        yield send
        with reaching(settings.kafka):
            producer.flush()
    finally:
        producer.close()
