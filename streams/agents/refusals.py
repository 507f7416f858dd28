"""Refused input on its way to the dead letters: counted, with reason and origin, and never too large to be sent."""

from typing import Final

from domain.telemetry import DeadLetter
from streams.agents.base import Output, Record
from streams.metrics import Metrics
from streams.records import encode_dead_letter
from streams.topics import Topic

# Of key and payload. In base64 they are a third larger, and a megabyte is the usual limit of a broker: a dead letter
# that no broker takes would be sent again for ever, and its partition would be read no further.
KEPT_BYTES: Final = 720_000
LONGEST_KEY: Final = 1_000  # bytes that are kept beside a payload that is cut


def refuse(record: Record, stage: str, reason: str, detail: str, metrics: Metrics) -> Output:
    """Count a message that was refused, as a whole or in part, and return the output that keeps it."""
    metrics.count("dead_letters", topic=record.source.topic, reason=reason)
    return dead_letter(record, stage, reason, detail)


def dead_letter(record: Record, stage: str, reason: str, detail: str) -> Output:
    """Return the output that keeps a message; of one that is too large for it, the beginning."""
    key, payload, cut_from = record.key, record.value, None
    if len(key or b"") + len(payload) > KEPT_BYTES:
        payload, cut_from = payload[: KEPT_BYTES - LONGEST_KEY], len(payload)
        detail += f"; of its {cut_from:,} bytes the first {len(payload):,} are kept"
        if key is not None and len(key) > LONGEST_KEY:
            detail += f", and its key of {len(key):,} bytes is not"
            key = None
    letter = DeadLetter(record.source, stage, reason, detail, payload, key, cut_from)
    return Output(Topic.DEAD_LETTERS, record.source.topic.encode(), encode_dead_letter(letter), -1)
