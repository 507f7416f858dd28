"""Where snapshots live: Kafka itself, so that state follows its partition to any machine, or a directory.

A snapshot is written whole or not at all: in a directory by renaming a finished file; in Kafka by a head record that
names the chunks of one generation and is written after them, while the chunks of the generation before stay in place.
"""

import asyncio
import hashlib
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from domain.errors import StateError
from domain.state import Plain

VERSION: Final = 1
CHUNK_BYTES: Final = 900_000  # below the usual limit of a broker, one megabyte a message
MAX_BYTES: Final = 1 << 30  # a snapshot that unpacks to more is damaged or hostile

Send = Callable[[bytes, bytes, int], Awaitable[None]]  # key, value, partition; returns when the broker has it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one stage for one partition, and the next offset to read from each of its inputs."""

    offsets: Mapping[str, int]
    state: Plain


class SnapshotStore(Protocol):
    """Keeps the newest snapshot under each name."""

    async def save(self, name: str, snapshot: Snapshot) -> int:
        """Store durably before returning; returns the number of bytes."""

    async def load(self, name: str) -> Snapshot | None:
        """Return the newest snapshot; None when there is none. Raises StateError when it is damaged."""


def pack(name: str, snapshot: Snapshot) -> bytes:
    """Return the stored form: compressed MessagePack with version, name and checksum."""
    body = msgspec.msgpack.encode({"name": name, "offsets": dict(snapshot.offsets), "state": snapshot.state})
    return b"FS%d" % VERSION + hashlib.sha256(body).digest() + zlib.compress(body, 1)


def unpack(name: str, data: bytes) -> Snapshot:
    """Return the snapshot; raises StateError when version, name or checksum do not fit."""
    head, digest, packed = data[:3], data[3:35], data[35:]
    if head != b"FS%d" % VERSION:
        raise StateError(f"snapshot {name}: written by another release; remove it to start from fresh state")
    try:
        stream = zlib.decompressobj()
        body = stream.decompress(packed, MAX_BYTES)
        if stream.unconsumed_tail or hashlib.sha256(body).digest() != digest:
            raise StateError(f"snapshot {name}: damaged (checksum); remove it to start from fresh state")
        content: dict[str, Any] = msgspec.msgpack.decode(body)
    except (zlib.error, msgspec.DecodeError) as error:
        raise StateError(f"snapshot {name}: damaged; remove it to start from fresh state") from error
    if content["name"] != name:
        raise StateError(f"snapshot {name}: holds the state of {content['name']!r}")
    return Snapshot(content["offsets"], content["state"])


class DirectorySnapshots:
    """Snapshots as files of one directory: for a single machine and for the embedded broker."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, made when missing."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / (re.sub(r"[^A-Za-z0-9._-]", lambda odd: f"%{ord(odd[0]):02x}", name) + ".snapshot")

    async def save(self, name: str, snapshot: Snapshot) -> int:
        """Write beside the old file and rename over it."""
        data = pack(name, snapshot)
        await asyncio.to_thread(_replace, self._path(name), data)
        return len(data)

    async def load(self, name: str) -> Snapshot | None:
        """Read the file of that name."""
        path = self._path(name)
        return unpack(name, await asyncio.to_thread(path.read_bytes)) if path.exists() else None


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(path)


class KafkaSnapshots:
    """Snapshots on a compacted topic; ``partition_of`` says where a name lives."""

    def __init__(
        self, topic: str, consumer_options: Mapping[str, Any], send: Send, partition_of: Callable[[str], int]
    ) -> None:
        """``send`` writes with acknowledgement; ``consumer_options`` connect a reader of its own."""
        self._topic = topic
        self._options = dict(consumer_options)
        self._send = send
        self._partition_of = partition_of
        self._generations: dict[str, int] = {}

    async def save(self, name: str, snapshot: Snapshot) -> int:
        """Write the chunks, then the head that makes them count."""
        data = pack(name, snapshot)
        generation = self._generations.get(name, 0) + 1
        partition = self._partition_of(name)
        chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
        for number, chunk in enumerate(chunks):
            await self._send(_chunk_key(name, generation, number), chunk, partition)
        head = {"generation": generation, "chunks": len(chunks), "digest": hashlib.sha256(data).hexdigest()}
        await self._send(name.encode(), msgspec.json.encode(head), partition)
        self._generations[name] = generation
        return len(data)

    async def load(self, name: str) -> Snapshot | None:
        """Read the partition to its end and put the newest complete generation together."""
        heads, chunks = [], dict[bytes, bytes]()
        async for key, value in self._read(self._partition_of(name)):
            if key == name.encode():
                heads.append(msgspec.json.decode(value))
            elif key.startswith(name.encode() + b"#"):
                chunks[key] = value
        for head in reversed(heads):
            keys = [_chunk_key(name, head["generation"], number) for number in range(head["chunks"])]
            data = b"".join(chunks.get(key, b"") for key in keys)
            if hashlib.sha256(data).hexdigest() == head["digest"]:
                self._generations[name] = head["generation"]
                return unpack(name, data)
        if heads:
            raise StateError(f"snapshot {name}: no complete generation on {self._topic}")
        return None

    async def _read(self, partition: int) -> AsyncIterator[tuple[bytes, bytes]]:
        """Yield every record that the partition holds now, with its key."""
        # "earliest" rather than a seek to the beginning, which races with the reset to "latest" that assigning starts.
        consumer = AIOKafkaConsumer(
            **self._options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            place = TopicPartition(self._topic, partition)
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            while await consumer.position(place) < end:
                batch = await consumer.getmany(place, timeout_ms=1000)
                for message in batch.get(place, []):
                    if message.key is not None and message.value is not None:
                        yield message.key, message.value
        finally:
            await consumer.stop()


def _chunk_key(name: str, generation: int, number: int) -> bytes:
    """Two generations alternate, so that the chunks under the current head are never overwritten."""
    return f"{name}#{generation % 2}.{number}".encode()
