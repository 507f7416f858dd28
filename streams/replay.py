"""Dead letters go back to where they came from, once what refused them has been mended."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from config.settings import Settings
from domain.errors import DecodeError
from domain.telemetry import DeadLetter
from streams.admin import topic_name
from streams.connection import kafka_python_options
from streams.records import decode_dead_letter
from streams.topics import Topic

log = logging.getLogger(__name__)

REPLAYED = "foreshock-replayed-from"  # header: where the message stood when it was refused
POLL_MS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters to replay; None means any."""

    topic: str | None = None
    reason: str | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Return whether this one is wanted."""
        return self.topic in {None, letter.source.topic} and self.reason in {None, letter.reason}


def read_dead_letters(settings: Settings) -> Iterator[DeadLetter]:
    """Yield every dead letter that is on the topic now, partition by partition."""
    consumer = KafkaConsumer(**kafka_python_options(settings.kafka), group_id=None, auto_offset_reset="earliest")
    try:
        name = topic_name(settings, Topic.DEAD_LETTERS)
        places = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        ends = consumer.end_offsets(places)
        for place in places:
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            while consumer.position(place) < ends[place]:
                for message in consumer.poll(timeout_ms=POLL_MS).get(place, []):
                    if message.offset < ends[place]:
                        yield from _letter(message.value)
    finally:
        consumer.close()


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
    """
    counts = Counter[str]()
    producer = None if dry_run else KafkaProducer(**kafka_python_options(settings.kafka), acks="all")
    try:
        for letter in read_dead_letters(settings):
            if not wanted.takes(letter):
                continue
            counts[letter.reason] += 1
            report(letter)
            if producer is not None:
                header = (REPLAYED, str(letter.source).encode())
                producer.send(letter.source.topic, key=letter.key, value=letter.payload, headers=[header])
    finally:
        if producer is not None:
            producer.flush()
            producer.close()
    return counts
