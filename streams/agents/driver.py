"""Drives the stages: state per partition, snapshots with offsets, acknowledgement after both, and never an exception.

The order that nothing may change (docs/adr/20261121-snapshots-before-commits.md):

    process -> outputs acknowledged by the broker -> snapshot durable, with the next offsets -> messages acknowledged

A crash at any point repeats work from the last snapshot; records that the snapshot covers are skipped, the others give
the same outputs with the same ids as before.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from domain.clock import Clock
from domain.errors import StateError
from streams.agents.base import Output, Record, Stage
from streams.agents.bound import DrainBound
from streams.agents.refusals import dead_letter
from streams.metrics import Metrics
from streams.snapshots import Snapshot, SnapshotStore
from streams.topics import Topic

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_HELD: Final = 20_000  # messages waiting for a snapshot: one is taken early rather than let memory grow
RESEND_S: Final = 1.0
STALL_S: Final = 5.0
OUTAGE_S: Final = 1.0  # the broker answers within milliseconds
RELEASE_S: Final = 10.0

Send = Callable[[Output], Awaitable[Awaitable[object]]]  # hands over; the inner awaitable ends when the broker has it
Ack = Callable[[], object]


@dataclass(slots=True)
class _Owned:
    """What this worker keeps for one unit of state."""

    name: str
    stage: Stage
    offsets: dict[str, int]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: list[Ack] = field(default_factory=list)
    unsent: list[tuple[Output, Awaitable[object] | None]] = field(default_factory=list)
    dirty: bool = False
    saved_at: float = 0.0
    handled_at: float = 0.0
    sent_at: float = 0.0  # when the broker last had everything
    size: int = 0


class Driver:
    """Runs one kind of stage for every partition that this worker owns."""

    def __init__(
        self,
        name: str,
        make: Callable[[int], Stage],
        *,
        send: Send,
        store: SnapshotStore,
        clock: Clock,
        metrics: Metrics,
        snapshot_every_s: float,
        apart: bool = False,
        bounds: Mapping[str, DrainBound] | None = None,
    ) -> None:
        """``make`` builds the stage of a partition; ``apart`` keeps state per topic and partition."""
        self.name = name
        self._make = make
        self._send = send
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._every_s = snapshot_every_s
        self._apart = apart
        self._bounds = bounds or {}
        self._owned: dict[str, _Owned] = {}
        self._assigned: frozenset[tuple[str, int]] = frozenset()
        self._term = 0  # counts assignments: what was loaded under an earlier one is not ours
        self._loading = asyncio.Lock()
        self.handled = 0  # messages since the start
        self.positions: dict[tuple[str, int], int] = {}  # next offset to handle, of partitions that we have read from

    def assign(self, partitions: Iterable[tuple[str, int]]) -> None:
        """These are ours now. The next tick loads their state: an outbox has work without records."""
        self._assigned = frozenset(partitions)
        self._term += 1
        self.positions.clear()

    @property
    def stalled(self) -> bool:
        """Kafka has not taken an output for some time."""
        now = self._clock.monotonic()
        return any(owned.unsent and now - owned.sent_at > STALL_S for owned in self._owned.values())

    @property
    def slowed(self) -> list[str]:
        """Sources that are read slowly because too much of them is refused."""
        return [topic for topic, bound in self._bounds.items() if bound.held]

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages that are loaded, by the name of their state."""
        return {name: owned.stage for name, owned in self._owned.items()}

    async def handle(self, record: Record, ack: Ack) -> None:
        """Process one record; ``ack`` is called once the state that contains it is durable. Never raises.

        A record of a partition that is no longer ours is left alone: its new owner reads it.
        """
        source = record.source
        owned = await self._own(source.topic, source.partition)
        if owned is None:
            return
        async with owned.lock:
            if self._owned.get(owned.name) is not owned:
                return  # given away while we waited
            expected = owned.offsets.get(source.topic)
            if expected is not None and source.offset < expected:
                self._metrics.count("skipped", stage=self.name)
            else:
                if expected is not None and source.offset > expected and not owned.held:
                    self._metrics.count("snapshot_gap_messages", source.offset - expected, stage=self.name)
                started = self._clock.monotonic()
                outputs = self._process(owned.stage, record)
                self._metrics.observe("process_seconds", self._clock.monotonic() - started, stage=self.name)
                self._metrics.count("messages", stage=self.name, topic=source.topic)
                owned.offsets[source.topic] = source.offset + 1
                await self._hand_over(owned, outputs)
                await self._keep_to_bound(source.topic, outputs)
            self.handled += 1
            self.positions[source.topic, source.partition] = source.offset + 1
            owned.held.append(ack)
            owned.dirty = True
            owned.handled_at = self._clock.monotonic()
            if len(owned.held) >= MAX_HELD:
                await self._save(owned)

    async def tick(self) -> None:
        """Let time pass for every stage, and take the snapshots that are due. Call about every second, or oftener."""
        for topic, partition in sorted(self._assigned):
            await self._own(topic, partition)
        now = self._clock.monotonic()
        for owned in list(self._owned.values()):
            async with owned.lock:
                if self._owned.get(owned.name) is not owned:
                    continue  # given away while we waited
                await self._pass_time(owned, now)
                if owned.dirty and now - owned.saved_at >= self._every_s:
                    await self._save(owned)
        self._report(now)

    def touch(self, stage: Stage) -> None:
        """Note that a stage changed by itself, such as an outbox that delivered: its snapshot is due."""
        for owned in self._owned.values():
            if owned.stage is stage:
                owned.dirty = True

    async def release(self) -> None:
        """Save and forget all state: the group is about to share its partitions out anew.

        What cannot be saved in time is dropped: the last snapshot and the commits behind it still fit together.
        """
        self._assigned = frozenset()
        self._term += 1
        owned_now, self._owned = self._owned, {}
        for owned in owned_now.values():
            try:
                async with asyncio.timeout(RELEASE_S), owned.lock:
                    await owned.stage.close()
                    if owned.dirty:
                        await self._save(owned)
            except TimeoutError:
                log.warning("%s: given away without a last snapshot", owned.name)

    async def _own(self, topic: str, partition: int) -> _Owned | None:
        """Return what we keep for a partition, loaded if need be; None when it is not ours."""
        place = f"{topic}/{partition}" if self._apart else str(partition)
        name = f"{self.name}/{place}"
        if (topic, partition) in self._assigned and (owned := self._owned.get(name)) is not None:
            return owned
        async with self._loading:
            if (topic, partition) not in self._assigned:
                return None
            if (owned := self._owned.get(name)) is None:
                term = self._term
                owned = await self._load(name, partition)
                if term != self._term:
                    return None
                self._owned[name] = owned
                await owned.stage.open()
        return owned

    async def _load(self, name: str, partition: int) -> _Owned:
        stage, offsets = self._make(partition), dict[str, int]()
        try:
            snapshot = await self._patiently(lambda: self._store.load(name))
            if snapshot is not None:
                stage.restore(snapshot.state)
                offsets = dict(snapshot.offsets)
        except StateError as error:
            # Fresh state beats no service: it warms up again, and the offsets committed so far still hold.
            log.error("%s: starting from fresh state: %s", name, error)  # noqa: TRY400 - the message says it all
            stage = self._make(partition)
            self._metrics.count("internal_errors", stage=self.name)
        log.info("%s: state loaded, offsets %s", name, offsets or "none")
        now = self._clock.monotonic()
        return _Owned(name, stage, offsets, saved_at=now, handled_at=now, sent_at=now)

    def _process(self, stage: Stage, record: Record) -> Sequence[Output]:
        try:
            return stage.process(record)
        except Exception as error:  # a defect of ours on one record must not stop the others: it becomes a dead letter
            log.exception("%s: %s could not be processed", self.name, record.source)
            self._metrics.count("internal_errors", stage=self.name)
            return (dead_letter(record, self.name, "internal_error", type(error).__name__),)

    async def _pass_time(self, owned: _Owned, now: float) -> None:
        while owned.unsent and _acknowledged(owned.unsent[0][1]):
            owned.unsent.pop(0)
        if not owned.unsent:
            owned.sent_at = now
        else:
            # Kafka may be out of reach, and then silence says nothing about the sources: no time passes, and the
            # silence counts from anew when Kafka is back.
            if now - owned.sent_at > OUTAGE_S:
                owned.handled_at = now
            if now - owned.sent_at > STALL_S:
                await self._resend(owned)
            return
        try:
            outputs = owned.stage.tick(now - owned.handled_at)
        except Exception:  # the next tick tries again; the records of the partition must not wait for it
            log.exception("%s: the passing of time could not be processed", owned.name)
            self._metrics.count("internal_errors", stage=self.name)
            return
        if outputs:
            owned.dirty = True
            await self._hand_over(owned, outputs)

    async def _keep_to_bound(self, topic: str, outputs: Sequence[Output]) -> None:
        refused = sum(output.topic is Topic.DEAD_LETTERS for output in outputs)
        if refused and (bound := self._bounds.get(topic)) is not None:
            await bound.spend(refused)

    async def _hand_over(self, owned: _Owned, outputs: Sequence[Output]) -> None:
        for output in outputs:
            try:
                owned.unsent.append((output, await self._send(output)))
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the output is kept and sent again
                log.warning("%s: output kept for another try: %r", owned.name, error)
                owned.unsent.append((output, None))

    async def _resend(self, owned: _Owned) -> None:
        """Wait until the broker has every output, in order; from the first that failed, all are sent again."""
        while owned.unsent:
            output, sent = owned.unsent[0]
            try:
                await (sent if sent is not None else await self._send(output))
                owned.unsent.pop(0)
            except Exception as error:  # noqa: BLE001 - the broker may be away for long: keep, wait, try again
                log.warning("%s: the broker did not take an output, trying again: %r", owned.name, error)
                owned.unsent[:] = [(kept, None) for kept, _ in owned.unsent]
                await self._clock.sleep(RESEND_S)

    async def _save(self, owned: _Owned) -> None:
        started = self._clock.monotonic()
        await self._resend(owned)
        owned.dirty = False
        covered, owned.held = owned.held, []
        snapshot = Snapshot(dict(owned.offsets), owned.stage.snapshot())
        owned.size = await self._patiently(lambda: self._store.save(owned.name, snapshot))
        for ack in covered:
            ack()
        owned.saved_at = self._clock.monotonic()
        self._metrics.observe("snapshot_seconds", owned.saved_at - started, stage=self.name)

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await attempt()
            except StateError:
                raise
            except Exception as error:  # noqa: BLE001 - storage may be away for long: nothing is acknowledged until then
                log.warning("%s: snapshots out of reach, trying again: %r", self.name, error)
                await self._clock.sleep(RESEND_S)

    def _report(self, now: float) -> None:
        oldest = max((now - owned.saved_at for owned in self._owned.values() if owned.dirty), default=0.0)
        self._metrics.set("snapshot_age_seconds", oldest, stage=self.name)
        self._metrics.set("snapshot_bytes", sum(owned.size for owned in self._owned.values()), stage=self.name)


def _acknowledged(sent: Awaitable[object] | None) -> bool:
    return isinstance(sent, asyncio.Future) and sent.done() and not sent.cancelled() and sent.exception() is None
