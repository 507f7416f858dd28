"""The pages behind the links in letters: looking changes nothing, pressing a button once or twice is one answer."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse, FormData, web
from aiohttp.test_utils import TestClient, TestServer

from alerts.channels.email.links import RATING_DAYS
from config.loader import read
from config.settings import Settings
from domain.feedback import Feedback, FeedbackKind
from domain.notice import Phase
from streams.agents.feedback import FeedbackStage
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages import ratings, unsubscribe
from streams.pages.allowance import MOST, WITHIN_S
from streams.pages.page import MAX_BODY
from streams.records import encode
from streams.topics import Topic
from tests.support.clock import ManualClock
from tests.support.config_files import write
from tests.support.notices import an_email
from tests.support.stages import a_record

KEY = "a-key-that-nobody-knows-and-that-is-long"
CONFIG = """
services: {{payments-api: {{squad: payments}}}}
journeys:
  payment-initiation:
    squad: payments
    stages: [{{name: submit, touchpoints: [{{name: POST /payments, service: payments-api}}]}}]
squads: {{payments: {{slack: "#squad-payments"}}}}
clients:
  bank-042:
    name: Example Bank
    journeys: [payment-initiation]
    contacts: [{{email: ops@bank.example}}]
    locale: {locale}
channels:
  slack: {{token: "${{TOKEN}}"}}
  email: {{host: mail.example, sender: status@hub.example}}
