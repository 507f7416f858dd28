"""Decided notices in, calls to channels and receipts out, through an outbox that survives a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from alerts.channels.base import Channel
from alerts.outbox import Accepted, Outbox
from alerts.params import DeliveryParams
from domain.clock import Clock
from domain.errors import DecodeError
from domain.notice import ChannelKind, Deferred, Delivered, Notice, Notify, Receipt, Rejected
from domain.state import Plain
from streams.agents.base import Output, Quiet, Record
from streams.agents.refusals import refuse
from streams.metrics import Metrics
from streams.receipts import Recall
from streams.records import decode, encode
from streams.topics import Topic
from streams.undeliverable import undeliverable

log = logging.getLogger(__name__)

Write = Callable[[Output], Awaitable[None]]  # returns when the broker has it
Past = Callable[[int, Recall], Awaitable[None]]  # hands over the latest receipts of a partition; returns after the last

PATIENCE_S: Final = 10.0  # so long the latest receipts are waited for: a warning must not wait for ever


class DeliverStage(Quiet):
    """The outbox of one partition of notices. It has a clock of its own."""

    def __init__(
        self,
        channels: Mapping[ChannelKind, Channel],
        params: DeliveryParams,
        partition: int,
        *,
        clock: Clock,
        metrics: Metrics,
        write: Write,
        touch: Callable[["DeliverStage"], None],
        past: Past | None = None,
    ) -> None:
        """``write`` stores a receipt durably; ``touch`` says that the state has changed by itself.

        ``past`` hands over the receipts that an earlier owner may have written after its last snapshot.
        """
        self.outbox = Outbox(channels, params, clock, self._receipt, self._undeliverable, self._delivered)
        self._partition = partition
        self._metrics = metrics
        self._clock = clock
        self._write = write
        self._touch = touch
        self._past = past
        self._running: asyncio.Task[None] | None = None

    def process(self, record: Record) -> Sequence[Output]:
        """Take a notice into the outbox; held and suppressed ones are on the topic for the record only."""
        try:
            notice = decode(Notice, record.value)
        except DecodeError as error:
            return (refuse(record, "deliver", error.reason, error.detail, self._metrics),)
        if isinstance(notice.decision, Notify):
            accepted = self.outbox.accept(notice)
            if accepted in {Accepted.REPEAT, Accepted.CONFLICT}:
                self._metrics.count("repeats", what=accepted)
        return ()

    def snapshot(self) -> Plain:
        """What is pending, what is done, and every thread's reference."""
        return self.outbox.snapshot()

    def restore(self, state: Plain) -> None:
        """Continue from a snapshot: what may have been sent is looked up before it is sent again."""
        self.outbox.restore(state)

    async def open(self) -> None:
        """Start delivering, once it is known what the latest receipts say or that has taken too long."""
        self._running = asyncio.create_task(self._deliver(), name=f"outbox-{self._partition}")
        self._running.add_done_callback(_report_end)

    async def close(self) -> None:
        """Stop delivering; an attempt that is cut short is looked up by the next owner."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})  # how it ended is told already, and keeps no other stage from its end

    @property
    def failed(self) -> bool:
        """The outbox has ended by itself: the worker must not go on as if it delivered."""
        return self._running is not None and self._running.done() and not self._running.cancelled()

    async def _deliver(self) -> None:
        learning = asyncio.create_task(self._learn(), name=f"receipts-{self._partition}")
        learning.add_done_callback(_report_end)
        patience = asyncio.create_task(self._clock.sleep(PATIENCE_S))
        try:
            await asyncio.wait({learning, patience}, return_when=asyncio.FIRST_COMPLETED)
            patience.cancel()
            if not learning.done():
                # What is read later still counts; until then, a repeat beats a miss.
                log.warning("%s: delivering without its latest receipts, mails may be repeated", learning.get_name())
            await self.outbox.run()
        finally:
            patience.cancel()
            learning.cancel()
            await asyncio.gather(learning, return_exceptions=True)

    async def _learn(self) -> None:
        if self._past is not None:
            await self._past(self._partition, self.outbox.recall)

    async def _undeliverable(self, notice: Notice, receipt: Receipt) -> None:
        detail = "" if isinstance(receipt.outcome, Delivered) else receipt.outcome.detail
        said = undeliverable(notice, detail, receipt.at)
        await self._write(Output(Topic.FEEDBACK, (said.alert or said.id).encode(), encode(said), 0))

    def _delivered(self, notice: Notice, took_s: float) -> None:
        self._metrics.observe("delivery_seconds", took_s, channel=notice.channel)

    async def _receipt(self, receipt: Receipt) -> None:
        await self._write(Output(Topic.RECEIPTS, receipt.notice.encode(), encode(receipt), self._partition))
        outcome = receipt.outcome
        failure = "" if isinstance(outcome, Delivered) else outcome.failure
        self._metrics.count("receipts", channel=receipt.channel, outcome=outcome.kind, failure=failure)
        self._touch(self)
        match outcome:
            case Delivered():
                log.info("delivered %s by %s, attempt %d", receipt.notice, receipt.channel, receipt.attempt)
            case Deferred() | Rejected():
                log.warning(
                    "%s %s by %s, attempt %d: %s: %s",
                    outcome.kind, receipt.notice, receipt.channel, receipt.attempt, outcome.failure, outcome.detail,
                )  # fmt: skip


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s ended: %r", task.get_name(), error)
