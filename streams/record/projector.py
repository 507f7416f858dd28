"""From the topics into the record: catch up once, or follow until told to stop; heads to Kafka now and then."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final, Protocol

from config.settings import Settings
from domain.clock import Clock
from streams.metrics import RECORD_CATALOGUE, Metrics
from streams.record.anchors import Anchor, KafkaAnchors
from streams.record.chain import Head, Place, seal
from streams.record.database import Record, RecordError, open_record
from streams.record.gauges import Gauges
from streams.record.source import KafkaSource, Source, recorded_topics
from streams.topics import Topic

log = logging.getLogger(__name__)

HEADS_EVERY_S: Final = 60.0
MEASURE_EVERY_S: Final = 5.0
GROUP_SUFFIX: Final = "-record"


@dataclass(slots=True)
class Chore:
    """Something to do every so many seconds while the record follows the topics, and at once when it begins to."""

    every_s: float
    do: Callable[[], None]
    due_at: float = 0.0  # monotonic


class Anchors(Protocol):
    """Where heads are written to."""

    def last(self) -> Anchor | str | None:
        """Return the newest heads, or why they cannot be read; None when there are none."""

    def write(self, heads: Iterable[Head], at: float) -> None:
        """Write the heads durably."""


class Projector:
    """One recorder. Several may run on one database: each entry is stored once."""

    def __init__(
        self,
        record: Record,
        source: Source,
        topics: Mapping[str, Topic],
        anchors: Anchors | None,
        clock: Clock,
        heads_every_s: float = HEADS_EVERY_S,
    ) -> None:
        """``anchors`` None writes no heads: for a record that is only made to be compared."""
        self._record = record
        self._source = source
        self._topics = topics
        self._anchors = anchors
        self._clock = clock
        self._heads_every_s = heads_every_s
        self._anchored = ""  # the seal that Kafka has
        self._anchored_at = clock.monotonic()
        self._places: frozenset[Place] = frozenset()
        self.covered = 0  # entries that the last heads on Kafka cover
        self.covered_at = 0.0  # when those were written; 0: not by this process

    def catch_up(self) -> int:
        """Record everything that the topics hold now, write the heads, and return how many entries were new."""
        ends = self._assign()
        heads = self._record.heads()
        left = {place: end for place, (first, end) in ends.items() if max(_next(heads, place), first) < end}
        stored = 0
        while left:
            new, reached = self._step()
            stored += new
            left = {place: end for place, end in left.items() if reached.get(place, 0) < end}
        self._anchor()
        return stored

    def follow(self, stopped: Callable[[], bool], chores: Sequence[Chore] = ()) -> int:
        """Record until ``stopped``, write the heads, and return how many entries were new."""
        stored = self.catch_up()
        while not stopped():
            for chore in chores:
                if self._clock.monotonic() >= chore.due_at:
                    chore.do()
                    chore.due_at = self._clock.monotonic() + chore.every_s
            stored += self._step()[0]
            if self._clock.monotonic() >= self._anchored_at + self._heads_every_s:
                self._anchor()
                if frozenset(self._source.ends()) != self._places:
                    self._assign()
        self._anchor()
        return stored

    def _assign(self) -> Mapping[Place, tuple[int, int]]:
        ends = self._source.ends()
        heads = self._record.heads()
        offsets = {}
        for place, (first, end) in ends.items():
            wanted = _next(heads, place)
            if wanted > end:
                raise RecordError(
                    f"{place} ends at offset {end}, the record has read up to {wanted}: the topic was made anew, or "
                    "this is another Kafka; use another database"
                )
            if 0 < wanted < first:
                log.error("%s: offsets %d to %d are gone from Kafka, not recorded", place, wanted, first - 1)
            offsets[place] = max(wanted, first)
        self._source.seek(offsets)
        self._places = frozenset(ends)
        return ends

    def _step(self) -> tuple[int, Mapping[Place, int]]:
        """Store one batch; returns how many entries were new and how far each partition of the batch was read."""
        batch = self._source.read()
        if not batch:
            return 0, {}
        stored = self._record.append(batch, self._topics)
        reached: dict[Place, int] = {}
        for message in batch:
            reached[Place(message.source.topic, message.source.partition)] = message.source.offset + 1
        self._source.done(reached)
        if stored:
            log.info("recorded %d entries", stored)
        return stored, reached

    def _anchor(self) -> None:
        self._anchored_at = self._clock.monotonic()
        if self._anchors is None:
            return
        heads = [head for head in self._record.heads().values() if head.position]
        sealed = seal(heads)
        if heads and sealed != self._anchored:
            if not self._anchored:
                self._check(self._anchors.last())
            self._anchors.write(heads, self._clock.now())
            self._anchored = sealed
            self.covered, self.covered_at = sum(head.position for head in heads), self._clock.now()

    def _check(self, last: Anchor | str | None) -> None:
        """Refuse to write heads that contradict those on Kafka: this record would discredit the true one."""
        if isinstance(last, str):
            log.warning("the newest heads on Kafka cannot be read: %s", last)
        if not isinstance(last, Anchor):
            return
        for place, head in last.heads.items():
            if self._record.hash_at(place, head.position) != head.hash:
                raise RecordError(
                    f"{self._record.name} is not the record whose heads are on Kafka: {place} differs at or before "
                    f"position {head.position}; put a good copy in its place (`foreshock audit verify` says more)"
                )


def project(
    settings: Settings,
    database: str,
    clock: Clock,
    *,
    stopped: Callable[[], bool] | None = None,
    heads_every_s: float | None = HEADS_EVERY_S,
    verify_every_s: float | None = None,
    metrics: Metrics | None = None,
) -> int:
    """Project the topics of an installation into a database, made if need be; without ``stopped`` only catch up.

    ``heads_every_s`` None writes no heads. While it follows, it measures itself into ``metrics`` and verifies the whole
    record every so often. Returns how many entries were new. Raises RecordError and BrokerError.
    """
    with ExitStack() as stack:
        record = stack.enter_context(closing(open_record(database, create=True)))
        # A record that is only made to be compared leaves no trace on Kafka: an account that may read is enough.
        group = None if heads_every_s is None else settings.kafka.group + GROUP_SUFFIX
        source = stack.enter_context(closing(KafkaSource(settings, group=group)))
        anchors = None if heads_every_s is None else stack.enter_context(closing(KafkaAnchors(settings)))
        projector = Projector(record, source, recorded_topics(settings), anchors, clock, heads_every_s or HEADS_EVERY_S)
        if stopped is None:
            return projector.catch_up()
        gauges = Gauges(record, source, anchors, projector, clock, metrics or Metrics(RECORD_CATALOGUE))
        chores = [Chore(MEASURE_EVERY_S, gauges.measure)]
        if verify_every_s is not None:
            chores.append(Chore(verify_every_s, gauges.verify))
        return projector.follow(stopped, chores)


def _next(heads: Mapping[Place, Head], place: Place) -> int:
    head = heads.get(place)
    return 0 if head is None else head.next_offset
