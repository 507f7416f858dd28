"""The way out of notices that are optional, by one click in a mail program (RFC 8058) or a button on a page."""

from typing import Final

from aiohttp import web

from alerts.channels.email.links import Claim, Purpose
from alerts.channels.email.unsubscribe import ONE_CLICK
from config.settings import Settings
from domain.clock import Clock
from domain.feedback import Feedback, FeedbackKind
from domain.identity import derive
from streams.metrics import Metrics
from streams.pages.page import Button, Desk, Write, fields, page

_FIELD, _, _VALUE = ONE_CLICK.partition("=")
_HIDDEN: Final = "\u2026"


def routes(settings: Settings, write: Write, clock: Clock, metrics: Metrics) -> list[web.RouteDef]:
    """Return the pages of leaving; none where there are no links."""
    if settings.answers.url is None:
        return []
    desk = Desk(settings, write, clock, lambda what: metrics.count("answers", page="unsubscribe", what=what))

    async def ask(request: web.Request) -> web.Response:
        opened = desk.open(request, Purpose.UNSUBSCRIBE)
        if isinstance(opened, web.Response):
            return opened
        words, claim = opened
        title, text = words.leaving
        buttons = (Button(_FIELD, _VALUE, words.leave),)
        return page(words, title, text.format(address=masked(claim.address)), buttons=buttons)

    async def take(request: web.Request) -> web.Response:
        opened = desk.open(request, Purpose.UNSUBSCRIBE)
        if isinstance(opened, web.Response):
            return opened
        words, claim = opened
        if (await fields(request)).get(_FIELD) != _VALUE:
            return desk.unclear(words)
        title, text = words.left
        refused = await desk.note(words, leaving(claim, clock.now()))
        return refused or page(words, title, text.format(address=masked(claim.address)))

    return [web.get("/unsubscribe/{token}", ask), web.post("/unsubscribe/{token}", take)]


def leaving(claim: Claim, at: float) -> Feedback:
    """Return the wish of one contact.

    Its id is of the moment: whoever was readmitted can leave again. That a second one changes nothing is seen to where
    addresses are kept.
    """
    return Feedback(
        id=derive("feedback", FeedbackKind.UNSUBSCRIBE, claim.client, claim.address, at),
        kind=FeedbackKind.UNSUBSCRIBE,
        alert=None,
        by=f"a contact of {claim.client}",
        at=at,
        client=claim.client,
        address=claim.address,
    )


def masked(address: str) -> str:
    """Return the address as its owner knows it again, and as nobody else can use it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}{_HIDDEN}@{domain}"
