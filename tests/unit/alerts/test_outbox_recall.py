"""What receipts say is newer than the snapshot: an outbox that is told does not try again what has come to its end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.notice import (
    ChannelKind,
    Deferred,
    Delivered,
    Failure,
    Notice,
    Outcome,
    Phase,
    Receipt,
    Rejected,
)
from domain.state import Plain
from streams.agents.deliver import DeliverStage
from streams.metrics import Metrics
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock, settle
from tests.support.notices import a_notice, an_email

PARAMS = DeliveryParams(backoff_base="1s", slack_interval="0s")


def a_receipt(notice: Notice, outcome: Outcome) -> Receipt:
    return Receipt(
        notice.id, notice.thread, notice.alert, notice.channel, outcome, attempt=1, at=1.0, decided_at=notice.decided_at
    )


def an_outbox(channel: FakeChannel, receipts: list[Receipt], state: Plain = None) -> Outbox:
    async def keep(receipt: Receipt) -> None:
        receipts.append(receipt)

    outbox = Outbox({channel.kind: channel}, PARAMS, ManualClock(), keep)
    if state is not None:
        outbox.restore(state)
    return outbox


@contextlib.asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    try:
        await settle()
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def killed_before_its_snapshot(notice: Notice) -> Plain:
    """The state of an outbox that had accepted a notice and not delivered it yet."""
    outbox = an_outbox(FakeChannel(notice.channel), [])
    outbox.accept(notice)
    return outbox.snapshot()


async def test_a_mail_whose_receipt_was_written_before_the_kill_is_not_sent_again() -> None:
    notice = an_email()
    state = await killed_before_its_snapshot(notice)
    channel, receipts = FakeChannel(ChannelKind.EMAIL, can_look=False), list[Receipt]()

    outbox = an_outbox(channel, receipts, state)
    outbox.recall([a_receipt(notice, Delivered("<m@x>"))])
    async with running(outbox):
        assert outbox.pending == 0

    assert (channel.arrived, receipts) == ([], [])


async def test_the_same_holds_for_a_notice_that_came_after_the_snapshot() -> None:
    notice = an_email()
    channel = FakeChannel(ChannelKind.EMAIL, can_look=False)

    outbox = an_outbox(channel, [])
    outbox.recall([a_receipt(notice, Delivered("<m@x>"))])
    outbox.accept(notice)
    async with running(outbox):
        assert outbox.pending == 0

    assert channel.arrived == []


async def test_a_thread_goes_on_under_the_reference_that_the_receipt_names() -> None:
    warning, update = a_notice(Phase.WARNING, 1), a_notice(Phase.UPDATE, 2)
    channel = FakeChannel()

    outbox = an_outbox(channel, [], await killed_before_its_snapshot(warning))
    outbox.recall([a_receipt(warning, Delivered("C7:1.5"))])
    outbox.accept(update)
    async with running(outbox):
        assert outbox.pending == 0

    assert (channel.arrived, channel.references) == ([update], ["C7:1.5"])
    assert warning not in channel.lookups


async def test_what_was_refused_for_good_is_not_tried_again_and_nothing_follows_it() -> None:
    warning, ending = a_notice(Phase.WARNING, 1), a_notice(Phase.ALL_CLEAR, 2)
    channel, receipts = FakeChannel(), list[Receipt]()

    outbox = an_outbox(channel, receipts, await killed_before_its_snapshot(warning))
    outbox.recall([a_receipt(warning, Rejected(Failure.UNKNOWN_RECIPIENT, "no such channel"))])
    outbox.accept(ending)
    async with running(outbox):
        assert outbox.pending == 0

    assert channel.arrived == []
    assert [receipt.notice for receipt in receipts] == [ending.id]


async def test_a_receipt_that_put_a_notice_off_ends_nothing() -> None:
    notice = an_email()
    channel = FakeChannel(ChannelKind.EMAIL, can_look=False)

    outbox = an_outbox(channel, [], await killed_before_its_snapshot(notice))
    outbox.recall([a_receipt(notice, Deferred(Failure.UNAVAILABLE, "451 later"))])
    async with running(outbox):
        assert outbox.pending == 0

    assert channel.arrived == [notice]


async def test_the_stage_reads_the_receipts_of_its_partition_before_it_delivers_anything() -> None:
    notice = an_email()
    channel = FakeChannel(ChannelKind.EMAIL, can_look=False)
    asked: list[int] = []

    async def past(partition: int) -> Sequence[Receipt]:
        asked.append(partition)
        return [a_receipt(notice, Delivered("<m@x>"))]

    async def write(_: object) -> None:
        """Nothing is kept."""

    stage = DeliverStage(
        {ChannelKind.EMAIL: channel}, PARAMS, 3,
        clock=ManualClock(), metrics=Metrics(), write=write, touch=lambda _: None, past=past,
    )  # fmt: skip
    stage.restore(await killed_before_its_snapshot(notice))
    await stage.open()
    await settle()

    assert (asked, channel.arrived, stage.outbox.pending) == ([3], [], 0)
    await stage.close()
