"""What receipts say is newer than the snapshot: an outbox that is told does not try again what has come to its end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

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
from streams.agents.deliver import PATIENCE_S, DeliverStage
from streams.metrics import Metrics
from streams.records import encode
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock, settle
from tests.support.notices import a_notice, an_email
from tests.support.stages import a_record

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


class Archive:
    """Past receipts that come when the test says so."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.cancelled = False
        self._recall: list[Callable[[Sequence[Receipt]], None]] = []
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def read(self, partition: int, recall: Callable[[Sequence[Receipt]], None]) -> None:
        self.asked.append(partition)
        self._recall.append(recall)
        try:
            await self._end
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def give(self, *receipts: Receipt) -> None:
        self._recall[0](receipts)

    def end(self, error: Exception | None = None) -> None:
        if error is None:
            self._end.set_result(None)
        else:
            self._end.set_exception(error)


@contextlib.asynccontextmanager
async def a_stage(
    channel: FakeChannel, clock: ManualClock, archive: Archive, state: Plain
) -> AsyncIterator[DeliverStage]:
    async def write(_: object) -> None:
        """Nothing is kept."""

    stage = DeliverStage(
        {channel.kind: channel}, PARAMS, 3, clock=clock, metrics=Metrics(), write=write, touch=lambda _: None,
        past=archive.read,
    )  # fmt: skip
    stage.restore(state)
    await stage.open()
    await settle()
    yield stage
    await stage.close()


async def test_the_stage_reads_the_receipts_of_its_partition_before_it_delivers_anything() -> None:
    known, unknown = an_email(), an_email(Phase.WARNING, 7)
    channel, clock, archive = FakeChannel(ChannelKind.EMAIL, can_look=False), ManualClock(), Archive()
    async with a_stage(channel, clock, archive, await killed_before_its_snapshot(known)) as stage:
        stage.process(a_record(0, encode(unknown), "notices"))
        await clock.advance(PATIENCE_S - 1)
        assert (archive.asked, channel.arrived, stage.outbox.pending) == ([3], [], 2)
        archive.give(a_receipt(known, Delivered("<m@x>")))
        await settle()
        assert channel.arrived == []
        archive.end()
        await settle()
        assert (channel.arrived, stage.outbox.pending) == ([unknown], 0)


async def test_a_warning_does_not_wait_for_ever_and_what_was_read_by_then_counts() -> None:
    known, unknown, late = an_email(), an_email(Phase.WARNING, 7), an_email(Phase.WARNING, 8)
    channel, clock, archive = FakeChannel(ChannelKind.EMAIL, can_look=False), ManualClock(), Archive()
    async with a_stage(channel, clock, archive, await killed_before_its_snapshot(known)) as stage:
        stage.process(a_record(0, encode(unknown), "notices"))
        archive.give(a_receipt(known, Delivered("<m@x>")))
        await clock.advance(PATIENCE_S)
        assert (channel.arrived, stage.outbox.pending) == ([unknown], 0)
        archive.give(a_receipt(late, Delivered("<m@x>")))
        stage.process(a_record(1, encode(late), "notices"))
        await settle()
        assert (channel.arrived, stage.outbox.pending) == ([unknown], 0)
        assert not archive.cancelled
    assert archive.cancelled


async def test_a_defect_in_reading_receipts_is_told_and_stops_no_delivery(caplog: pytest.LogCaptureFixture) -> None:
    notice = an_email()
    channel, clock, archive = FakeChannel(ChannelKind.EMAIL, can_look=False), ManualClock(), Archive()
    async with a_stage(channel, clock, archive, await killed_before_its_snapshot(notice)) as stage:
        archive.end(RuntimeError("a defect"))
        await settle()
        assert channel.arrived == [notice]
        assert not stage.failed
    assert "receipts-3 ended: RuntimeError('a defect')" in caplog.text


async def test_an_outbox_that_has_ended_by_itself_is_seen_and_keeps_nothing_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken() -> None:
        raise RuntimeError("a defect")

    channel, clock, archive = FakeChannel(ChannelKind.EMAIL, can_look=False), ManualClock(), Archive()
    async with a_stage(channel, clock, archive, await killed_before_its_snapshot(an_email())) as stage:
        monkeypatch.setattr(stage.outbox, "run", broken)
        archive.end()
        await settle()
        assert stage.failed
