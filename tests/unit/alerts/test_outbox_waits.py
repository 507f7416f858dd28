"""How long an outbox waits: for a channel that is down, asks for time, refuses the token or is not there."""

import itertools

import pytest

from domain.notice import (
    ChannelKind,
    Deferred,
    Delivered,
    Failure,
)
from tests.support.channels import FakeChannel
from tests.support.clock import settle
from tests.support.notices import a_notice, an_email
from tests.support.outbox import DOWN, PARAMS, Desk, ids


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
