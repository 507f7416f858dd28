"""An outbox as tests use it: with a fake channel, a clock to be moved, and a drawer for receipts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from alerts.channels.base import Channel
from alerts.outbox import CAUTIOUS_S, Outbox
from alerts.params import DeliveryParams
from domain.notice import (
    Deferred,
    Delivered,
    Failure,
    Notice,
    Receipt,
)
from tests.support.clock import ManualClock

PARAMS = DeliveryParams(
    backoff_base="1s", backoff_factor=2, backoff_cap="1m", give_up_after="1h", remember="2h", slack_interval="1s"
)
DOWN = Deferred(Failure.UNAVAILABLE, "down")
LATE = Deferred(Failure.TIMEOUT, "no answer in time")


class Desk:
    """An outbox with a fake channel, a manual clock and a drawer for receipts."""

    def __init__(
        self,
        *channels: Channel,
        params: DeliveryParams = PARAMS,
        clock: ManualClock | None = None,
        after_start: bool = True,
    ) -> None:
        self.clock = clock or ManualClock()
        self.receipts: list[Receipt] = []
        self.took: list[tuple[str, float]] = []  # notices that were delivered, and how many seconds that took
        self.refuse_receipts = 0
        table = {channel.kind: channel for channel in channels}
        self.outbox = Outbox(table, params, self.clock, self._file, on_delivered=self._note)
        self._after_start = after_start

    async def _file(self, receipt: Receipt) -> None:
        if self.refuse_receipts:
            self.refuse_receipts -= 1
            raise ConnectionError("the broker is away")
        self.receipts.append(receipt)

    def _note(self, notice: Notice, took_s: float) -> None:
        self.took.append((notice.id, took_s))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Outbox]:
        if self._after_start:
            await self.clock.advance(CAUTIOUS_S)
        task = asyncio.create_task(self.outbox.run())
        try:
            yield self.outbox
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def outcomes(self) -> list[str]:
        return [
            receipt.outcome.kind
            if isinstance(receipt.outcome, Delivered)
            else f"{receipt.outcome.kind} {receipt.outcome.failure}"
            for receipt in self.receipts
        ]


def ids(notices: list[Notice]) -> list[str]:
    return [notice.id for notice in notices]
