"""The stand-in for Slack in a browser: a press there is a press, for whoever sits at this machine and nobody else."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession

from alerts.channels.slack import desk
from alerts.channels.slack.controls import APPROVE, HOLD_MEANS, OFFERED, PREFIX
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Notice
from streams.demo.slack_dialogue import MISSING
from streams.demo.slack_site import SILENT
from tests.support.clock import ManualClock
from tests.support.forms import Form, forms
from tests.support.notices import SQUAD_FACTS, T0, a_notice
from tests.support.processes import free_port
from tests.support.slack import HTTP, Squad, a_squad

pytestmark = pytest.mark.integration

ACKNOWLEDGE = PREFIX + FeedbackKind.ACKNOWLEDGE
VISITOR = "visitor (Slack U0VISITOR)"


def waiting() -> Notice:
    return a_notice(facts=replace(SQUAD_FACTS, waiting=(ClientId("bank-042"), ClientId("fintech-7"))))


class Browser:
    """Follows addresses and sends forms; keeps the last page."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self.status, self.page, self.path = 0, "", ""

    async def open(self, path: str, **headers: str) -> None:
        async with self._session.get(path, headers=headers) as answer:
            self.status, self.page, self.path = answer.status, await answer.text(), answer.url.path

    async def send(self, path: str, form: Mapping[str, str | list[str]], **headers: str) -> None:
        async with self._session.post(path, data=_pairs(form), headers=headers) as answer:
            self.status, self.page, self.path = answer.status, await answer.text(), answer.url.path

    def with_button(self, value: str) -> Form:
        """The form that a button of this page sends."""
        return next(form for form in forms(self.page) if any(value == given for _, given in form.buttons))

    async def press(self, value: str) -> None:
        await self.open("/")
        form = self.with_button(value)
        await self.send(form.action, form.pressed(value))


