"""The outbox after lost answers, kills and restarts: what may have arrived is looked up, and nothing is lost."""

import asyncio

import pytest

from alerts.outbox import Accepted
from domain.notice import (
    ChannelKind,
    Deferred,
    Failure,
    Notice,
    Phase,
)
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock, settle
from tests.support.notices import a_notice, an_email
from tests.support.outbox import DOWN, LATE, Desk


@pytest.mark.parametrize("answer", [LATE, DOWN])
async def test_a_message_whose_answer_was_lost_is_looked_up_and_not_sent_again(answer: Deferred) -> None:
    channel = FakeChannel()
    channel.lost_answers, channel.lost_answer = 1, answer
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(5)
        await outbox.idle()
    assert len(channel.arrived) == 1
    assert desk.outcomes() == [f"deferred {answer.failure}", "delivered"]


async def test_an_answer_that_leaves_no_doubt_costs_no_look_up() -> None:
    channel = FakeChannel()
    channel.outcomes.append(Deferred(Failure.RATE_LIMITED, "ratelimited", 1.0))
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(5)
        await outbox.idle()
    assert channel.lookups == []


async def test_what_was_tried_is_not_sent_while_nobody_can_say_whether_it_arrived() -> None:
    channel = FakeChannel()
    channel.lost_answers, channel.lost_answer = 1, LATE
    channel.found.extend([DOWN, DOWN])
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(20)
        await outbox.idle()
    assert len(channel.arrived) == 1
    assert desk.outcomes()[-1] == "delivered"


async def test_soon_after_a_start_a_notice_is_looked_up_before_it_is_sent() -> None:
    before = FakeChannel()
    before.arrived.append(a_notice())
    desk = Desk(before, after_start=False)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(1)
        await outbox.idle()
    assert len(before.arrived) == 1
    assert desk.outcomes() == ["delivered"]


async def test_a_mere_possibility_does_not_delay_a_warning_when_nobody_can_look() -> None:
    channel = FakeChannel()
    channel.found.append(Deferred(Failure.RATE_LIMITED, "ratelimited", 60.0))
    desk = Desk(channel, after_start=False)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(1)
        await outbox.idle()
    assert len(channel.arrived) == 1


async def test_a_restart_continues_where_the_snapshot_was_taken() -> None:
    channel = FakeChannel(ChannelKind.EMAIL)
    channel.outcomes.extend([DOWN, DOWN])
    clock = ManualClock()
    desk = Desk(channel, clock=clock)
    async with desk.running() as outbox:
        outbox.accept(an_email())
        outbox.accept(an_email(Phase.ALL_CLEAR, 2))
        await clock.advance(1)
        state = outbox.snapshot()
    again = Desk(channel, clock=clock)
    again.outbox.restore(state)
    assert again.outbox.pending == 2
    async with again.running() as outbox:
        await clock.advance(10)
        await outbox.idle()
        assert outbox.accept(an_email()) is Accepted.REPEAT
    assert [notice.phase for notice in channel.arrived] == [Phase.WARNING, Phase.ALL_CLEAR]
    assert again.receipts[0].attempt == 3


async def test_a_kill_at_any_moment_loses_nothing_and_repeats_nothing_where_it_can_be_looked_up() -> None:
    """The process dies in the middle of a send: the message has arrived, neither answer nor receipt has."""
    channel, clock = FakeChannel(), ManualClock()
    desk = Desk(channel, clock=clock)
    never = asyncio.Event()

    async def arrive_and_hang(notice: Notice) -> None:
        channel.arrived.append(notice)
        await never.wait()

    channel.before_send = arrive_and_hang
    outbox_state_before = None
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        outbox_state_before = outbox.snapshot()
        await clock.advance(1)
        outbox_state_during = outbox.snapshot()
    channel.before_send = None
    for state in (outbox_state_before, outbox_state_during):
        again = Desk(channel, clock=clock)
        again.outbox.restore(state)
        async with again.running() as outbox:
            await clock.advance(5)
            await outbox.idle()
        assert len(channel.arrived) == 1
        assert again.outcomes() == ["delivered"]


async def test_a_restored_thread_is_edited_in_place() -> None:
    channel, clock = FakeChannel(), ManualClock()
    desk = Desk(channel, clock=clock)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await clock.advance(1)
        state = outbox.snapshot()
    again = Desk(channel, clock=clock)
    again.outbox.restore(state)
    async with again.running() as outbox:
        outbox.accept(a_notice(Phase.ALL_CLEAR, 2))
        await clock.advance(5)
    assert channel.references == [None, "C1:1"]


async def test_a_notice_is_pending_until_its_receipt_is_stored_and_is_not_sent_again_meanwhile() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    desk.refuse_receipts = 2
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await settle()
        assert outbox.pending == 1
        await desk.clock.advance(10)
        await outbox.idle()
    assert len(channel.arrived) == 1
    assert desk.outcomes() == ["delivered"]


async def test_a_known_outcome_survives_a_restart_without_another_attempt() -> None:
    channel, clock = FakeChannel(can_look=False), ManualClock()
    desk = Desk(channel, clock=clock)
    desk.refuse_receipts = 10
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await clock.advance(1)
        state = outbox.snapshot()
    again = Desk(channel, clock=clock)
    again.outbox.restore(state)
    async with again.running() as outbox:
        await clock.advance(1)
        await outbox.idle()
    assert len(channel.arrived) == 1
    assert again.outcomes() == ["delivered"]
