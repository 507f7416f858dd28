"""The table of Foreshock's own topics: name, what it holds, how many partitions, how it is kept."""

import zlib
from dataclasses import dataclass
from enum import StrEnum

DAY_MS = 86_400_000


class Topic(StrEnum):
    """The topics that Foreshock writes, by the end of their names."""

    SAMPLES = "samples"
    INCIDENTS = "incidents"
    ANOMALIES = "anomalies"
    ALERTS = "alerts"
    NOTICES = "notices"
    RECEIPTS = "receipts"
    DEAD_LETTERS = "dead-letters"
    SNAPSHOTS = "snapshots"
    RECORD_HEADS = "record-heads"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made. ``single`` topics have one partition, so that their records have one order."""

    topic: Topic
    holds: str
    key: str
    single: bool
    cleanup: str
    retention_days: int | None
    settings: tuple[tuple[str, str], ...] = ()

    def configs(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        retention = {} if self.retention_days is None else {"retention.ms": str(self.retention_days * DAY_MS)}
        return {"cleanup.policy": self.cleanup, **retention, **dict(self.settings)}


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(Topic.SAMPLES, "telemetry of sources that are not keyed by service", "service", False, "delete", 2),
    TopicSpec(
        Topic.INCIDENTS, "incident events, and how useful people found an alert, one copy in every partition",
        "event id", False, "delete", 30,
    ),
    TopicSpec(
        Topic.ANOMALIES, "what decide reads, in one order: anomalies, incident events, answers, watermarks", "service",
        True, "delete", 30,
    ),
    TopicSpec(Topic.FEEDBACK, "answers of people: acknowledged, silenced, approved", "alert id", True, "delete", 400),
    # Never compacted: that would keep the last transition of an episode only, and the record could not be rebuilt.
    TopicSpec(Topic.ALERTS, "every transition of an episode", "alert id", True, "delete", 400),
    TopicSpec(Topic.NOTICES, "decided notices, also those held or suppressed", "notice id", False, "delete", 400),
    TopicSpec(Topic.RECEIPTS, "what the channels answered", "notice id", False, "delete", 400),
    TopicSpec(Topic.DEAD_LETTERS, "rejected input with its reason and origin", "source topic", False, "delete", 30),
    TopicSpec(
        Topic.SNAPSHOTS, "the state of every stage, each with the offsets it covers", "stage and partition", False,
        "compact", None,
        # Small segments and a low dirty ratio, so that a restart reads little more than the newest snapshots.
        (("segment.bytes", "33554432"), ("segment.ms", "600000"), ("min.cleanable.dirty.ratio", "0.1")),
    ),
    TopicSpec(
        Topic.RECORD_HEADS, "the ends of the record's chains, as proof against a replaced database", "record", True,
        "delete", None, (("retention.ms", "-1"),),
    ),
)  # fmt: skip


def partition_for(key: str, partitions: int) -> int:
    """The partition of a key on Foreshock's own topics: CRC-32, the same in every process and release."""
    return zlib.crc32(key.encode()) % partitions