answers: {{url: "https://answers.example", keys: "${{KEY}}"}}
"""
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass(slots=True)
class Office:
    """The pages, a browser, and what was written."""

    client: TestClient[web.Request, web.Application]
    settings: Settings
    clock: ManualClock
    written: list[Feedback] = field(default_factory=list)
    away: bool = False
    metrics: Metrics = field(default_factory=lambda: Metrics(ANSWERS_CATALOGUE))

    def counted(self) -> dict[tuple[str, str], float]:
        """What became of answers, by page."""
        (family,) = (each for each in self.metrics.registry.collect() if each.name == "foreshock_answers")
        return {(each.labels["page"], each.labels["what"]): each.value for each in family.samples}

    async def write(self, feedback: Feedback) -> None:
        if self.away:
            raise ConnectionError("no broker at 10.1.2.3")
        self.written.append(feedback)

    def links(self) -> dict[str, str]:
        links = self.settings.answers.links()
        assert links is not None
        notice = an_email(Phase.ALL_CLEAR, 3, at=self.clock.now())
        offered = links.rating(notice)
        assert offered is not None
        return {"yes": _path(offered[0]), "no": _path(offered[1]), "leave": _path(links.unsubscribe(notice))}


def _path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@contextlib.asynccontextmanager
async def office(folder: Path, locale: str = "en") -> AsyncIterator[Office]:
    settings = read(write(folder, CONFIG.format(locale=locale)), {"TOKEN": "t", "KEY": KEY}).settings
    clock, app, holder, metrics = ManualClock(), web.Application(), list[Office](), Metrics(ANSWERS_CATALOGUE)

    async def note(feedback: Feedback) -> None:
        await holder[0].write(feedback)

    for pages in (ratings, unsubscribe):
        app.add_routes(pages.routes(settings, note, clock, metrics))
    async with TestClient(TestServer(app)) as client:
        holder.append(Office(client, settings, clock, metrics=metrics))
        yield holder[0]


def is_strict(response: ClientResponse) -> bool:
    policy = response.headers["Content-Security-Policy"]
    closed = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    return closed and "Set-Cookie" not in response.headers and HEADERS.items() <= dict(response.headers).items()


@pytest.mark.parametrize("link", ["yes", "no", "leave"])
async def test_looking_changes_nothing_however_often(tmp_path: Path, link: str) -> None:
    async with office(tmp_path) as at:
        for method in ("GET", "HEAD", "GET"):
            response = await at.client.request(method, at.links()[link])
            assert response.status == 200
            assert is_strict(response)
        assert at.written == []


@pytest.mark.parametrize(("answer", "kind"), [("yes", FeedbackKind.USEFUL), ("no", FeedbackKind.NOT_USEFUL)])
async def test_a_pressed_button_is_an_answer_of_one_contact(tmp_path: Path, answer: str, kind: FeedbackKind) -> None:
    async with office(tmp_path) as at:
        link = at.links()["yes"]
        for _ in range(2):
            response = await at.client.post(link, data={"answer": answer})
            assert response.status == 200
            assert is_strict(response)
            await at.clock.advance(60)
        first, second = at.written
        assert first.id != second.id  # yes, no and yes again are three answers; decisions count one opinion a contact
        assert (first.kind, first.alert, first.client) == (kind, an_email().alert, "bank-042")
        assert (first.by, first.address, first.comment) == ("a contact of bank-042", "ops@bank.example", "")


@pytest.mark.parametrize("multipart", [False, True])
async def test_one_click_in_a_mail_program_unsubscribes_the_address_of_the_link(
    tmp_path: Path, *, multipart: bool
) -> None:
    async with office(tmp_path) as at:
        form = FormData(ONE_CLICK, default_to_multipart=multipart)
        response = await at.client.post(at.links()["leave"], data=form)
        assert response.status == 200
        assert is_strict(response)
        (said,) = at.written
        assert (said.kind, said.alert, said.client) == (FeedbackKind.UNSUBSCRIBE, None, "bank-042")
        assert said.address == "ops@bank.example"


async def test_what_the_pages_write_takes_its_place_among_decisions(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.client.post(at.links()["no"], data={"answer": "no"})
        await at.client.post(at.links()["leave"], data=ONE_CLICK)
        for said in at.written:
            outputs = FeedbackStage(Metrics()).process(a_record(0, encode(said), "feedback"))
            assert Topic.ANOMALIES in {output.topic for output in outputs} <= set(Topic) - {Topic.DEAD_LETTERS}


async def test_whoever_left_and_was_readmitted_can_leave_again_on_the_same_day(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.client.post(at.links()["leave"], data=ONE_CLICK)
        await at.clock.advance(1)
        await at.client.post(at.links()["leave"], data=ONE_CLICK)
        assert at.written[0].id != at.written[1].id


@pytest.mark.parametrize(
    "data",
    [None, {}, {"answer": "maybe"}, {"answer": ""}, {"List-Unsubscribe": "no"}, b"\xff\xfe", "a=1&" * 100],
    ids=repr,
)
@pytest.mark.parametrize("link", ["yes", "leave"])
async def test_a_form_that_says_nothing_is_no_answer(tmp_path: Path, link: str, data: object) -> None:
    async with office(tmp_path) as at:
        response = await at.client.post(at.links()[link], data=data)
        assert response.status == 400
        assert is_strict(response)
        assert at.written == []


@pytest.mark.parametrize(
    ("boundary", "name"),
    [("boundary=b", "name*0*=answer; name*=answer"), ("boundary*=utf-8''b; boundary*0*=b", 'name="answer"')],
)
async def test_a_form_whose_headers_contradict_themselves_is_no_answer(
    tmp_path: Path, boundary: str, name: str
) -> None:
    async with office(tmp_path) as at:
        body = f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\nyes\r\n--b--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; {boundary}"}
        assert (await at.client.post(at.links()["yes"], data=body, headers=headers)).status == 400
        assert at.written == []


@pytest.mark.parametrize(
    "part",
    [
        'Content-Disposition: form-data; name="answer"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c',
        "Content-Disposition: form-data\r\n\r\nyes",
    ],
    ids=["parts in a part", "no name"],
)
async def test_a_part_that_is_no_field_of_a_form_is_no_answer(tmp_path: Path, part: str) -> None:
    async with office(tmp_path) as at:
        body = f"--b\r\n{part}\r\n--b--\r\n".encode()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert (await at.client.post(at.links()["yes"], data=body, headers=headers)).status == 400
        assert at.written == []


async def test_an_oversized_form_is_not_read(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        data = {"answer": "yes", "more": "x" * MAX_BODY}
        assert (await at.client.post(at.links()["yes"], data=data)).status == 400
        assert at.written == []


@pytest.mark.parametrize("damage", [lambda link: link[:-16] + "AAAA" + link[-12:], lambda link: link[:-30]])
@pytest.mark.parametrize("link", ["yes", "leave"])
async def test_a_forged_link_gets_a_calm_page_and_does_nothing(tmp_path: Path, link: str, damage: object) -> None:
    assert callable(damage)
    async with office(tmp_path) as at:
        forged = damage(urlsplit(at.links()[link]).path)
        for method, data in (("GET", None), ("POST", {"answer": "yes", **ONE_CLICK})):
            response = await at.client.request(method, forged, data=data)
            assert response.status == 404
            assert is_strict(response)
            assert "This link is not valid" in await response.text()
        assert at.written == []


async def test_an_old_rating_gets_a_calm_page_in_the_clients_language(tmp_path: Path) -> None:
    async with office(tmp_path, "de") as at:
        link = at.links()["yes"]
        await at.clock.advance(RATING_DAYS * 86_400 + 1)
        response = await at.client.post(link, data={"answer": "yes"})
        assert response.status == 410
        assert at.written == []


@pytest.mark.parametrize(
    ("locale", "question"), [("en", "Was this warning"), ("de", "War diese Warnung"), ("fr", "Cette alerte")]
)
async def test_a_page_speaks_the_clients_language_whatever_the_browser_says(
    tmp_path: Path, locale: str, question: str
) -> None:
    async with office(tmp_path, locale) as at:
        response = await at.client.get(at.links()["yes"], headers={"Accept-Language": "nl"})
        text = await response.text()
        assert question in text
        assert f'<html lang="{locale}">' in text


@pytest.mark.parametrize(
    ("asked", "spoken"), [("fr-CH, fr;q=0.9", "fr"), ("nl,de;q=0.5", "de"), ("", "en"), ("*", "en")]
)
async def test_whoever_we_do_not_know_is_spoken_to_as_the_browser_asks(tmp_path: Path, asked: str, spoken: str) -> None:
    async with office(tmp_path) as at:
        response = await at.client.get("/rating/nothing", headers={"Accept-Language": asked})
        assert response.headers["Content-Language"] == spoken


async def test_no_page_shows_more_than_a_stranger_may_know(tmp_path: Path) -> None:
    """A link may be forwarded: whoever opens it learns neither the client, nor the alert, nor the whole address."""
    async with office(tmp_path) as at:
        for link in at.links().values():
            text = await (await at.client.get(link)).text()
            for secret in ("bank-042", "Example Bank", "ops@bank.example", an_email().alert, "payments-api", KEY):
                assert secret not in text
            assert "http" not in text
            assert "<script" not in text


async def test_what_could_not_be_written_is_not_said_to_be_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with office(tmp_path) as at:
        at.away = True
        for link, data in ((at.links()["yes"], {"answer": "yes"}), (at.links()["leave"], ONE_CLICK)):
            response = await at.client.post(link, data=data)
            text = await response.text()
            assert response.status == 503
            assert response.headers["Retry-After"] == "60"
            assert "10.1.2.3" not in text
        at.away = False
        assert (await at.client.post(at.links()["yes"], data={"answer": "yes"})).status == 200
    assert KEY not in caplog.text
    assert "ops@bank.example" not in caplog.text


async def test_what_becomes_of_answers_is_counted_and_looking_is_not(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        links = at.links()
        for link in links.values():
            await at.client.get(link)
        assert at.counted() == {}
        at.away = True
        await at.client.post(links["leave"], data=ONE_CLICK)
        at.away = False
        await at.client.post(links["leave"], data=ONE_CLICK)
        await at.client.post(links["yes"], data={"answer": "yes"})
        await at.client.post(links["yes"], data={"answer": "maybe"})
        await at.client.get("/rating/nothing")
        await at.clock.advance(RATING_DAYS * 86_400 + 1)
        await at.client.get(links["yes"])
        assert at.counted() == {
            ("unsubscribe", "failed"): 1,
            ("unsubscribe", "taken"): 1,
            ("rating", "taken"): 1,
            ("rating", "unclear"): 1,
            ("rating", "unknown"): 1,
            ("rating", "expired"): 1,
        }


async def test_of_one_contact_no_more_answers_are_taken_than_anybody_means(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        links = at.links()

        async def press(kind: str) -> int:
            response = await at.client.post(links[kind], data=ONE_CLICK if kind == "leave" else {"answer": kind})
            return response.status

        at.away = True
        assert {await press("yes") for _ in range(MOST)} == {503}  # what could not be written does not count
        at.away = False
        assert [await press(("yes", "no")[number % 2]) for number in range(MOST + 2)] == [200] * MOST + [429] * 2
        assert await press("leave") == 200  # whoever has pressed the one in vain can still leave
        await at.clock.advance(WITHIN_S)
        assert await press("yes") == 200
        assert len(at.written) == MOST + 2
        assert at.counted()["rating", "too_many"] == 2


def test_without_an_address_or_keys_there_are_no_pages(tmp_path: Path) -> None:
    text = CONFIG.format(locale="en").replace('answers: {url: "https://answers.example", keys: "${KEY}"}\n', "")
    settings = read(write(tmp_path, text), {"TOKEN": "t"}).settings

    async def never(_: Feedback) -> None:
        raise AssertionError

    assert settings.answers.links() is None
    metrics = Metrics(ANSWERS_CATALOGUE)
    assert ratings.routes(settings, never, ManualClock(), metrics) == []
    assert unsubscribe.routes(settings, never, ManualClock(), metrics) == []
