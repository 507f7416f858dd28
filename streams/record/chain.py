"""The chain: every entry's hash covers the entry before it, one chain for each partition of a topic. Pure.

Kafka orders the messages of a partition and nothing beyond, so only a chain for each partition comes out the same
whenever it is built. The seal covers the ends of all chains in the order of their names.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from streams.record.entries import Entry

GENESIS: Final = "0" * 64
_SCHEME: Final = b"foreshock-record-1"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A partition of a topic: where one chain lives."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one chain: the number of its entries, the offset and hash of the last, and the offset to read next."""

    place: Place
    position: int = 0
    offset: int = -1
    hash: str = GENESIS
    next_offset: int = 0


def link(previous: str, entry: Entry) -> str:
    """Return the hash of an entry that follows the entry with the hash ``previous``."""
    source = entry.source
    digest = hashlib.sha256(_SCHEME)
    address = (source.topic.encode(), b"%d" % source.partition, b"%d" % source.offset, b"%d" % entry.written_ms)
    for part in (previous.encode(), *address, entry.key, entry.value):
        # A length before each part: no two entries have the same bytes. -1 keeps "none" apart from "empty".
        digest.update((-1 if part is None else len(part)).to_bytes(8, "big", signed=True))
        digest.update(part or b"")
    return digest.hexdigest()


def seal(heads: Iterable[Head]) -> str:
    """Return the head over all chains; the order in which they grew does not matter."""
    digest = hashlib.sha256(_SCHEME + b" seal")
    for head in sorted(heads, key=lambda head: head.place):
        digest.update(f"{head.place}\n{head.position}\n{head.offset}\n{head.hash}\n".encode())
    return digest.hexdigest()
