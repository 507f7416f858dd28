"""One question about a warning that is over: was it useful? Looking changes nothing, pressing a button does."""

from typing import Final

from aiohttp import web

from alerts.channels.email.links import Claim, Purpose
from config.settings import Settings
from domain.clock import Clock
from domain.feedback import Feedback, FeedbackKind
from domain.identity import derive
from streams.metrics import Metrics
from streams.pages.page import Button, Desk, Write, fields, page

FIELD: Final = "answer"
KINDS: Final = {"yes": FeedbackKind.USEFUL, "no": FeedbackKind.NOT_USEFUL}


def routes(settings: Settings, write: Write, clock: Clock, metrics: Metrics) -> list[web.RouteDef]:
    """Return the pages of the rating; none where there are no links."""
    if settings.answers.url is None:
        return []
    desk = Desk(settings, write, clock, lambda what: metrics.count("answers", page="rating", what=what))

    async def ask(request: web.Request) -> web.Response:
        opened = desk.open(request, Purpose.RATING)
        if isinstance(opened, web.Response):
            return opened
        words, _ = opened
        chosen = request.query.get(FIELD, "")
        buttons = tuple(
            Button(FIELD, value, text, chosen == value) for value, text in (("yes", words.yes), ("no", words.no))
        )
        return page(words, *words.rating, buttons=buttons)

    async def take(request: web.Request) -> web.Response:
        opened = desk.open(request, Purpose.RATING)
        if isinstance(opened, web.Response):
            return opened
        words, claim = opened
        kind = KINDS.get((await fields(request)).get(FIELD, ""))
        if kind is None:
            return desk.unclear(words)
        return await desk.note(words, rating(claim, kind, clock.now())) or page(words, *words.rated)

    return [web.get("/rating/{token}", ask), web.post("/rating/{token}", take)]


def rating(claim: Claim, kind: FeedbackKind, at: float) -> Feedback:
    """Return the opinion of one contact.

    Its id is of the moment: whoever thinks better of it is heard. That a contact has one opinion, the last one, is seen
    to where opinions are counted; their address tells them apart from the other contacts of the client.
    """
    return Feedback(
        id=derive("feedback", kind, claim.alert or "", claim.client, claim.address, at),
        kind=kind,
        alert=claim.alert,
        by=f"a contact of {claim.client}",
        at=at,
        client=claim.client,
        address=claim.address,
    )
