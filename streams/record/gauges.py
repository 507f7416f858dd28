"""What the recorder shows of itself: how far behind it is, what heads cover, and whether the record is sound."""

import logging
from collections import defaultdict
from typing import Protocol

from domain.clock import Clock
from streams.metrics import Metrics
from streams.record.anchors import Anchor
from streams.record.database import Record
from streams.record.source import Source
from streams.record.verify import verify

log = logging.getLogger(__name__)


class Newest(Protocol):
    """Where heads are read from."""

    def last(self) -> Anchor | str | None:
        """Return the newest heads, or why they cannot be read; None when there are none."""


class Covered(Protocol):
    """Who writes heads, and knows what they cover."""

    covered: int
    covered_at: float


class Gauges:
    """Measures a record and what it is made of. Every method may raise RecordError and BrokerError."""

    def __init__(
        self, record: Record, source: Source, anchors: Newest | None, heads: Covered, clock: Clock, metrics: Metrics
    ) -> None:
        self._record = record
        self._source = source
        self._anchors = anchors
        self._heads = heads
        self._clock = clock
        self._metrics = metrics

    def measure(self) -> None:
        """Compare the record with the topics."""
        heads = self._record.heads()
        lag = defaultdict[str, int](int)
        for place, (first, end) in self._source.ends().items():
            reached = heads[place].next_offset if place in heads else 0
            lag[place.topic] += max(0, end - max(first, reached))
        self._metrics.replace("record_lag", "topic", lag)
        entries = sum(head.position for head in heads.values())
        self._metrics.set("record_entries", entries)
        if self._anchors is not None:
            self._metrics.set("record_uncovered", max(0, entries - self._heads.covered))
            self._metrics.set("record_heads_at_seconds", self._heads.covered_at)

    def verify(self) -> None:
        """Verify the whole record, and that it is the one of the newest heads on Kafka."""
        newest = None if self._anchors is None else self._anchors.last()
        verdict = verify(self._record, None if newest is None else [newest])
        found = len(verdict.findings) + verdict.more
        self._metrics.set("record_findings", found)
        self._metrics.set("record_verified_at_seconds", self._clock.now())
        if verdict.sound:
            log.info("verified %d entries, seal %s", verdict.entries, verdict.seal)
        for finding in verdict.findings:
            log.critical("the record is not what was written: %s: %s", finding.where, finding.what)
