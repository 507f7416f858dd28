"""Requests that claim to be Slack's: only genuine ones, of now, once, and from where presses count."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import ClientSession

from alerts.channels.slack import signature
from alerts.channels.slack.controls import PREFIX
from domain.feedback import FeedbackKind
from streams.demo.slack_people import SIGNING_SECRET
from streams.pages import slack
from streams.pages.slack import MAX_PAYLOAD
from tests.support.clock import ManualClock
from tests.support.notices import T0, a_notice
from tests.support.processes import PATIENCE_S
from tests.support.slack import HTTP, Squad, a_squad

pytestmark = pytest.mark.integration

ACKNOWLEDGE = PREFIX + FeedbackKind.ACKNOWLEDGE
PLAIN = {"Content-Type": "text/plain"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
async def http(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, HTTP, clock) as ready:
        yield ready


def body_of(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


async def a_press(squad: Squad) -> bytes:
    return body_of(squad.slack.people.payload(await squad.told(a_notice()), ACKNOWLEDGE))


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
    assert b" 408 " in await asyncio.wait_for(reader.readline(), PATIENCE_S)
    assert (http.counted("too_slow"), http.counted("too_large")) == (1, 0)
    writer.close()


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
