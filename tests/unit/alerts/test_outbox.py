"""The outbox: nothing lost, nothing twice, in order, and honest receipts."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from alerts.ledger import Doubt
from alerts.outbox import AT_ONCE, Accepted, Outbox
from domain.errors import StateError
from domain.notice import (
    ChannelKind,
    Deferred,
    Delivered,
    Failure,
    Hold,
    Notice,
    Phase,
    Receipt,
    Rejected,
    Suppress,
)
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock, settle
from tests.support.notices import a_notice, an_email
from tests.support.outbox import DOWN, LATE, PARAMS, Desk, ids


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


async def test_waits_grow_exponentially_up_to_the_cap() -> None:
    channel = FakeChannel(ChannelKind.EMAIL)
    channel.outcomes.extend([DOWN] * 9)
    desk = Desk(channel)
    async with desk.running() as outbox:
        outbox.accept(an_email())
        await desk.clock.advance(600)
        await outbox.idle()
    times = [receipt.at for receipt in desk.receipts]
    assert [round(b - a) for a, b in itertools.pairwise(times)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [receipt.attempt for receipt in desk.receipts] == list(range(1, 11))


async def test_a_factor_too_large_for_arithmetic_waits_the_cap() -> None:
    channel = FakeChannel(ChannelKind.EMAIL)
    channel.outcomes.extend([DOWN] * 3)
    desk = Desk(channel, params=PARAMS.model_copy(update={"backoff_factor": 1e300}))
    async with desk.running() as outbox:
        outbox.accept(an_email())
        await desk.clock.advance(200)
        await outbox.idle()
    assert len(channel.arrived) == 1


async def test_retry_after_is_honoured_and_holds_back_the_whole_channel() -> None:
    channel = FakeChannel()
    channel.outcomes.append(Deferred(Failure.RATE_LIMITED, "ratelimited", 30.0))
    desk = Desk(channel)
    async with desk.running() as outbox:
        start = desk.clock.now()
        outbox.accept(a_notice(alert="first"))
        await settle()
        outbox.accept(a_notice(alert="second"))
        outbox.accept(a_notice(alert="third", recipient="#elsewhere"))
        await desk.clock.advance(29)
        assert [notice.alert for notice in channel.arrived] == ["third"]
        await desk.clock.advance(3)
    delivered = [receipt for receipt in desk.receipts if isinstance(receipt.outcome, Delivered)]
    assert sorted(receipt.at - start for receipt in delivered)[1:] == pytest.approx([30, 31], abs=0.01)


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 1.0), (1e12, 3600.0)])
async def test_a_senseless_retry_after_makes_nobody_hurry_or_wait_for_ever(asked: float, waited: float) -> None:
    channel = FakeChannel()
    channel.outcomes.append(Deferred(Failure.RATE_LIMITED, "ratelimited", asked))
    desk = Desk(channel, params=PARAMS.model_copy(update={"give_up_after": 86400.0}))
    async with desk.running() as outbox:
        start = desk.clock.now()
        outbox.accept(a_notice())
        await desk.clock.advance(4000)
        await outbox.idle()
    assert desk.receipts[-1].at - start == pytest.approx(waited)


async def test_messages_to_one_slack_channel_keep_their_distance() -> None:
    channel = FakeChannel()
    desk = Desk(channel)
    async with desk.running() as outbox:
        start = desk.clock.now()
        for number in range(4):
            outbox.accept(a_notice(alert=f"a{number}"))
        await desk.clock.advance(10)
        await outbox.idle()
    assert [receipt.at - start for receipt in desk.receipts] == pytest.approx([0, 1, 2, 3])


async def test_a_refused_token_is_tried_slowly_until_somebody_mends_it() -> None:
    channel = FakeChannel()
    channel.outcomes.extend([Deferred(Failure.UNAUTHORISED, "token_revoked")] * 2)
    desk = Desk(channel)
    async with desk.running() as outbox:
        start = desk.clock.now()
        outbox.accept(a_notice())
        await desk.clock.advance(130)
    assert [round(receipt.at - start) for receipt in desk.receipts] == [0, 60, 120]
    assert ids(channel.arrived) == [a_notice().id]


async def test_a_kind_of_channel_that_is_not_configured_is_waited_for() -> None:
    desk = Desk()
    async with desk.running() as outbox:
        outbox.accept(a_notice())
        await desk.clock.advance(65)
        assert outbox.pending == 1
    assert desk.outcomes() == ["deferred unauthorised"] * 2


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
    took: list[tuple[str, float]] = []
    channel, clock = FakeChannel(), ManualClock()
    channel.outcomes.append(DOWN)

    async def keep(_: Receipt) -> None:
        """Nothing: the figure is looked at."""

    def note(notice: Notice, took_s: float) -> None:
        took.append((notice.id, took_s))

    outbox = Outbox({channel.kind: channel}, PARAMS, clock, keep, on_delivered=note)
    outbox.accept(a_notice(), maybe_sent=False)
    await clock.advance(30)
    running = asyncio.create_task(outbox.run())
    await clock.advance(0)
    assert took == []
    await clock.advance(1)
    running.cancel()

    assert took == [(a_notice().id, 31.0)]


async def test_a_notice_that_was_there_already_or_never_will_be_took_no_time() -> None:
    took: list[float] = []
    channel, clock = FakeChannel(), ManualClock()
    channel.found.append(Delivered("C1:1"))
    channel.outcomes.append(Rejected(Failure.REFUSED, "no"))

    async def keep(_: Receipt) -> None:
        """Nothing: the figure is looked at."""

    outbox = Outbox({channel.kind: channel}, PARAMS, clock, keep, on_delivered=lambda _, took_s: took.append(took_s))
    outbox.accept(a_notice(alert="found"), maybe_sent=True)
    outbox.accept(a_notice(alert="refused"), maybe_sent=False)
    running = asyncio.create_task(outbox.run())
    await clock.advance(10)
    running.cancel()

    assert (took, outbox.pending) == ([], 0)
