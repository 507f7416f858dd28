"""Presses in Slack, by both ways in, against a workspace that answers as Slack does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.slack import desk
from alerts.channels.slack.controls import APPROVE, PREFIX
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Notice, Phase
from streams.demo.slack_people import APP_TOKEN, SIGNING_SECRET, Person
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages.slack import SlackOffice
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
    await clock.advance(http.slack.people.patience_s + 1)
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
        shown = caplog.text + repr(squad.settings) + repr(squad.office) + repr(squad.slack.people.heard)
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
