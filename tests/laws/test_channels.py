"""What every channel must be, whatever it speaks. A new channel joins by an entry in ``RIGS``."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest

from alerts.channels.base import Channel
from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams
from alerts.channels.registry import CHANNELS
from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams
from alerts.channels.text import CUT
from alerts.outbox import Accepted, Outbox
from alerts.params import DeliveryParams
from domain.notice import (
    ChannelKind,
    ClientFacts,
    Deferred,
    Delivered,
    Failure,
    Notice,
    Outcome,
    Phase,
    Receipt,
    SquadFacts,
)
from streams.demo.faults import Fault
from streams.demo.mail_server import MailFault, MailServer
from streams.demo.slack_server import SlackServer
from streams.system import SystemClock
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock
from tests.support.notices import CLIENT_FACTS, SQUAD_FACTS, T0, a_notice, an_email
from tests.support.processes import PATIENCE_S

SECRET = "xoxb-do-not-show-this"
HOSTILE = "<!channel> <script>alert(1)</script> *bold* \r\nBcc: evil@x.example \u202e & `code`"


@dataclass(frozen=True, slots=True)
class Rig:
    """A channel connected to something that it can be tried on."""

    channel: Channel
    notice: Callable[[Phase, int], Notice]
    arrived: Callable[[], list[str]]  # ids of the notices at the other side
    break_next: Callable[[str], None]  # "busy", "hang", "dropped", "lost answer"


@contextlib.asynccontextmanager
async def slack(within: str) -> AsyncIterator[Rig]:
    async with SlackServer(token=SECRET) as server:
        channel = SlackChannel(SlackParams(token=SECRET, base_url=server.url, timeout=within))
        faults = {
            "busy": Fault.server_error(503),
            "hang": Fault.hang(),
            "dropped": Fault.dropped(),
            "lost answer": Fault.dropped(accepted=True),
        }
        yield Rig(channel, a_notice, lambda: server.notice_ids, lambda what: server.faults.append(faults[what]))
        await channel.close()


@contextlib.asynccontextmanager
async def email(within: str) -> AsyncIterator[Rig]:
    async with MailServer() as server:
        params = EmailParams(
            host=server.host, port=server.port, security="none", sender="status@hub.example", timeout=within
        )
        channel = EmailChannel(params)
        faults = {
            "busy": MailFault("rcpt", "450 4.2.1 busy"),
            "hang": MailFault("data", hang=True),
            "dropped": MailFault("data"),
            "lost answer": MailFault("data", accepted=True),
        }
        yield Rig(channel, an_email, lambda: server.notice_ids, lambda what: server.faults.append(faults[what]))
        await channel.close()


@contextlib.asynccontextmanager
async def fake(_: str) -> AsyncIterator[Rig]:
    channel = FakeChannel()
    busy = Deferred(Failure.UNAVAILABLE, "busy")

    def break_next(what: str) -> None:
        if what == "lost answer":
            channel.lost_answers, channel.lost_answer = 1, busy
        else:
            channel.outcomes.append(Deferred(Failure.TIMEOUT, "hang") if what == "hang" else busy)

    yield Rig(channel, a_notice, lambda: [notice.id for notice in channel.arrived], break_next)


RIGS = {"slack": slack, "email": email, "fake": fake}


def rig(name: str, trouble: str = "") -> contextlib.AbstractAsyncContextManager[Rig]:
    """Connect a channel. It gives up soon only where the other side hangs: a slow machine is no trouble."""
    return RIGS[name]("1s" if trouble == "hang" else "60s")


rigs = pytest.mark.parametrize("name", RIGS)
real = pytest.mark.parametrize("name", [name for name in RIGS if name != "fake"])


def test_every_channel_of_the_table_is_under_these_laws() -> None:
    assert {kind.value for kind in CHANNELS} <= set(RIGS)


@rigs
async def test_what_is_sent_arrives_and_the_outcome_names_it(name: str) -> None:
    async with rig(name) as ready:
        outcome = await ready.channel.send(ready.notice(Phase.WARNING, 1), None)
        assert isinstance(outcome, Delivered)
        assert outcome.reference
        assert ready.arrived() == [ready.notice(Phase.WARNING, 1).id]


@rigs
@pytest.mark.parametrize("trouble", ["busy", "hang", "dropped"])
async def test_trouble_that_may_pass_is_deferred_and_the_next_attempt_arrives(name: str, trouble: str) -> None:
    async with rig(name, trouble) as ready:
        ready.break_next(trouble)
        outcome = await ready.channel.send(ready.notice(Phase.WARNING, 1), None)
        assert isinstance(outcome, Deferred)
        assert outcome.failure is (Failure.TIMEOUT if trouble == "hang" else Failure.UNAVAILABLE)
        assert ready.arrived() == []
        assert isinstance(await ready.channel.send(ready.notice(Phase.WARNING, 1), None), Delivered)


@rigs
async def test_what_did_not_arrive_is_never_found(name: str) -> None:
    async with rig(name) as ready:
        await ready.channel.send(ready.notice(Phase.WARNING, 1), None)
        assert await ready.channel.find(ready.notice(Phase.UPDATE, 2), None) is None


@rigs
async def test_a_notice_whose_answer_was_lost_is_at_the_other_side_under_one_identity(name: str) -> None:
    """Once where the channel can be asked; else again with the same identity, which its reader recognises."""
    receipts: list[Receipt] = []

    async def keep(receipt: Receipt) -> None:
        receipts.append(receipt)

    params = DeliveryParams(backoff_base="10ms", backoff_cap="20ms", slack_interval="1ms")
    async with rig(name) as ready:
        notice = ready.notice(Phase.WARNING, 1)
        outbox = Outbox({ready.channel.kind: ready.channel}, params, SystemClock(), keep)
        running = asyncio.create_task(outbox.run())
        ready.break_next("lost answer")
        assert outbox.accept(notice, maybe_sent=False) is Accepted.NEW
        assert outbox.accept(notice) is Accepted.REPEAT
        async with asyncio.timeout(PATIENCE_S):
            await outbox.idle()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert set(ready.arrived()) == {notice.id}
        assert len(ready.arrived()) == (2 if name == "email" else 1)
        assert [receipt.outcome.kind for receipt in receipts] == ["deferred", "delivered"]


@real
@pytest.mark.parametrize("trouble", ["busy", "hang", "dropped"])
async def test_no_secret_is_in_an_outcome_a_log_or_a_repr(
    name: str, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with rig(name, trouble) as ready:
        ready.break_next(trouble)
        outcome: Outcome = await ready.channel.send(ready.notice(Phase.WARNING, 1), None)
        rendered = ready.channel.render(ready.notice(Phase.WARNING, 1))
        assert SECRET not in caplog.text + repr(outcome) + repr(ready.channel) + repr(rendered)


@real
@pytest.mark.parametrize("phase", list(Phase))
async def test_rendering_is_pure_and_never_empty(name: str, phase: Phase) -> None:
    async with rig(name) as ready:
        first, second = (ready.channel.render(ready.notice(phase, 2)) for _ in range(2))
        assert first == second
        assert first.digest == second.digest
        assert first.title
        assert first.text
        assert ready.arrived() == []


def hostile(notice: Notice, label: str) -> Notice:
    match notice.facts:
        case SquadFacts() as squad:
            changed = replace(squad, headline=label, reason=label, client_decisions=(label,), runbook=label)
            return replace(notice, facts=changed)
        case ClientFacts() as client:
            return replace(notice, facts=replace(client, client_name=label, journeys=(label,), stages=(label,)))


@real
async def test_hostile_labels_do_nothing(name: str) -> None:
    async with rig(name) as ready:
        notice = hostile(ready.notice(Phase.WARNING, 1), HOSTILE)
        rendered = ready.channel.render(notice)
        assert "<script" not in rendered.html
        assert "\r" not in rendered.title
        assert "\u202e" not in rendered.title + rendered.text
        assert b"\nBcc:" not in rendered.content.partition(b"\r\n\r\n")[0]
        assert isinstance(await ready.channel.send(notice, None), Delivered)


@real
async def test_over_long_labels_are_cut_say_so_and_still_arrive(name: str) -> None:
    async with rig(name) as ready:
        notice = hostile(ready.notice(Phase.WARNING, 1), "very long words " * 5000)
        rendered = ready.channel.render(notice)
        assert CUT.strip() in rendered.title + rendered.text
        assert len(rendered.content) < 40_000
        assert isinstance(await ready.channel.send(notice, None), Delivered)


@real
@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1e300, 1e300])
async def test_times_that_no_calendar_has_are_an_outcome_and_no_crash(name: str, odd: float) -> None:
    async with rig(name) as ready:
        notice = ready.notice(Phase.UPDATE, 2)
        squad, client = replace(SQUAD_FACTS, opened_at=odd), replace(CLIENT_FACTS, started_at=odd, expected_at=odd)
        notice = replace(notice, facts=squad if notice.channel is ChannelKind.SLACK else client, decided_at=T0)
        assert isinstance(await ready.channel.send(notice, None), Delivered)


@rigs
async def test_closing_twice_is_harmless(name: str) -> None:
    async with rig(name) as ready:
        await ready.channel.close()
        await ready.channel.close()


async def test_the_outbox_needs_no_real_time() -> None:
    """The laws above use the machine's clock for the network's sake; the outbox itself does not."""
    clock = ManualClock()
    channel = FakeChannel()

    async def keep(_: Receipt) -> None:
        """Nothing to keep."""

    outbox = Outbox({ChannelKind.SLACK: channel}, DeliveryParams(), clock, keep)
    running = asyncio.create_task(outbox.run())
    for number in range(3600):
        outbox.accept(a_notice(alert=f"alert-{number}"))
    await clock.advance(3600)
    assert outbox.pending == 0
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