def _pairs(form: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
    return [(name, each) for name, value in form.items() for each in ([value] if isinstance(value, str) else value)]


@pytest.fixture
async def squad(tmp_path: Path) -> AsyncIterator[Squad]:
    async with a_squad(tmp_path, HTTP, ManualClock(T0)) as ready:
        yield ready


@pytest.fixture
async def browser(squad: Squad) -> AsyncIterator[Browser]:
    async with ClientSession(squad.slack.url.removesuffix("api/")) as session:
        yield Browser(session)


async def test_every_button_of_a_message_can_be_pressed(squad: Squad, browser: Browser) -> None:
    await squad.told(waiting())
    await browser.open("/")
    assert {value for form in forms(browser.page) for _, value in form.buttons} == {*OFFERED, APPROVE}
    assert "nobody can press them" not in browser.page


async def test_a_press_is_written_down_and_whoever_pressed_is_told_so(squad: Squad, browser: Browser) -> None:
    await squad.told(a_notice())
    await browser.press(ACKNOWLEDGE)
    assert (browser.status, browser.path) == (200, "/")
    assert [(said.kind, said.alert, said.by) for said in squad.written] == [
        (FeedbackKind.ACKNOWLEDGE, a_notice().alert, VISITOR)
    ]
    (told,) = await squad.heard()
    await browser.open("/")
    assert told in browser.page


async def test_what_somebody_else_is_told_is_not_shown(squad: Squad, browser: Browser) -> None:
    await squad.slack.people.press(await squad.told(a_notice()), ACKNOWLEDGE)
    await squad.heard()
    await browser.open("/")
    assert "Only visible to you" not in browser.page


async def test_a_button_that_asks_first_shows_its_question(squad: Squad, browser: Browser) -> None:
    await squad.told(a_notice())
    await browser.open("/")
    question = browser.page.index(HOLD_MEANS)
    assert browser.page.rindex("popover", 0, question) < question < browser.page.index('value="foreshock.hold"')
    await browser.press(PREFIX + FeedbackKind.HOLD)
    assert [said.kind for said in squad.written] == [FeedbackKind.HOLD]


async def test_the_dialogue_of_an_approval_is_filled_in_and_sent(squad: Squad, browser: Browser) -> None:
    await squad.told(waiting())
    await browser.press(APPROVE)
    assert (browser.status, browser.path.startswith("/dialogue/")) == (200, True)
    assert squad.written == []
    (form,) = forms(browser.page)
    assert form.fields == {"whom": ["bank-042", "fintech-7"], "lasts": ["1 hour"]}
    place = browser.path
    await browser.send(place, {"whom": ["fintech-7"], "lasts": "4 hours", "text": "We add <b>capacity</b>."})
    assert browser.path == "/"
    (said,) = squad.written
    assert (said.kind, said.client, said.lasts_s, said.text, said.by) == (
        FeedbackKind.APPROVE, "fintech-7", 14_400.0, "We add <b>capacity</b>.", VISITOR,
    )  # fmt: skip
    await browser.open(place)
    assert browser.status == 404


async def test_a_dialogue_that_lacks_something_stays_open_with_what_was_written(squad: Squad, browser: Browser) -> None:
    await squad.told(waiting())
    await browser.press(APPROVE)
    place = browser.path
    await browser.send(place, {"lasts": "4 hours", "text": "Kept </textarea><script>"})
    assert (browser.path, squad.written) == (place, [])
    assert MISSING in browser.page
    assert "Kept &lt;/textarea&gt;&lt;script&gt;" in browser.page
    assert forms(browser.page)[0].fields == {"lasts": ["4 hours"]}
    squad.fails = ConnectionError("no broker")
    await browser.send(place, {"whom": "bank-042", "lasts": "4 hours", "text": "Kept."})
    assert desk.BUSY in browser.page
    assert "Kept." in browser.page


async def test_an_app_that_is_not_there_is_said_so_and_a_later_press_counts(squad: Squad, browser: Browser) -> None:
    await squad.told(waiting())
    address = squad.slack.people.request_url
    await browser.press(APPROVE)
    place, form = browser.path, forms(browser.page)[0]
    squad.slack.people.request_url = f"http://127.0.0.1:{free_port()}/"
    await browser.press(ACKNOWLEDGE)
    assert SILENT in browser.page
    await browser.send(place, form.fields)
    assert SILENT in browser.page
    squad.slack.people.request_url = address
    await browser.send(place, form.fields)
    await browser.press(ACKNOWLEDGE)
    assert SILENT not in browser.page
    assert [said.kind for said in squad.written] == [
        FeedbackKind.APPROVE,
        FeedbackKind.APPROVE,
        FeedbackKind.ACKNOWLEDGE,
    ]


async def test_without_an_app_nobody_can_press_anything(squad: Squad, browser: Browser) -> None:
    await squad.told(a_notice())
    squad.slack.people.request_url = ""
    await browser.open("/")
    assert "nobody can press them" in browser.page
    assert forms(browser.page) == []


async def test_a_button_that_an_edit_has_taken_away_is_not_pressed(squad: Squad, browser: Browser) -> None:
    message = await squad.told(a_notice())
    await browser.open("/")
    form = browser.with_button(ACKNOWLEDGE)
    message.blocks = [block for block in message.blocks if block["type"] != "actions"]
    await browser.send(form.action, form.pressed(ACKNOWLEDGE))
    assert browser.status == 409
    await browser.send("/press", {"channel": "C1", "ts": "1.0", "action": ACKNOWLEDGE})
    assert browser.status == 404
    assert squad.written == []


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example", "Origin": "http://evil.example"}],
)
async def test_the_page_of_another_site_presses_nothing(
    squad: Squad, browser: Browser, headers: dict[str, str]
) -> None:
    await squad.told(waiting())
    await browser.press(APPROVE)
    dialogue, filled = browser.path, forms(browser.page)[0].fields
    await browser.open("/")
    form = browser.with_button(ACKNOWLEDGE)
    await browser.send(form.action, form.pressed(ACKNOWLEDGE), **headers)
    assert browser.status == 403
    await browser.send(dialogue, filled, **headers)
    assert browser.status == 403
    assert squad.written == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_the_page_of_another_site_reads_nothing(squad: Squad, browser: Browser, headers: dict[str, str]) -> None:
    await squad.told(waiting())
    await browser.press(APPROVE)
    for path in ("/", "/version", browser.path):
        await browser.open(path, **headers)
        assert browser.status == 403
        assert "ledger-db" not in browser.page


async def test_the_page_knows_when_there_is_something_new(squad: Squad, browser: Browser) -> None:
    message = await squad.told(a_notice())
    seen = []

    async def look() -> None:
        await browser.open("/version")
        seen.append(browser.page)

    await look()
    await look()
    message.edits.append({"text": "before"})
    await look()
    await browser.press(ACKNOWLEDGE)
    await squad.heard()
    await look()
    await browser.open("/")
    assert f'data-version="{seen[-1]}"' in browser.page
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


async def test_the_app_is_given_addresses_under_the_name_by_which_it_calls_slack(squad: Squad) -> None:
    base = squad.slack.url.replace("127.0.0.1", "localhost")
    headers = {"Authorization": f"Bearer {squad.slack.token}"}
    async with ClientSession() as session:
        asked = {"filename": "x.png", "length": "3"}
        async with session.post(base + "files.getUploadURLExternal", data=asked, headers=headers) as answer:
            upload = (await answer.json())["upload_url"]
    assert upload.startswith(base.removesuffix("api/"))
