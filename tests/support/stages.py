"""A stage, a store and a broker for tests of what drives the stages: each remembers the order of what happened."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from domain.errors import StateError
from domain.state import Plain
from domain.telemetry import SourceRef
from streams.agents.base import Output, Record, Stateless
from streams.snapshots import Snapshot, pack, unpack
from streams.topics import Topic


def a_record(offset: int, value: bytes = b"1", topic: str = "telemetry", partition: int = 0) -> Record:
    return Record(SourceRef(topic, partition, offset), None, value, received_at=1000.0 + offset)


class SumStage(Stateless):
    """Adds up what it reads and says every sum: an output depends on all records before it."""

    def __init__(self) -> None:
        self.total = 0
        self.closed = False

    def process(self, record: Record) -> Sequence[Output]:
        if record.value == b"poison":
            raise ValueError("cannot")
        self.total += int(record.value)
        return (Output(Topic.ALERTS, str(record.source.offset).encode(), str(self.total).encode(), 0),)

    def snapshot(self) -> Plain:
        return self.total

    def restore(self, state: Plain) -> None:
        if not isinstance(state, int):
            raise StateError("not a sum")
        self.total = state

    async def close(self) -> None:
        self.closed = True


@dataclass
class MemorySnapshots:
    """Keeps packed snapshots, as the real stores do."""

    events: list[str] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    hang: bool = False

    async def save(self, name: str, snapshot: Snapshot) -> int:
        if self.hang:
            await asyncio.Event().wait()
        self.kept[name] = pack(name, snapshot)
        self.events.append(f"saved {dict(snapshot.offsets)}")
        return len(self.kept[name])

    async def load(self, name: str) -> Snapshot | None:
        return unpack(name, self.kept[name]) if name in self.kept else None


@dataclass
class MemoryBroker:
    """Takes outputs, one after the other; the next ``failures`` of them fail."""

    events: list[str] = field(default_factory=list)
    taken: list[Output] = field(default_factory=list)
    failures: int = 0
    silent: bool = False  # answers nothing
    unanswered: list[asyncio.Future[object]] = field(default_factory=list)

    async def send(self, output: Output) -> Awaitable[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.silent:
            self.unanswered.append(future)
            return future
        if self.failures > 0:
            self.failures -= 1
            future.set_exception(ConnectionError("away"))
            return future
        self.taken.append(output)
        self.events.append(f"taken {output.value.decode(errors='replace')[:20]}")
        future.set_result(None)
        return future

    def return_from_outage(self) -> None:
        """Answer all that was left unanswered."""
        self.silent = False
        for future in self.unanswered:
            future.set_result(None)


def acks_into(events: list[str], record: Record) -> Callable[[], object]:
    return lambda: events.append(f"acked {record.source.offset}")
