"""What every stage is: records in, outputs out, and state that is saved with the offsets it covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.state import Plain
from domain.telemetry import SourceRef
from streams.topics import Topic


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it was read. ``received_at`` is the broker's time stamp of it, so that a replay sees the same."""

    source: SourceRef
    key: bytes | None
    value: bytes
    received_at: float


@dataclass(frozen=True, slots=True)
class Output:
    """A message to write to one of Foreshock's topics."""

    topic: Topic
    key: bytes
    value: bytes
    partition: int


class Stage(Protocol):
    """One stage's work for one partition: a state machine without a clock. It may raise; its driver never does."""

    def process(self, record: Record) -> Sequence[Output]:
        """Take one record in and say what follows from it; the same state and record give the same outputs."""

    def tick(self, idle_s: float) -> Sequence[Output]:
        """Time has passed: ``idle_s`` seconds since the last record of this partition, with none waiting."""

    def snapshot(self) -> Plain:
        """The whole state as plain data."""

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; raises StateError."""

    async def open(self) -> None:
        """Begin work of its own, such as deliveries, after the state is there."""

    async def close(self) -> None:
        """End it; no effect may follow."""


class Quiet:
    """The parts of a stage that does nothing between records."""

    def tick(self, idle_s: float) -> Sequence[Output]:  # noqa: ARG002 - the interface of every stage
        """Nothing follows from the passing of time."""
        return ()

    async def open(self) -> None:
        """No work of its own."""

    async def close(self) -> None:
        """No work of its own."""


class Stateless(Quiet):
    """The parts of a stage that keeps nothing between records, either."""

    def snapshot(self) -> Plain:
        """No state."""
        return None

    def restore(self, state: Plain) -> None:
        """Nothing to take over."""
