"""The outbox: nothing lost, nothing twice, in order, and honest receipts."""

import asyncio
from dataclasses import replace

import pytest

from alerts.ledger import Doubt
from alerts.outbox import AT_ONCE, Accepted
from domain.errors import StateError
from domain.notice import (
    ChannelKind,
    Delivered,
    Failure,
    Hold,
    Notice,
    Phase,
    Rejected,
    Suppress,
)
from tests.support.channels import FakeChannel
from tests.support.clock import settle
from tests.support.notices import a_notice, an_email
from tests.support.outbox import DOWN, LATE, Desk, ids


async def test_a_notice_is_delivered_once_and_its_receipt_says_so() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    notice = a_notice()
    async with desk.running() as outbox:
        assert outbox.accept(notice) is Accepted.NEW
        assert outbox.accept(notice) is Accepted.REPEAT
        await settle()
        assert outbox.accept(notice) is Accepted.REPEAT
        await outbox.idle()
    assert ids(channel.arrived) == [notice.id]
    receipt = desk.receipts[0]
    assert (receipt.notice, receipt.thread, receipt.alert, receipt.attempt) == (
        notice.id,
        notice.thread,
        notice.alert,
        1,
    )
    assert (receipt.at, receipt.decided_at) == (desk.clock.now(), notice.decided_at)
    assert receipt.outcome == Delivered("C1:1")


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_one_counts() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        assert outbox.accept(replace(a_notice(), recipient="#elsewhere")) is Accepted.CONFLICT
        await settle()
        assert outbox.accept(replace(a_notice(), recipient="#elsewhere")) is Accepted.CONFLICT
    assert [notice.recipient for notice in channel.arrived] == ["#squad-payments"]


@pytest.mark.parametrize("decision", [Hold("approval required"), Suppress("confidence 0.4 below 0.8")])
async def test_what_is_held_or_suppressed_is_not_for_delivery(decision: Hold | Suppress) -> None:
    desk = Desk(FakeChannel())
    assert desk.outbox.accept(a_notice(decision=decision)) is Accepted.NOT_FOR_DELIVERY
    assert desk.outbox.pending == 0


async def test_a_thread_is_delivered_strictly_in_order_whatever_the_order_of_arrival() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    warning, update, ending = a_notice(), a_notice(Phase.UPDATE, 2), a_notice(Phase.ALL_CLEAR, 3)
    for notice in (ending, update, warning):
        desk.outbox.accept(notice)
    async with desk.running():
        await desk.clock.advance(10)
    assert ids(channel.arrived) == ids([warning, update, ending])
    assert channel.references == [None, "C1:1", "C1:1"]


async def test_an_ending_waits_for_a_warning_that_is_being_retried() -> None:
    channel = FakeChannel()
    channel.outcomes.extend([DOWN, DOWN])
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        outbox.accept(a_notice(Phase.ALL_CLEAR, 2))
        await settle()
        assert channel.arrived == []
        await desk.clock.advance(10)
    assert [notice.phase for notice in channel.arrived] == [Phase.WARNING, Phase.ALL_CLEAR]


async def test_one_thread_that_cannot_go_on_holds_up_no_other() -> None:
    stuck, free = a_notice(alert="stuck"), a_notice(alert="free")
    channel = FakeChannel()
    gate = asyncio.Event()

    async def wait_for_the_gate(notice: Notice) -> None:
        if notice.alert == "stuck":
            await gate.wait()

    channel.before_send = wait_for_the_gate
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(stuck)
        outbox.accept(free)
        await desk.clock.advance(5)
        assert ids(channel.arrived) == [free.id]
        gate.set()
        await outbox.idle()
    assert ids(channel.arrived) == [free.id, stuck.id]


async def test_no_more_than_a_bounded_number_is_in_flight_at_once() -> None:
    channel = FakeChannel(ChannelKind.EMAIL)
    gate, inside = asyncio.Event(), 0
    most = 0

    async def count(_: Notice) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1

    channel.before_send = count
    desk = Desk(channel)
    async with desk.running() as outbox:
        for number in range(3 * AT_ONCE):
            outbox.accept(a_notice(alert=f"a{number}", channel=ChannelKind.EMAIL))
        await settle()
        gate.set()
        await outbox.idle()
    assert most == AT_ONCE
    assert len(channel.arrived) == 3 * AT_ONCE


async def test_a_notice_is_given_up_when_its_budget_is_spent_and_the_receipt_says_so() -> None:
    channel = FakeChannel(ChannelKind.EMAIL)
    channel.outcomes.extend([DOWN] * 1000)
    desk = Desk(channel)
    async with desk.running() as outbox:
        start = desk.clock.now()
        outbox.accept(an_email())
        await desk.clock.advance(4000)
        await outbox.idle()
    assert desk.outcomes()[-1] == "rejected expired"
    assert desk.receipts[-1].at - start == pytest.approx(3600)
    assert channel.arrived == []


async def test_after_a_warning_that_never_arrived_nothing_follows_in_its_thread() -> None:
    channel = FakeChannel()
    channel.outcomes.append(Rejected(Failure.UNKNOWN_RECIPIENT, "channel_not_found"))
    desk = Desk(channel)
    async with desk.running() as outbox:
        for notice in (a_notice(), a_notice(Phase.UPDATE, 2), a_notice(Phase.ALL_CLEAR, 3)):
            outbox.accept(notice)
        await desk.clock.advance(5)
        await outbox.idle()
    assert channel.arrived == []
    assert desk.outcomes() == ["rejected unknown_recipient", "rejected refused", "rejected refused"]
    last = desk.receipts[-1].outcome
    assert isinstance(last, Rejected)
    assert "never arrived" in last.detail


