"""What follows a delivered notice: only where a channel can, one at a time, and never an exception."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from alerts.illustrations import Illustrations
from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Notice, Outcome, Phase, Receipt, Rejected
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock, settle
from tests.support.notices import a_notice

DELIVERED = Delivered("C1:1")


class Painter(FakeChannel):
    """A channel with pictures: each waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[tuple[str, str]] = []
        self.stopped = 0
        self.go = asyncio.Event()

    async def illustrate(self, notice: Notice, reference: str) -> None:
        self.begun.append((notice.id, reference))
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise


@contextlib.asynccontextmanager
async def delivering(channel: FakeChannel) -> AsyncIterator[Outbox]:
    async def keep(_: Receipt) -> None:
        """Receipts are no matter here."""

    outbox = Outbox({channel.kind: channel}, DeliveryParams(slack_interval="0s"), ManualClock(), keep)
    running = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


class Clumsy(FakeChannel):
    async def illustrate(self, notice: Notice, reference: str) -> None:  # noqa: ARG002 - fails whatever it is
        raise RuntimeError("a defect")


async def test_a_delivered_notice_is_followed_and_others_are_not() -> None:
    painter = Painter()
    pictures = Illustrations({ChannelKind.SLACK: painter})
    others: tuple[Outcome, ...] = (Deferred(Failure.TIMEOUT, ""), Rejected(Failure.REFUSED, ""))
    for outcome in (*others, DELIVERED):
        pictures.follow(a_notice(), outcome)
    await asyncio.sleep(0)
    assert painter.begun == [(a_notice().id, "C1:1")]
    await pictures.stop_all()
    assert painter.stopped == 1


async def test_a_message_that_an_earlier_process_sent_gets_no_picture_for_it_may_be_newer_than_its_notice() -> None:
    painter, notices = Painter(), [a_notice(), a_notice(Phase.ALL_CLEAR, 2)]
    painter.arrived += notices
    async with delivering(painter) as outbox:
        for notice in notices:
            outbox.accept(notice, maybe_sent=True)
        await outbox.idle()
    assert [notice.id for notice in painter.lookups] == [notice.id for notice in notices]
    assert painter.begun == []


async def test_a_picture_gives_way_before_its_thread_is_looked_at_for_the_next_notice() -> None:
    painter, following = Painter(), a_notice(Phase.UPDATE, 2)
    stopped: list[int] = []

    async def look(notice: Notice, reference: str | None) -> Outcome | None:
        stopped.append(painter.stopped)
        return await FakeChannel.find(painter, notice, reference)

    painter.find = look  # type: ignore[method-assign] # watched
    async with delivering(painter) as outbox:
        outbox.accept(a_notice(), maybe_sent=False)
        await outbox.idle()
        await settle()
        outbox.accept(following, maybe_sent=True)
        await outbox.idle()
    assert stopped == [1]


async def test_a_channel_without_pictures_is_left_alone() -> None:
    pictures = Illustrations({ChannelKind.SLACK: FakeChannel()})
    pictures.follow(a_notice(), DELIVERED)
    await pictures.stop(a_notice().thread)


async def test_only_the_thread_that_is_named_is_stopped() -> None:
    painter = Painter()
    pictures = Illustrations({ChannelKind.SLACK: painter})
    other = a_notice(alert="alert-other")
    pictures.follow(a_notice(), DELIVERED)
    pictures.follow(other, DELIVERED)
    await asyncio.sleep(0)
    await pictures.stop(a_notice().thread)
    assert painter.stopped == 1
    painter.go.set()
    await pictures.stop_all()


async def test_a_defect_of_a_channel_is_only_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    pictures = Illustrations({ChannelKind.SLACK: Clumsy()})
    pictures.follow(a_notice(), DELIVERED)
    for _ in range(3):
        await asyncio.sleep(0)
    assert "failed on the picture of notice" in caplog.text
    assert pictures._running == {}
