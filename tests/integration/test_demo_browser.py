"""The stand-in for Slack as a person uses it: in a real browser, with a mouse."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.slack.controls import PREFIX
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from tests.support.browser import Tab, a_tab
from tests.support.clock import ManualClock
from tests.support.notices import SQUAD_FACTS, T0, a_notice
from tests.support.slack import HTTP, Squad, a_squad

pytestmark = pytest.mark.integration

SILENCE = PREFIX + FeedbackKind.SILENCE
ACKNOWLEDGE = PREFIX + FeedbackKind.ACKNOWLEDGE
QUESTION = "document.querySelector(':popover-open')"


@pytest.fixture
async def squad(tmp_path: Path) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, HTTP, ManualClock(T0)) as ready:
        yield ready


@pytest.fixture
async def tab(squad: Squad, tmp_path: Path) -> AsyncIterator[Tab]:
    await squad.told(a_notice(facts=replace(SQUAD_FACTS, waiting=(ClientId("bank-042"), ClientId("fintech-7")))))
    async with a_tab(tmp_path / "browser") as ready:
        await ready.open(squad.slack.url.removesuffix("api/"))
        yield ready


def button(text: str, within: str = "document") -> str:
    return f"[...{within}.querySelectorAll('button')].find(each => each.textContent.startsWith({text!r}))"


async def test_a_press_is_heard_and_the_page_shows_by_itself_what_came_of_it(squad: Squad, tab: Tab) -> None:
    await tab.click(button("Acknowledge"))
    await tab.until("document.body.innerText.includes('Only visible to you')")
    assert [said.kind for said in squad.written] == [FeedbackKind.ACKNOWLEDGE]
    squad.slack.messages[0].blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "acknowledged by visitor"}}
    ]
    squad.slack.messages[0].edits.append({"text": "before"})  # as an edit of the worker's does
    await tab.until("document.body.innerText.includes('acknowledged by visitor')")


async def test_what_asks_first_happens_only_when_it_is_confirmed(squad: Squad, tab: Tab) -> None:
    await tab.click(button("Silence 1 h"))
    await tab.until(f"{QUESTION} !== null")
    assert "hears of trouble of this service for an hour" in await tab.value(f"{QUESTION}.innerText")
    await tab.click(button("Cancel", QUESTION))
    await tab.until(f"{QUESTION} === null")
    assert squad.written == []
    await tab.click(button("Silence 1 h"))
    await tab.click(button("Silence", QUESTION))
    await tab.until("document.body.innerText.includes('Only visible to you')")
    assert [(said.kind, said.lasts_s) for said in squad.written] == [(FeedbackKind.SILENCE, 3600.0)]


async def test_an_open_question_stays_when_something_new_comes(squad: Squad, tab: Tab) -> None:
    await tab.click(button("Silence 1 h"))
    await tab.until(f"{QUESTION} !== null")
    squad.slack.messages[0].edits.append({"text": "before"})
    # Two looks at what is new, if the page lives for so long.
    await tab.value("window.looks = 0; setInterval(() => window.looks++, 1000); 0")
    await tab.until("window.looks === 2")
    assert await tab.value(f"{QUESTION} !== null")


async def test_an_approval_is_given_in_its_dialogue_with_words_of_ones_own(squad: Squad, tab: Tab) -> None:
    await tab.click(button("Approve 2 client notices"))
    await tab.until("location.pathname.startsWith('/dialogue/')")
    await tab.click("document.querySelector('input[value=\"bank-042\"]')")
    await tab.click("document.querySelector('textarea')")
    await tab.write("Payments that were accepted are safe.")
    await tab.click(button("Approve"))
    await tab.until("location.pathname === '/'")
    assert [(said.kind, said.client, said.text) for said in squad.written] == [
        (FeedbackKind.APPROVE, "fintech-7", "Payments that were accepted are safe.")
    ]
