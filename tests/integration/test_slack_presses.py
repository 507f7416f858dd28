"""Presses in Slack, by both ways in, against a workspace that answers as Slack does."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from pydantic import SecretStr

from alerts.channels.slack import desk, signature
from alerts.channels.slack.controls import APPROVE, PREFIX
from alerts.channels.slack.params import SlackParams
from alerts.channels.slack.socket import LONGEST_WAIT_S, SocketMode
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Notice, Phase
from streams.demo.faults import Fault
from streams.demo.slack_people import APP_TOKEN, SIGNING_SECRET, Person
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages import slack
from streams.pages.slack import MAX_PAYLOAD, SlackOffice
from tests.support.clock import ManualClock
from tests.support.notices import SQUAD_FACTS, T0, a_notice
from tests.support.slack import HTTP, SOCKET, Squad, a_squad

pytestmark = pytest.mark.integration

ACKNOWLEDGE = PREFIX + FeedbackKind.ACKNOWLEDGE
WAITING = (ClientId("bank-042"), ClientId("fintech-7"))
PLAIN = {"Content-Type": "text/plain"}


def waiting() -> Notice:
    return a_notice(facts=replace(SQUAD_FACTS, waiting=WAITING))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture(params=[HTTP, SOCKET], ids=["http", "socket"])
async def squad(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, request.param, clock) as ready:
        yield ready


@pytest.fixture
async def http(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, HTTP, clock) as ready:
        yield ready


@pytest.fixture
async def socket(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, SOCKET, clock) as ready:
        yield ready


def body_of(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


async def a_press(squad: Squad) -> bytes:
    return body_of(squad.slack.people.payload(await squad.told(a_notice()), ACKNOWLEDGE))


async def test_a_press_is_written_down_with_who_pressed_and_only_they_are_told(squad: Squad) -> None:
    message = await squad.told(a_notice())
    assert await squad.slack.people.press(message, ACKNOWLEDGE) == 200
    assert await squad.heard() == ["Noted: that you look after it. The message shows it in a moment."]
    (said,) = squad.written
    assert (said.kind, said.alert, said.by) == (FeedbackKind.ACKNOWLEDGE, a_notice().alert, "anna (Slack U0ANNA)")
    assert len(squad.slack.messages) == 1


async def test_one_press_that_comes_twice_is_one_answer_and_a_second_press_another(
    squad: Squad, clock: ManualClock
) -> None:
    message = await squad.told(a_notice())
    pressed = squad.slack.people.payload(message, ACKNOWLEDGE)
    await squad.slack.people.deliver(pressed)
    await clock.advance(1)
    await squad.slack.people.deliver(pressed)
    await squad.slack.people.press(message, ACKNOWLEDGE)
    first, again, other = squad.written
    assert first == again
    assert first.id != other.id


async def test_an_approval_is_given_in_a_dialogue_for_the_clients_that_were_chosen(squad: Squad) -> None:
    message = await squad.told(waiting())
    assert await squad.slack.people.press(message, APPROVE) == 200
    assert squad.written == []
    (dialogue,) = squad.slack.people.dialogues
    people = squad.slack.people
    assert await people.submit(dialogue, whom=["fintech-7"], lasts="4 hours", text="We add *capacity*.\nAsk us.") == 200
    (said,) = squad.written
    assert (said.kind, said.client, said.lasts_s, said.text) == (
        FeedbackKind.APPROVE, "fintech-7", 14_400.0, "We add *capacity*. Ask us.",
    )  # fmt: skip
    assert not dialogue.open


async def test_a_dialogue_as_it_opens_approves_every_client_that_waits_each_by_name(squad: Squad) -> None:
    message = await squad.told(waiting())
    await squad.slack.people.press(message, APPROVE)
    await squad.slack.people.submit(squad.slack.people.dialogues[0])
    assert [said.client for said in squad.written] == list(WAITING)
    assert len({said.id for said in squad.written}) == 2


async def test_without_kafka_nothing_seems_to_be_noted(squad: Squad) -> None:
    message = await squad.told(waiting())
    await squad.slack.people.press(message, APPROVE)
    squad.fails = ConnectionError("no broker at 10.1.2.3")
    status = await squad.slack.people.press(message, ACKNOWLEDGE)
    assert status == (503 if squad.office.socket is None else 200)
    assert await squad.heard() == [desk.BUSY]
    dialogue = squad.slack.people.dialogues[0]
    await squad.slack.people.submit(dialogue, text="Kept while it cannot be noted.")
    assert dialogue.open
    assert dialogue.errors == {"text": desk.BUSY}


async def test_a_broker_that_does_not_answer_does_not_keep_slack_waiting(
    squad: Squad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "ANSWER_S", 0.05)
    squad.hangs = asyncio.Event()
    message = await squad.told(a_notice())
    assert await squad.slack.people.press(message, ACKNOWLEDGE) == (503 if squad.office.socket is None else 200)
    assert await squad.heard() == [desk.BUSY]


async def test_a_dialogue_that_slack_does_not_open_any_more_is_said_so(http: Squad, clock: ManualClock) -> None:
    message = await http.told(waiting())
    pressed = http.slack.people.payload(message, APPROVE)
    await clock.advance(4)
    assert await http.slack.people.deliver(pressed) == 200
    assert await http.heard() == [desk.EXPIRED]
    assert http.slack.people.dialogues == []
    assert http.counted("not_opened") == 1


async def test_only_approvers_approve_and_hold(tmp_path: Path, clock: ManualClock) -> None:
    async with a_squad(tmp_path, f"{HTTP}, approvers: [U0BEN]", clock) as squad:
        message = await squad.told(waiting())
        for action in (APPROVE, PREFIX + FeedbackKind.HOLD):
            await squad.slack.people.press(message, action)
        assert squad.written == []
        assert squad.slack.people.dialogues == []
        assert all("only those who may approve" in text for text in await squad.heard(2))
        await squad.slack.people.press(message, ACKNOWLEDGE)
        await squad.slack.people.press(message, PREFIX + FeedbackKind.HOLD, Person("U0BEN", "ben"))
        assert [said.kind for said in squad.written] == [FeedbackKind.ACKNOWLEDGE, FeedbackKind.HOLD]
        assert squad.counted("not_allowed") == 2


async def test_a_forged_request_is_refused(http: Squad) -> None:
    body = await a_press(http)
    people = http.slack.people
    for headers in (
        people.signed(body, secret=SIGNING_SECRET + "?"),
        people.signed(body + b"&"),
        {**people.signed(body), "X-Slack-Signature": "v0=é"},
        {**people.signed(body), "X-Slack-Request-Timestamp": "now"},
        {"Content-Type": people.signed(body)["Content-Type"]},
    ):
        assert await people.request(body, headers) == (401, {})
    assert http.written == []
    assert http.counted("forged") == 2
    assert http.counted("unsigned") == 3


@pytest.mark.parametrize("off_s", [-signature.WINDOW_S - 1, signature.WINDOW_S + 1], ids=["stale", "future"])
async def test_a_genuine_request_of_another_time_is_refused(http: Squad, off_s: float) -> None:
    body = await a_press(http)
    assert (await http.slack.people.request(body, http.slack.people.signed(body, at=T0 + off_s)))[0] == 401
    assert http.written == []
    assert http.counted("stale") == 1


async def test_a_genuine_request_is_taken_once(http: Squad, clock: ManualClock) -> None:
    body = await a_press(http)
    headers = http.slack.people.signed(body, at=T0 + signature.WINDOW_S)
    assert (await http.slack.people.request(body, headers))[0] == 200
    for _ in range(2):
        assert (await http.slack.people.request(body, headers))[0] == 401
        await clock.advance(1.9 * signature.WINDOW_S)  # its stamp was ahead, and is still good
    assert len(http.written) == 1
    assert http.counted("replayed") == 2


async def test_a_request_that_is_too_large_or_of_another_type_is_refused_unread(http: Squad) -> None:
    body = b"payload=" + b"x" * MAX_PAYLOAD
    assert (await http.slack.people.request(body, http.slack.people.signed(body)))[0] == 413
    async with ClientSession() as session:  # in chunks: nothing says beforehand how much there will be
        headers = http.slack.people.signed(body)
        async with session.post(
            http.slack.people.request_url, data=BytesIO(body), headers=headers, chunked=True
        ) as said:
            assert said.status == 413
    body = await a_press(http)
    assert (await http.slack.people.request(body, {**http.slack.people.signed(body), **PLAIN}))[0] == 415
    assert http.written == []
    assert (http.counted("too_large"), http.counted("wrong_type")) == (2, 1)


async def test_a_request_whose_body_does_not_come_is_not_waited_for(
    http: Squad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack, "READ_S", 0.05)
    address = urlsplit(http.slack.people.request_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"POST {address.path} HTTP/1.1\r\nHost: a\r\nContent-Type: {slack.FORM}\r\n".encode())
    writer.write(b"Content-Length: 100\r\n\r\npayload=")
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
    assert (http.counted("too_slow"), http.counted("too_large")) == (1, 0)
    writer.close()


async def test_a_defect_in_reading_shows_no_payload_and_ends_nothing(
    squad: Squad, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(payload: object, *_: object) -> None:
        raise ZeroDivisionError(str(payload))

    message = await squad.told(a_notice())
    with monkeypatch.context() as broke:
        broke.setattr(desk, "read", broken)
        await squad.slack.people.press(message, ACKNOWLEDGE)
    assert squad.counted("failed") + squad.counted("failed", "socket") == 1
    assert "a press could not be read (ZeroDivisionError)" in caplog.text
    assert "/response/" not in caplog.text
    assert await squad.slack.people.press(message, ACKNOWLEDGE) == 200


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload={", b"payload=" + b"[" * 90_000, b"\xff\xfe", b"payload=null"]
)
async def test_a_genuine_request_that_says_nothing_is_refused(http: Squad, body: bytes) -> None:
    assert (await http.slack.people.request(body, http.slack.people.signed(body)))[0] == 400
    assert http.counted("malformed") == 1


async def test_presses_of_another_workspace_or_channel_do_not_count(tmp_path: Path, clock: ManualClock) -> None:
    async with a_squad(tmp_path, f"{HTTP}, team: T00OTHER", clock) as squad:
        assert await squad.slack.people.press(await squad.told(a_notice()), ACKNOWLEDGE) == 400
        assert squad.counted("wrong_team") == 1
    async with a_squad(tmp_path, HTTP, clock) as squad:
        message = await squad.told(a_notice(recipient="#other"))
        assert await squad.slack.people.press(message, ACKNOWLEDGE) == 400
        assert squad.counted("wrong_channel") == 1


async def test_nobody_but_slack_is_spoken_to(http: Squad, clock: ManualClock) -> None:
    message = await http.told(a_notice())
    for address in ("http://127.0.0.1:1/", "https://hooks.slack.com@evil.example/", "https://[", "file:///etc/passwd"):
        await clock.advance(1)
        pressed = http.slack.people.payload(message, ACKNOWLEDGE) | {"response_url": address}
        assert await http.slack.people.deliver(pressed) == 200
    assert http.counted("foreign_address") == 4
    assert http.slack.people.heard == []


async def test_after_slack_has_ended_a_connection_presses_come_by_the_next(socket: Squad) -> None:
    message = await socket.told(a_notice())
    for reason in ("warning", "refresh_requested"):
        await socket.slack.people.disconnect(reason)
        async with asyncio.timeout(10):
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


@pytest.mark.parametrize("more", [HTTP, SOCKET])
async def test_no_secret_is_ever_logged_or_shown(
    tmp_path: Path, clock: ManualClock, more: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_squad(tmp_path, more, clock) as squad:
        message = await squad.told(a_notice())
        await squad.slack.people.press(message, ACKNOWLEDGE)
        squad.fails = ConnectionError("no broker at 10.1.2.3")
        await squad.slack.people.press(message, ACKNOWLEDGE)
        await squad.heard(2)
        shown = caplog.text + repr(squad.settings) + repr(squad.office) + json.dumps(squad.slack.people.heard)
    own = "\n".join(line for line in shown.splitlines() if "aiohttp" not in line)
    for secret in (SIGNING_SECRET, APP_TOKEN, "xoxb-stand-in", "10.1.2.3", "/socket/ticket", "/response/"):
        assert secret not in own


async def test_a_message_has_no_buttons_where_nobody_would_hear_them(tmp_path: Path, clock: ManualClock) -> None:
    async with a_squad(tmp_path, "search_pages: 5", clock) as squad:
        assert not squad.office.open
        message = await squad.told(waiting())
        assert [block for block in message.blocks if block["type"] == "actions"] == []


@pytest.mark.parametrize(("more", "shown"), [(HTTP, None), (SOCKET, 1.0)], ids=["http", "socket"])
async def test_only_where_there_is_to_be_a_connection_is_it_said_whether_there_is(
    tmp_path: Path, clock: ManualClock, more: str, shown: float | None
) -> None:
    async with a_squad(tmp_path, more, clock) as squad:
        await squad.slack.people.press(await squad.told(a_notice()), ACKNOWLEDGE)
        read = squad.metrics.registry.get_sample_value
        assert read("foreshock_slack_connected", {"way": "socket"}) == shown
    assert read("foreshock_slack_connected", {"way": "socket"}) == (None if shown is None else 0.0)
    fresh = Metrics(ANSWERS_CATALOGUE)  # not started yet: an alert must see one that never connects
    SlackOffice(squad.settings, squad.write, clock, fresh)
    before = fresh.registry.get_sample_value("foreshock_slack_connected", {"way": "socket"})
    assert before == (None if shown is None else 0.0)


async def test_an_ending_asks_only_for_an_opinion(http: Squad) -> None:
    message = await http.told(a_notice(Phase.ALL_CLEAR, 2))
    (row,) = (block for block in message.blocks if block["type"] == "actions")
    assert [button["text"]["text"] for button in row["elements"]] == ["Useful", "Not useful"]
    await http.slack.people.press(message, PREFIX + FeedbackKind.NOT_USEFUL)
    assert [said.kind for said in http.written] == [FeedbackKind.NOT_USEFUL]


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
    async with asyncio.timeout(10):
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
