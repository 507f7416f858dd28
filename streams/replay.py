"""Dead letters go back to where they came from, once what refused them has been mended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer

from config.settings import Settings
from domain.errors import DecodeError
from domain.telemetry import DeadLetter
from streams.admin import topic_name
from streams.connection import connected, reaching
from streams.reading import partitions_of_topic, up_to
from streams.records import decode_dead_letter
from streams.sending import Sender
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
    places = partitions_of_topic(consumer, name)
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


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many dead letters were sent, and how many cannot be: of those only the beginning was kept."""

    sent: int
    cut: int


def replay_dead_letters(
    settings: Settings, wanted: Wanted, *, dry_run: bool, report: Callable[[DeadLetter], None]
) -> Replayed:
    """Send the wanted dead letters to their topics again, in order.

    A letter that is refused again becomes a new dead letter; samples that had been accepted are recognised as repeats.
    Raises BrokerError, also when Kafka does not take one of them.
    """
    sent = cut = 0
    with nullcontext() if dry_run else Sender(settings.kafka) as sender:
        for letter in read_dead_letters(settings):
            if not wanted.takes(letter):
                continue
            report(letter)
            if letter.cut_from is not None:
                cut += 1
                continue
            sent += 1
            if sender is not None:
                origin = (REPLAYED, str(letter.source).encode())
                sender.send(letter.source.topic, key=letter.key, value=letter.payload, headers=[origin])
        if sender is not None:
            sender.flush()
    return Replayed(sent, cut)