async def test_an_ending_is_told_when_the_warning_may_have_arrived_before_it_was_given_up() -> None:
    channel = FakeChannel(ChannelKind.EMAIL, can_look=False)
    channel.outcomes.extend([LATE, Rejected(Failure.REFUSED, "552 too large")])
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(an_email())
        outbox.accept(an_email(Phase.ALL_CLEAR, 2))
        await desk.clock.advance(10)
        await outbox.idle()
    assert [notice.phase for notice in channel.arrived] == [Phase.ALL_CLEAR]


async def test_a_rejected_update_does_not_stop_the_ending() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(5)
        channel.outcomes.append(Rejected(Failure.REFUSED, "invalid_blocks"))
        outbox.accept(a_notice(Phase.UPDATE, 2))
        outbox.accept(a_notice(Phase.ALL_CLEAR, 3))
        await desk.clock.advance(5)
    assert [notice.phase for notice in channel.arrived] == [Phase.WARNING, Phase.ALL_CLEAR]


async def test_what_comes_after_a_later_notice_of_its_thread_is_not_sent() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice(Phase.ALL_CLEAR, 3))
        await desk.clock.advance(5)
        outbox.accept(a_notice(Phase.WARNING, 1))
        await desk.clock.advance(5)
        await outbox.idle()
    assert [notice.phase for notice in channel.arrived] == [Phase.ALL_CLEAR]
    assert desk.outcomes() == ["delivered", "rejected refused"]


async def test_a_defect_of_a_channel_is_an_outcome_and_stops_nobody() -> None:
    channel = FakeChannel()
    calls = 0

    async def fail_once(_: Notice) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError("a defect")

    channel.before_send = fail_once
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(10)
        await outbox.idle()
    assert desk.outcomes() == ["deferred unavailable", "delivered"]
    assert ids(channel.lookups) == [a_notice().id]  # nobody knows how far the attempt had come


async def test_done_notices_and_ended_threads_are_forgotten_in_time() -> None:
    desk = Desk(FakeChannel())
    async with desk.running() as outbox:
        for notice in (a_notice(), a_notice(Phase.ALL_CLEAR, 2), a_notice(alert="open")):
            outbox.accept(notice)
        await desk.clock.advance(10)
        await desk.clock.advance(2 * 3600 + 120)
        outbox.accept(a_notice(alert="later"))
        state = outbox.snapshot()
        await desk.clock.advance(5)
    assert isinstance(state, dict)
    assert state["done"] == {}
    assert set(state["threads"]) == {a_notice(alert="open").thread, a_notice(alert="later").thread}


async def test_what_waits_can_be_counted() -> None:
    desk = Desk(FakeChannel())
    assert desk.outbox.pending == 0
    desk.outbox.accept(a_notice())
    desk.outbox.accept(an_email())
    assert desk.outbox.pending == 2


@pytest.mark.parametrize(
    "damaged",
    [None, [], {}, {"version": 2}, {"version": 1, "threads": {"t": {"waiting": [{"notice": 7}]}}, "done": {}}],
)
async def test_damaged_state_is_refused(damaged: object) -> None:
    with pytest.raises(StateError, match="outbox state"):
        Desk().outbox.restore(damaged)  # type: ignore[arg-type]  # that is the point


async def test_a_snapshot_is_plain_and_restores_to_itself() -> None:
    desk = Desk(FakeChannel())
    desk.outbox.accept(a_notice())
    desk.outbox.accept(an_email(Phase.UPDATE, 2), maybe_sent=False)
    state = desk.outbox.snapshot()
    again = Desk(FakeChannel())
    again.outbox.restore(state)
    after = again.outbox.snapshot()
    assert isinstance(state, dict)
    assert isinstance(after, dict)
    for thread in state["threads"].values():
        for entry in thread["waiting"]:
            entry["doubt"] = Doubt.POSSIBLE.value
    assert after == state


async def test_how_long_a_notice_took_is_told_once_it_is_delivered_from_when_it_was_accepted() -> None:
    channel = FakeChannel()
    channel.outcomes.append(DOWN)
    desk = Desk(channel, after_start=False)
    desk.outbox.accept(a_notice(), maybe_sent=False)
    await desk.clock.advance(30)
    async with desk.running():
        await desk.clock.advance(0)
        assert desk.took == []
        await desk.clock.advance(1)
    assert desk.took == [(a_notice().id, 31.0)]


async def test_a_notice_that_was_there_already_or_never_will_be_took_no_time() -> None:
    channel = FakeChannel()
    channel.found.append(Delivered("C1:1"))
    channel.outcomes.append(Rejected(Failure.REFUSED, "no"))
    desk = Desk(channel, after_start=False)
    desk.outbox.accept(a_notice(alert="found"), maybe_sent=True)
    desk.outbox.accept(a_notice(alert="refused"), maybe_sent=False)
    async with desk.running() as outbox:
        await desk.clock.advance(10)
    assert (desk.took, outbox.pending) == ([], 0)
