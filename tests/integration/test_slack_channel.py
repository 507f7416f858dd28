"""The Slack channel against a server that speaks Slack's Web API, over a real connection."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams
from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Outcome, Phase, Receipt, Rejected
from streams.demo.faults import Fault
from streams.demo.slack_server import SlackServer
from streams.system import SystemClock
from tests.support.notices import SQUAD_FACTS, a_notice
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.integration

PATIENT, IMPATIENT = "60s", "1s"  # the latter only where something hangs: a slow machine is no trouble of Slack's


@contextlib.asynccontextmanager
async def connected(
    server: SlackServer, *, token: str | None = None, within: str = PATIENT, pages: int = 5
) -> AsyncIterator[SlackChannel]:
    params = SlackParams(token=token or server.token, base_url=server.url, timeout=within, search_pages=pages)
    channel = SlackChannel(params)
    try:
        yield channel
    finally:
        await channel.close()


def enough_for(fault: Fault) -> str:
    return IMPATIENT if fault.kind == "hang" else PATIENT


def reference(outcome: Outcome | None) -> str:
    assert isinstance(outcome, Delivered)
    return outcome.reference


async def test_an_episode_is_one_message_edited_in_place_with_its_changes_in_the_thread() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = reference(await channel.send(a_notice(), None))
        assert reference(await channel.send(a_notice(Phase.UPDATE, 2), root)) == root
        assert reference(await channel.send(a_notice(Phase.ALL_CLEAR, 3), root)) == root
    first, *notes = server.messages
    assert f"{first.channel}:{first.ts}" == root
    assert first.channel_name == "squad-payments"
    assert first.text.startswith("🟢 All clear")
    assert len(first.edits) == 2
    assert [note.thread_ts for note in notes] == [first.ts, first.ts]
    assert [note.broadcast for note in notes] == [False, False]
    assert server.notice_ids == [a_notice().id, a_notice(Phase.UPDATE, 2).id, a_notice(Phase.ALL_CLEAR, 3).id]


FAULTS = [
    (Fault.rate_limited(7), Deferred, Failure.RATE_LIMITED),
    (Fault.server_error(500), Deferred, Failure.UNAVAILABLE),
    (Fault.server_error(503), Deferred, Failure.UNAVAILABLE),
    (Fault.dropped(), Deferred, Failure.UNAVAILABLE),
    (Fault.hang(), Deferred, Failure.TIMEOUT),
    (Fault.refused("fatal_error"), Deferred, Failure.UNAVAILABLE),
    (Fault.refused("token_revoked"), Deferred, Failure.UNAUTHORISED),
    (Fault.refused("not_in_channel"), Rejected, Failure.UNKNOWN_RECIPIENT),
    (Fault.refused("invalid_blocks"), Rejected, Failure.REFUSED),
]


@pytest.mark.parametrize(("fault", "kind", "failure"), FAULTS, ids=lambda value: str(value)[:60])
async def test_each_fault_has_its_outcome_and_no_secret_in_it(
    fault: Fault, kind: type[Deferred | Rejected], failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with SlackServer(token="xoxb-very-secret") as server, connected(server, within=enough_for(fault)) as channel:
        server.faults.append(fault)
        outcome = await channel.send(a_notice(), None)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Delivered)
    assert outcome.failure is failure
    assert "xoxb" not in repr(outcome) + caplog.text
    assert a_notice().id in caplog.text


async def test_retry_after_reaches_the_outcome() -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.faults.append(Fault.rate_limited(7))
        outcome = await channel.send(a_notice(), None)
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == 7


async def test_nobody_listening_is_deferred() -> None:
    async with SlackServer() as server:
        pass
    async with connected(server) as channel:
        outcome = await channel.send(a_notice(), None)
    assert outcome == Deferred(Failure.UNAVAILABLE, "no connection to Slack (ClientConnectorError)")


async def test_a_wrong_token_is_deferred_so_that_no_warning_is_lost_to_it() -> None:
    async with SlackServer() as server, connected(server, token="xoxb-other") as channel:
        outcome = await channel.send(a_notice(), None)
    assert outcome == Deferred(Failure.UNAUTHORISED, "Slack answered invalid_auth (HTTP 200)")


async def test_a_channel_that_is_not_there_or_closed_is_rejected() -> None:
    async with SlackServer(channels=["#known"]) as server, connected(server) as channel:
        server.archive("#closed")
        for name in ("#unknown", "#closed"):
            outcome = await channel.send(a_notice(recipient=name), None)
            assert isinstance(outcome, Rejected)
            assert outcome.failure is Failure.UNKNOWN_RECIPIENT


async def test_a_first_message_that_was_deleted_is_replaced_by_a_new_one() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = reference(await channel.send(a_notice(), None))
        server.delete(server.messages[0])
        ending = a_notice(Phase.ALL_CLEAR, 2)
        again = reference(await channel.send(ending, root))
        assert again != root
        assert reference(await channel.find(ending, root)) == again
    assert [message.thread_ts for message in server.messages] == [None]


async def test_where_edits_are_forbidden_the_thread_tells_it_and_the_channel_sees_it() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = reference(await channel.send(a_notice(), None))
        server.faults.append(Fault.refused("edit_window_closed", "chat.update"))
        assert reference(await channel.send(a_notice(Phase.ALL_CLEAR, 2), root)) == root
    assert server.messages[1].broadcast
    assert server.messages[0].edits == []


async def test_a_crash_between_edit_and_note_is_not_taken_for_an_arrival() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = reference(await channel.send(a_notice(), None))
        ending = a_notice(Phase.ALL_CLEAR, 2)
        server.faults.append(Fault.server_error(500, "chat.postMessage"))
        assert isinstance(await channel.send(ending, root), Deferred)
        assert server.messages[0].text.startswith("🟢")
        assert await channel.find(ending, root) is None
        assert reference(await channel.send(ending, root)) == root
        assert reference(await channel.find(ending, root)) == root
    assert len(server.messages) == 2


@pytest.mark.parametrize("by_name", [False, True])
async def test_a_message_whose_answer_was_lost_is_found_by_name_or_by_id(*, by_name: bool) -> None:
    async with SlackServer(channels=["#other", "#squad-payments"]) as server, connected(server) as channel:
        server.faults.append(Fault.dropped("chat.postMessage", accepted=True))
        assert isinstance(await channel.send(a_notice(), None), Deferred)
        first = server.messages[0]
        recipient = "#squad-payments" if by_name else first.channel
        found = await channel.find(replace(a_notice(), recipient=recipient), None)
        assert reference(found) == f"{first.channel}:{first.ts}"
        assert await channel.find(a_notice(Phase.UPDATE, 2), None) is None


async def test_the_search_goes_through_pages_up_to_its_bound() -> None:
    async with SlackServer() as server:
        async with connected(server) as channel:
            await channel.send(a_notice(), None)
            for number in range(250):
                server.messages.append(replace(server.messages[0], ts=f"9999999999.{number:06d}", metadata=None))
            assert isinstance(await channel.find(a_notice(), None), Delivered)
        async with connected(server, pages=1) as channel:
            assert await channel.find(a_notice(), None) is None


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (Fault.server_error(500), Deferred),
        (Fault.hang(), Deferred),
        (Fault.rate_limited(60), Deferred),
        (Fault.refused("missing_scope"), type(None)),
        (Fault.refused("not_in_channel"), type(None)),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_search_that_failed_is_not_taken_for_an_absence_unless_it_can_never_succeed(
    fault: Fault, found: type
) -> None:
    async with SlackServer() as server, connected(server, within=enough_for(fault)) as channel:
        await channel.send(a_notice(), None)
        server.faults.append(fault)
        assert isinstance(await channel.find(a_notice(), None), found)


async def test_an_outage_ends_with_every_message_there_once_and_in_order() -> None:
    notices = [
        a_notice(phase, sequence, alert=alert, recipient=f"#{alert}")
        for alert in ("a", "b", "c")
        for sequence, phase in enumerate((Phase.WARNING, Phase.UPDATE, Phase.ALL_CLEAR), 1)
    ]
    receipts: list[Receipt] = []

    enough = asyncio.Event()

    async def keep(receipt: Receipt) -> None:
        receipts.append(receipt)
        if len(receipts) >= 6:
            enough.set()

    params = DeliveryParams(backoff_base="20ms", backoff_cap="100ms", slack_interval="1ms")
    async with SlackServer() as server, connected(server, within=IMPATIENT) as channel:
        server.down = True
        outbox = Outbox({ChannelKind.SLACK: channel}, params, SystemClock(), keep)
        delivering = asyncio.create_task(outbox.run())
        for notice in notices:
            outbox.accept(notice)
        await enough.wait()
        server.faults.extend(
            [
                Fault.dropped("chat.postMessage", accepted=True),
                Fault.rate_limited(0.05),
                Fault.hang("chat.update"),
                Fault.dropped("chat.postMessage"),
                Fault.server_error(502),
            ]
        )
        server.down = False
        async with asyncio.timeout(PATIENCE_S):
            await outbox.idle()
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering
    for alert in ("a", "b", "c"):
        arrived = [message for message in server.messages if message.channel_name == alert]
        assert [message.notice for message in arrived] == [notice.id for notice in notices if notice.alert == alert]
        assert arrived[0].text.startswith("🟢")


async def test_hostile_labels_arrive_as_text() -> None:
    facts = replace(SQUAD_FACTS, headline="<!channel> <https://evil.example|click> & *all*", runbook="javascript:x")
    async with SlackServer() as server, connected(server) as channel:
        reference(await channel.send(a_notice(facts=facts), None))
    message = server.messages[0]
    marked = json.dumps([block for block in message.blocks if block["type"] != "header"])
    assert "<!channel>" not in message.text + marked
    assert "<https://evil" not in message.text + marked
    assert "<javascript" not in marked
    assert all(element.get("verbatim") for block in message.blocks for element in block.get("elements", ()))


async def test_the_stand_in_keeps_each_message_as_a_file(tmp_path: Path) -> None:
    async with SlackServer(folder=tmp_path / "slack") as server, connected(server) as channel:
        root = reference(await channel.send(a_notice(), None))
        await channel.send(a_notice(Phase.ALL_CLEAR, 2), root)
    files = sorted((tmp_path / "slack").glob("*.json"))
    assert len(files) == 2
    assert json.loads(files[0].read_text())["edits"][0]["text"].startswith("🟠")
