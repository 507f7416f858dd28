"""A Kafka broker inside this process: the mock cluster that librdkafka carries, for the demo and for tests.

It speaks the protocol on a loopback port and keeps its messages in memory. It cannot create topics on request, compact,
replicate, or balance a second worker: it shows the product, it does not prove it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

from domain.errors import ForeshockError

PARTITIONS = 4  # what the mock cluster gives a topic that a metadata request names
_ANSWER_S = 60.0  # no answer at all, and not a slow machine
_QUIET = {"log_level": 2}  # librdkafka reports every connection that a stopping peer closes


class EmbeddedBrokerError(ForeshockError):
    """The embedded broker is not installed, did not start, or did not take a message; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    value: bytes


class EmbeddedBroker:
    """One mock broker; use it as a context manager or call `start` and `stop`."""

    def __init__(self) -> None:
        self._library = _library()
        self._owner: Any = None
        self.bootstrap = ""

    def start(self) -> None:
        """Listen on a free loopback port, which `bootstrap` names from then on."""
        self._owner = self._library.Producer(_QUIET | {"bootstrap.servers": "none", "test.mock.num.brokers": 1})
        brokers = self._owner.list_topics(timeout=_ANSWER_S).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def stop(self) -> None:
        """Close the port and forget every message; stopping twice is allowed."""
        self._owner = None  # the library tears the cluster down with its last reference
        self.bootstrap = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_topics(self, names: Iterable[str]) -> None:
        """Make each topic with 4 partitions: the mock cluster makes a topic when it is first asked for."""
        for name in names:
            known = self._owner.list_topics(name, timeout=_ANSWER_S).topics[name]
            if len(known.partitions) != PARTITIONS:
                raise EmbeddedBrokerError(f"the embedded broker gave {name} {len(known.partitions)} partitions")

    def sender(self) -> "Sender":
        """Return something to produce with."""
        return Sender(self._library, self.bootstrap)

    def reader(self, topics: Iterable[str]) -> "Reader":
        """Return something that reads these topics from their beginning, without a consumer group."""
        return Reader(self._library, self.bootstrap, tuple(topics))


class Sender:
    """Produces keyed messages; a key always goes to one partition."""

    def __init__(self, library: ModuleType, bootstrap: str) -> None:
        self._errors: tuple[type[Exception], ...] = (library.KafkaException, BufferError)
        self._refused: list[str] = []
        self._producer: Any = library.Producer(
            _QUIET | {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 5, "acks": "all"}
        )

    def send(self, topic: str, *, key: bytes, value: bytes, timestamp_ms: int | None = None) -> None:
        """Queue a message and return at once; raises EmbeddedBrokerError when it cannot be queued."""
        stamp = 0 if timestamp_ms is None else timestamp_ms  # 0: the library's word for now
        try:
            self._producer.produce(topic, key=key, value=value, timestamp=stamp, on_delivery=self._answered)
        except self._errors as error:
            raise EmbeddedBrokerError(f"a message for {topic} could not be queued: {error}") from error
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has everything; raises EmbeddedBrokerError when it has not."""
        left = self._producer.flush(_ANSWER_S)
        if left or self._refused:
            reason = self._refused[0] if self._refused else "no answer"
            raise EmbeddedBrokerError(f"{left + len(self._refused)} messages did not reach the broker: {reason}")

    def _answered(self, error: object, _message: object) -> None:
        if error is not None:
            self._refused.append(str(error))


class Reader:
    """Reads topics from their beginning without ever waiting."""

    def __init__(self, library: ModuleType, bootstrap: str, topics: tuple[str, ...]) -> None:
        # The group is required by the library and never joined: the partitions are assigned by hand.
        settings = {"bootstrap.servers": bootstrap, "group.id": "demo-reader", "enable.auto.commit": False}
        self._consumer: Any = library.Consumer(_QUIET | settings)
        self._consumer.assign([library.TopicPartition(t, p, 0) for t in topics for p in range(PARTITIONS)])

    def read(self) -> tuple[Fetched, ...]:
        """Return what has arrived since the last call, which may be nothing."""
        messages = self._consumer.consume(1000, 0)
        return tuple(
            Fetched(m.topic(), m.partition(), m.offset(), m.value() or b"") for m in messages if m.error() is None
        )

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()


def _library() -> ModuleType:
    """Import the library when it is first needed: a worker on a real Kafka does without it."""
    try:
        import confluent_kafka  # noqa: PLC0415 - an optional extra, see above
    except ImportError as error:
        raise EmbeddedBrokerError(
            "the embedded broker needs the extra 'demo': run pip install '.[demo]' in the checkout"
        ) from error
    return confluent_kafka
