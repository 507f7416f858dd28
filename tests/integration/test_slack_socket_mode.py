"""Presses by Socket Mode: a connection of our own that Slack may end, and that is opened anew with patience."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from pydantic import SecretStr

from alerts.channels.slack import desk
from alerts.channels.slack.controls import PREFIX
from alerts.channels.slack.params import SlackParams
from alerts.channels.slack.socket import LONGEST_WAIT_S, SocketMode
from domain.feedback import FeedbackKind
from streams.demo.faults import Fault
from streams.demo.slack_people import APP_TOKEN
from tests.support.clock import ManualClock
from tests.support.notices import T0, a_notice
from tests.support.processes import PATIENCE_S
from tests.support.slack import HTTP, SOCKET, Squad, a_squad

pytestmark = pytest.mark.integration

ACKNOWLEDGE = PREFIX + FeedbackKind.ACKNOWLEDGE


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
async def socket(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, SOCKET, clock) as ready:
        yield ready


async def test_after_slack_has_ended_a_connection_presses_come_by_the_next(socket: Squad) -> None:
    message = await socket.told(a_notice())
    for reason in ("warning", "refresh_requested"):
        await socket.slack.people.disconnect(reason)
        async with asyncio.timeout(PATIENCE_S):
            await socket.slack.people.connected()
        assert await socket.slack.people.press(message, ACKNOWLEDGE) == 200
    assert len(socket.written) == 2


async def test_an_envelope_that_is_sent_again_is_one_answer(socket: Squad) -> None:
    await socket.slack.people.press(await socket.told(a_notice()), ACKNOWLEDGE)
    ((envelope, payload),) = socket.slack.people.envelopes.items()
    await socket.slack.people.send_envelope(envelope, payload)
    assert len({said.id for said in socket.written}) == 1
    assert len(socket.written) == 2


async def test_a_hostile_envelope_is_acknowledged_and_leads_to_nothing(socket: Squad) -> None:
    for payload in ({}, {"type": "block_actions", "actions": [{}]}, {"type": "shortcut"}):
        assert (await socket.slack.people.send_envelope(f"e{len(str(payload))}", payload))[0] == 200
    assert socket.written == []


async def a_while_without(params: SlackParams, *, tries: int) -> tuple[list[float], list[bool]]:
    """Try to stay connected, and return how long was waited after each try, and what was reported."""
    waited: list[float] = []
    told: list[bool] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == tries:
            enough.set()
            await asyncio.Event().wait()

    async def take(_: object) -> desk.Reply:
        raise AssertionError

    running = asyncio.create_task(SocketMode(params, take, told.append, sleep=sleep).run())
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return waited, told


async def test_slack_is_left_alone_for_as_long_as_it_asks(tmp_path: Path, clock: ManualClock) -> None:
    async with a_squad(tmp_path, HTTP, clock) as squad:
        params = squad.settings.channels.slack
        assert params is not None
        squad.slack.faults += [Fault.rate_limited(42), Fault.rate_limited(1_000_000)]
        app = params.model_copy(update={"app_token": SecretStr(APP_TOKEN)})
        waited, _ = await a_while_without(app, tries=2)
    assert waited == [42.0, LONGEST_WAIT_S]


async def test_a_connection_that_slack_ends_again_and_again_is_not_opened_without_end(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with a_squad(tmp_path, HTTP, clock) as squad:
        params = squad.settings.channels.slack
        assert params is not None
        squad.slack.people.turns_away = "link_disabled"
        app = params.model_copy(update={"app_token": SecretStr(APP_TOKEN)})
        waited, told = await a_while_without(app, tries=3)
        opened = [method for method, _ in squad.slack.calls if method == "apps.connections.open"]
    assert waited == [1.0, 2.0, 4.0]
    assert len(opened) == 4  # the first end is followed at once
    assert not any(told)


async def test_a_token_that_slack_refuses_is_said_without_the_token_and_tried_again(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_squad(tmp_path, HTTP, clock) as squad:
        params = squad.settings.channels.slack
        assert params is not None
        wrong = params.model_copy(update={"app_token": SecretStr("xapp-of-another")})
        waited, told = await a_while_without(wrong, tries=3)
    assert waited == [1.0, 2.0, 4.0]
    assert not any(told)
    assert "Slack answered invalid_auth" in caplog.text
    assert "xapp-of-another" not in caplog.text


async def test_a_ticket_for_a_connection_is_good_for_once(socket: Squad) -> None:
    opened = socket.slack.people.calls["apps.connections.open"]({})
    async with ClientSession() as session, session.ws_connect(opened["url"]) as connection:
        assert (await connection.receive_json())["type"] == "hello"
        with pytest.raises(WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_a_press_is_answered_before_the_process_ends(socket: Squad) -> None:
    socket.hangs = asyncio.Event()
    message = await socket.told(a_notice())
    press = asyncio.create_task(socket.slack.people.press(message, ACKNOWLEDGE))
    await socket.begun.wait()
    ending = asyncio.create_task(socket.office.stop())
    await asyncio.sleep(0)
    socket.hangs.set()
    assert await press == 200
    await ending
    assert len(socket.written) == 1
