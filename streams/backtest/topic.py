"""Telemetry, and what was declared, from Kafka: the part of a topic whose messages were written in a time range.

Offsets come from the brokers' time index; no consumer group is used and nothing is committed. The partitions are merged
by the messages' time stamps, so that two runs over the same range read the same order.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from config.settings import Settings
from domain.errors import DecodeError
from domain.telemetry import IncidentEvent
from streams.backtest.json_lines import usable
from streams.backtest.source import BacktestError, Complain, Line
from streams.codecs.registry import INCIDENTS, TELEMETRY
from streams.connection import connected

POLL_MS = 1000
QUIET_POLLS = 30  # in a row, all empty: the broker does not give what its offsets promise
AHEAD = 2000  # messages of one partition that wait for those of another

Span = tuple[int, int]  # from one offset to before another


@dataclass(frozen=True, slots=True)
class Range:
    """Messages written at or after ``since`` and before ``until``, in seconds since the epoch."""

    topic: str
    since: float
    until: float


class KafkaTopic:
    """The samples of a range of a topic. Its end is fixed when it is first asked for."""

    unit = "messages"
    remarks: Sequence[str] = ()

    def __init__(self, settings: Settings, wanted: Range, connect: Callable[[], Any] | None = None) -> None:
        self.name = f"topic {wanted.topic}"
        self.done = 0
        self._wanted = wanted
        self._connect = connect or (lambda: consumer_of(settings))
        formats = {s.topic: s.format for s in settings.sources if s.kind == "telemetry"}
        self._codec = TELEMETRY[formats.get(wanted.topic, "native")]
        self._spans: Mapping[TopicPartition, Span] | None = None

    @property
    def size(self) -> int:
        """Offsets of the range; compaction and transactions may have left fewer messages."""
        with _connected(self._connect) as consumer:
            return sum(end - start for start, end in self._range(consumer).values())

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every sample; a message that is refused is one bad line, told by its partition and offset."""
        self.done = 0
        with _connected(self._connect) as consumer:
            found = self._range(consumer)
            if not found:
                self.remarks = ["No message was written to it in that time."]
            for message in merged(consumer, found):
                self.done += 1
                place = f"{message.topic}/{message.partition}@{message.offset}"
                try:
                    decoded = self._codec.decode(message.value or b"", message.timestamp / 1000)
                except DecodeError as error:
                    complain(f"{place}: {error.detail}")
                    yield "", "", "", None
                else:
                    yield from usable(decoded, place, complain)

    def _range(self, consumer: Any) -> Mapping[TopicPartition, Span]:
        if self._spans is None:
            self._spans = spans(consumer, self._wanted)
        return self._spans


def declared(
    settings: Settings, since: float, until: float, connect: Callable[[], Any] | None = None
) -> list[IncidentEvent]:
    """Return what the incident topics of the configuration hold for the range; what is refused there is passed over."""
    events: list[IncidentEvent] = []
    for source in settings.sources:
        if source.kind != "incidents":
            continue
        codec = INCIDENTS[source.format]
        with _connected(connect or (lambda: consumer_of(settings))) as consumer:
            for message in merged(consumer, spans(consumer, Range(source.topic, since, until))):
                try:
                    events += codec.decode(message.value or b"", message.timestamp / 1000)
                except DecodeError:
                    continue
    return sorted(events, key=lambda event: event.at)


def consumer_of(settings: Settings) -> Any:
    """Return a consumer without a group; raises BrokerError when no broker answers."""
    return connected(
        KafkaConsumer, settings.kafka, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )


def spans(consumer: Any, wanted: Range) -> Mapping[TopicPartition, Span]:
    """Return the offsets of the range in each partition; raises BacktestError for a topic that is not there."""
    numbers = consumer.partitions_for_topic(wanted.topic)
    if not numbers:
        raise BacktestError(f"topic {wanted.topic} does not exist, or may not be read")
    places = [TopicPartition(wanted.topic, number) for number in sorted(numbers)]
    ends = consumer.end_offsets(places)
    starts = _offsets_at(consumer, places, wanted.since)
    stops = _offsets_at(consumer, places, wanted.until)
    found = {
        place: (starts.get(place, ends[place]), min(stops.get(place, ends[place]), ends[place])) for place in places
    }
    return {place: (start, stop) for place, (start, stop) in found.items() if start < stop}


def _offsets_at(consumer: Any, places: Sequence[TopicPartition], at: float) -> dict[TopicPartition, int]:
    """Return the first offset at or after a time, where there is one."""
    answer = consumer.offsets_for_times(dict.fromkeys(places, max(0, round(at * 1000))))
    return {place: found.offset for place, found in answer.items() if found is not None}


def merged(consumer: Any, ranges: Mapping[TopicPartition, Span]) -> Iterator[Any]:
    """Yield the messages of all partitions, the one with the earliest time stamp first, each partition in its order."""
    consumer.assign(list(ranges))
    waiting: dict[TopicPartition, deque[Any]] = {place: deque() for place in ranges}
    for place, (start, _) in ranges.items():
        consumer.seek(place, start)
    reading = set(ranges)
    while waiting:
        _fill(consumer, ranges, waiting, reading)
        heads = [(queue[0].timestamp, place.partition, place) for place, queue in waiting.items() if queue]
        if heads:
            *_, place = min(heads)
            yield waiting[place].popleft()
        waiting = {place: queue for place, queue in waiting.items() if queue or place in reading}


def _fill(
    consumer: Any,
    ranges: Mapping[TopicPartition, Span],
    waiting: Mapping[TopicPartition, deque[Any]],
    reading: set[TopicPartition],
) -> None:
    """Read on until every partition that is not at its end has a message waiting."""
    quiet = 0
    while any(not waiting[place] for place in reading):
        consumer.resume(*(place for place in reading if not waiting[place]))
        batch = consumer.poll(timeout_ms=POLL_MS)
        quiet = 0 if batch else quiet + 1
        for place, messages in batch.items():
            waiting[place].extend(m for m in messages if m.offset < ranges[place][1])
            if len(waiting[place]) >= AHEAD:
                consumer.pause(place)
        over = {place for place in reading if consumer.position(place) >= ranges[place][1]}
        if over:
            reading -= over
            consumer.pause(*over)
        if quiet >= QUIET_POLLS:
            raise BacktestError("Kafka gives no more messages although the range is not at its end")


@contextmanager
def _connected(connect: Callable[[], Any]) -> Iterator[Any]:
    consumer = connect()
    try:
        yield consumer
    except KafkaError as error:
        raise BacktestError(f"Kafka refused: {error}") from None
    finally:
        consumer.close()
