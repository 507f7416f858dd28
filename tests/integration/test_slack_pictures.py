"""Pictures in Slack messages: after the warning, at most once, and never in its way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from alerts.channels.slack import files
from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.chart import Chart
from alerts.channels.slack.params import SlackParams
from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.notice import Delivered, Notice, Outcome, Phase, Receipt
from streams.demo.faults import Fault
from streams.demo.slack_messages import Posted
from streams.demo.slack_server import SlackServer
from streams.system import SystemClock
from tests.support.notices import SQUAD_FACTS, a_notice, evidence
from tests.support.pictures import FORECAST_FACTS, drawn, rising
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.integration

SECRET = "xoxb-very-secret"
A_MOMENT_S = 0.3  # for what must not happen: a machine that is slow finds less, and nothing false
UPLOAD = ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]


@contextlib.asynccontextmanager
async def connected(server: SlackServer, *, pictures: bool = True, within: str = "60s") -> AsyncIterator[SlackChannel]:
    params = SlackParams(token=server.token, base_url=server.url, timeout=within, pictures=pictures)
    channel = SlackChannel(params, waits_s=(0.0, 0.0, 0.0))
    try:
        yield channel
    finally:
        await channel.close()


def warning(sequence: int = 1, phase: Phase = Phase.WARNING) -> Notice:
    return a_notice(phase, sequence, facts=FORECAST_FACTS)


def worse(sequence: int = 2) -> Notice:
    return a_notice(Phase.UPDATE, sequence, facts=drawn(rising(50), evidence()))


def pictures(message: Posted) -> list[str]:
    return [block["slack_file"]["id"] for block in message.blocks if block["type"] == "image"]


def methods(server: SlackServer) -> list[str]:
    return [method for method, _ in server.calls]


async def sent(channel: SlackChannel, notice: Notice, reference: str | None = None) -> str:
    outcome: Outcome = await channel.send(notice, reference)
    assert isinstance(outcome, Delivered)
    await channel.illustrate(notice, outcome.reference)
    return outcome.reference


async def test_the_warning_goes_out_first_and_its_picture_is_put_into_it() -> None:
    async with SlackServer(token=SECRET) as server, connected(server) as channel:
        await sent(channel, warning())
    assert methods(server) == ["chat.postMessage", *UPLOAD, "chat.update"]
    (message,) = server.messages
    assert message.notice == warning().id
    assert [block["type"] for block in message.blocks[:3]] == ["header", "context", "image"]
    assert message.blocks[2]["alt_text"].startswith("Chart of db_connections of ledger-db from 13:47 to 14:02 UTC")
    (name,) = pictures(message)
    assert server.files.pictures[name].startswith(b"\x89PNG")


async def test_the_address_of_the_upload_gets_no_token() -> None:
    async with SlackServer(token=SECRET) as server, connected(server) as channel:
        await sent(channel, warning())
    (upload,) = (arguments for method, arguments in server.calls if method == "upload")
    assert upload["token"] is False


async def test_a_file_that_is_still_looked_through_is_tried_again() -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.files.slow = 2
        await sent(channel, warning())
    assert methods(server).count("chat.update") == 3
    assert len(pictures(server.messages[0])) == 1


async def test_a_file_that_is_never_ready_leaves_the_message_as_it_was() -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.files.slow = 99
        await sent(channel, warning())
    assert methods(server).count("chat.update") == 3
    assert pictures(server.messages[0]) == []


FAULTS = [
    Fault.refused("missing_scope", UPLOAD[0]),
    Fault.refused("file_uploads_disabled", UPLOAD[0]),
    Fault.rate_limited(7, UPLOAD[0]),
    Fault.server_error(500, UPLOAD[0]),
    Fault.hang(UPLOAD[0]),
    Fault.dropped(UPLOAD[0]),
    Fault.server_error(500, UPLOAD[1]),
    Fault.server_error(413, UPLOAD[1]),
    Fault.refused("file_not_found", UPLOAD[2]),
    Fault.server_error(503, UPLOAD[2]),
    Fault.hang(UPLOAD[2]),
    Fault.hang("chat.update"),
    Fault.rate_limited(7, "chat.update"),
    Fault.refused("message_not_found", "chat.update"),
    Fault.refused("cant_update_message", "chat.update"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.method}-{fault.kind}-{fault.value}")
async def test_whatever_goes_wrong_the_warning_stands_once_without_its_picture(
    fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    within = "1s" if fault.kind == "hang" else "60s"
    async with SlackServer(token=SECRET) as server, connected(server, within=within) as channel:
        server.faults.append(fault)
        await sent(channel, warning())
    (message,) = server.messages
    assert message.notice == warning().id
    assert pictures(message) == []
    said = [record for record in caplog.records if record.name == "alerts.channels.slack.files"]
    assert [record.levelname for record in said] == ["WARNING"]
    assert SECRET not in caplog.text
    assert "upload/v1" not in "".join(record.getMessage() for record in said)


async def test_a_missing_scope_is_told_once_and_nothing_more_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.faults.append(Fault.refused("missing_scope", UPLOAD[0]))
        root = await sent(channel, warning())
        await sent(channel, worse(), root)
    assert methods(server).count(UPLOAD[0]) == 1
    assert caplog.text.count("files:write") == 1


async def test_after_a_429_pictures_rest_and_warnings_do_not() -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.faults.append(Fault.rate_limited(60, UPLOAD[0]))
        root = await sent(channel, warning())
        await sent(channel, worse(), root)
    assert methods(server).count(UPLOAD[0]) == 1
    assert len(server.messages[0].edits) == 1


async def test_a_picture_that_cannot_be_drawn_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Chart) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(files, "draw", broken)
    async with SlackServer() as server, connected(server) as channel:
        await sent(channel, warning())
    assert methods(server) == ["chat.postMessage"]


async def test_an_update_keeps_the_picture_and_the_same_one_is_not_uploaded_again() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = await sent(channel, warning())
        before = pictures(server.messages[0])
        await sent(channel, warning(2, Phase.UPDATE), root)
    assert methods(server).count("upload") == 1
    assert methods(server).count("chat.update") == 2
    assert pictures(server.messages[0]) == before != []


async def test_a_new_picture_takes_the_place_of_the_old_one() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = await sent(channel, warning())
        before = pictures(server.messages[0])
        await sent(channel, worse(), root)
    assert len(pictures(server.messages[0])) == 1
    assert pictures(server.messages[0]) != before


async def test_two_squads_see_one_file() -> None:
    async with SlackServer() as server, connected(server) as channel:
        await asyncio.gather(sent(channel, warning()), sent(channel, replace(warning(), recipient="#squad-platform")))
    assert methods(server).count("upload") == 1
    assert pictures(server.messages[0]) == pictures(server.messages[1]) != []


async def test_a_file_that_another_message_waits_for_is_waited_for_here_too() -> None:
    async with SlackServer() as server, connected(server) as channel:
        await sent(channel, warning())
        for file in server.files._files.values():
            file.looks = 2
        await sent(channel, replace(warning(), recipient="#squad-platform"))
    assert len(pictures(server.messages[1])) == 1


async def test_a_picture_that_somebody_deleted_does_not_stop_an_update() -> None:
    async with SlackServer() as server, connected(server) as channel:
        root = await sent(channel, warning())
        server.files.delete(*pictures(server.messages[0]))
        outcome = await channel.send(a_notice(Phase.ALL_CLEAR, 2, facts=SQUAD_FACTS), root)
    assert isinstance(outcome, Delivered)
    assert server.messages[0].text.startswith("🟢 All clear")
    assert pictures(server.messages[0]) == []


async def test_nothing_is_uploaded_to_an_address_that_is_not_slacks_or_not_https() -> None:
    async with SlackServer() as server, SlackServer() as other, connected(server) as channel:
        server.files._address = lambda: f"http://{other.host}:{other.port}/"
        await sent(channel, warning())
    assert methods(server) == ["chat.postMessage", UPLOAD[0]]
    assert other.calls == []


@pytest.mark.parametrize("choose", [lambda: (False, warning()), lambda: (True, a_notice())], ids=["off", "no trace"])
async def test_without_samples_or_with_pictures_switched_off_nothing_is_asked(
    choose: Callable[[], tuple[bool, Notice]],
) -> None:
    wanted, notice = choose()
    async with SlackServer() as server, connected(server, pictures=wanted) as channel:
        await sent(channel, notice)
    assert methods(server) == ["chat.postMessage"]


class Delivery:
    """An outbox at work, and how many notices have come to their end."""

    def __init__(self, channel: SlackChannel) -> None:
        params = DeliveryParams(slack_interval="0s")
        self.receipts: list[Receipt] = []
        self.outbox = Outbox({channel.kind: channel}, params, SystemClock(), self._receipt)

    async def _receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def take(self, notice: Notice) -> None:
        """Take a notice in and wait until it is delivered; not for its picture."""
        self.outbox.accept(notice, maybe_sent=False)
        await asyncio.wait_for(self.outbox.idle(), PATIENCE_S)


@contextlib.asynccontextmanager
async def delivering(channel: SlackChannel) -> AsyncIterator[Delivery]:
    delivery = Delivery(channel)
    running = asyncio.create_task(delivery.outbox.run())
    try:
        yield delivery
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - the stand-in tells nobody what it is asked
            await asyncio.sleep(0)


def at_work() -> bool:
    return any(task.get_name().startswith("picture-") for task in asyncio.all_tasks())


async def test_the_outbox_adds_the_picture_after_the_receipt() -> None:
    async with SlackServer() as server, connected(server) as channel, delivering(channel) as delivery:
        await delivery.take(warning())
        await until(lambda: bool(pictures(server.messages[0])))
    assert [receipt.outcome.kind for receipt in delivery.receipts] == ["delivered"]
    assert server.notice_ids == [warning().id]


async def test_a_picture_under_way_gives_way_to_the_next_notice_of_its_thread() -> None:
    async with (
        SlackServer() as server,
        connected(server) as channel,
        delivering(channel) as delivery,
    ):
        server.faults.append(Fault.held(release := asyncio.Event(), UPLOAD[0]))
        await delivery.take(warning())
        await until(lambda: UPLOAD[0] in methods(server))
        await delivery.take(warning(2, Phase.ALL_CLEAR))
        release.set()
        await until(lambda: not at_work())
    assert server.messages[0].text.startswith("🟢 All clear")
    assert len(pictures(server.messages[0])) == 1
    assert server.notice_ids == [warning().id, warning(2, Phase.ALL_CLEAR).id]


async def test_a_picture_that_is_being_shown_cannot_overtake_the_ending() -> None:
    async with (
        SlackServer() as server,
        connected(server) as channel,
        delivering(channel) as delivery,
    ):
        server.faults.append(Fault.held(release := asyncio.Event(), "chat.update"))
        await delivery.take(warning())
        await until(lambda: "chat.update" in methods(server))
        delivery.outbox.accept(warning(2, Phase.ALL_CLEAR), maybe_sent=False)
        with pytest.raises(TimeoutError):
            await until(lambda: methods(server).count("chat.update") > 1, within_s=A_MOMENT_S)
        release.set()
        await until(lambda: len(delivery.receipts) == 2 and not at_work())
    assert server.messages[0].text.startswith("🟢 All clear")
    assert server.messages[0].edits[0]["text"] == server.messages[0].edits[1]["text"]


async def test_a_picture_ends_with_its_outbox() -> None:
    async with SlackServer() as server, connected(server) as channel:
        server.faults.append(Fault.hang(UPLOAD[0]))
        async with delivering(channel) as delivery:
            await delivery.take(warning())
            await until(lambda: UPLOAD[0] in methods(server))
        assert not at_work()
