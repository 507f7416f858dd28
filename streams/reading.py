"""Reading topics for a command: their partitions, and on to where they ended when somebody looked."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from streams.errors import BrokerError

POLL_MS: Final = 500
PATIENCE_POLLS: Final = 60  # without a record: half a minute


def partitions_of_topic(consumer: Any, topic: str) -> list[TopicPartition]:
    """Return the partitions of one of Foreshock's own topics, in order; raises BrokerError when none can be seen."""
    places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    if not places:
        raise BrokerError(
            f"there is no topic {topic}, or this account may not read it: `foreshock topics create` makes it"
        )
    return places


def up_to(consumer: Any, ends: Mapping[TopicPartition, int]) -> Iterator[Any]:
    """Yield what stands before these offsets, from where the consumer is; the partitions are those assigned to it.

    Raises KafkaTimeoutError when nothing comes any more: a broker that has gone away raises nothing, it falls silent.
    """
    silent = 0
    while any(consumer.position(place) < end for place, end in ends.items()):
        batches = consumer.poll(timeout_ms=POLL_MS)
        silent = 0 if batches else silent + 1
        if silent == PATIENCE_POLLS:
            raise KafkaTimeoutError
        for place, records in batches.items():
            yield from (record for record in records if record.offset < ends[place])
