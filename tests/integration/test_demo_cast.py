"""The people of the demo's story press real buttons: once each, in their own time, and again if nobody heard."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.slack import desk
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Notice, Phase
from streams.demo.cast import PARTS, PATIENCE_S, Cast
from streams.demo.faults import Fault
from streams.system import SystemClock
from tests.support.clock import ManualClock
from tests.support.notices import SQUAD_FACTS, T0, a_notice
from tests.support.slack import HTTP, Squad, a_squad

pytestmark = pytest.mark.integration


MOST = 1000  # looks


class Looks(SystemClock):
    """A second of the recording passes with each look."""

    def __init__(self) -> None:
        super().__init__()
        self.event_at = 0.0
        self.later_s = 0.0

    def monotonic(self) -> float:
        return self.later_s

    async def sleep(self, _: float) -> None:
        self.event_at += 1
        assert self.event_at < MOST, "they look on and on"
        await asyncio.sleep(0)

    def read(self) -> float:
        return self.event_at


@pytest.fixture
async def squad(tmp_path: Path) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, HTTP, ManualClock(T0)) as ready:
        yield ready


def waiting() -> Notice:
    return a_notice(facts=replace(SQUAD_FACTS, waiting=(ClientId("bank-042"),)))


async def test_one_acknowledges_and_one_approves_with_words_each_after_a_while(squad: Squad) -> None:
    await squad.told(a_notice(Phase.ALL_CLEAR, 2))
    await squad.told(waiting())
    looks = Looks()
    cast = Cast(squad.slack, looks.read, looks)
    await cast.play()
    acknowledged, approved = squad.written
    assert (acknowledged.kind, acknowledged.by) == (FeedbackKind.ACKNOWLEDGE, "anna (Slack U0ANNA)")
    assert (approved.kind, approved.by, approved.client) == (FeedbackKind.APPROVE, "ben (Slack U0BEN)", "bank-042")
    assert approved.text == "Balances are correct; they may only take longer to appear."
    assert looks.event_at == PARTS[1].takes_s + 1
    assert [part.told for part in cast.pressed] == [
        "acknowledged by anna (Slack U0ANNA)",
        "client notices approved by ben (Slack U0BEN)",
    ]


async def test_whoever_was_not_heard_presses_again(squad: Squad) -> None:
    await squad.told(waiting())
    squad.fails = ConnectionError("no broker")
    looks = Looks()
    cast = Cast(squad.slack, looks.read, looks)
    acting = asyncio.create_task(cast.play())
    assert not cast.busy()
    await squad.heard(2)
    assert cast.pressed == []
    assert cast.busy()
    squad.fails = None
    await acting
    assert len(cast.pressed) == 2


async def test_people_are_waited_for_until_the_message_shows_what_they_pressed_and_not_for_ever(squad: Squad) -> None:
    message = await squad.told(waiting())
    looks = Looks()
    cast = Cast(squad.slack, looks.read, looks)
    await cast.play()
    assert cast.busy()
    looks.later_s = PATIENCE_S + 1
    assert not cast.busy()
    looks.later_s = 0.0
    message.text += f" {cast.pressed[0].told}"
    assert cast.busy()
    message.text += f" {cast.pressed[1].told}"
    assert not cast.busy()


async def test_a_press_that_opened_no_dialogue_is_done_again(squad: Squad) -> None:
    await squad.told(waiting())
    squad.slack.faults.append(Fault.refused("expired_trigger_id", "views.open"))
    looks = Looks()
    cast = Cast(squad.slack, looks.read, looks)
    await cast.play()
    assert [said.kind for said in squad.written] == [FeedbackKind.ACKNOWLEDGE, FeedbackKind.APPROVE]
    assert desk.EXPIRED in [said.text for said in squad.slack.people.heard]


async def test_nobody_presses_what_is_not_there(squad: Squad) -> None:
    await squad.told(a_notice(Phase.ALL_CLEAR, 2))
    looks = Looks()
    with pytest.raises(AssertionError, match="on and on"):
        await Cast(squad.slack, looks.read, looks).play()
    assert squad.written == []
