"""No client ever sees a service, host, metric, person or client that is not theirs: looked for in what is really sent.

Every name carries a mark of its own and a hostile text around it. Whatever the names are and whatever happens, the
marks in a letter (headers, text and HTML, decoded) are those of its own reader.
"""

import html
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from alerts.decide import Decide
from alerts.params import AlertParams
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.identity import AlertId, ClientId, JourneyId, ServiceId
from domain.journeys import Landscape, Touchpoint
from domain.notice import ChannelKind, Notice, Phase
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_forecast,
    a_journey,
    a_service,
    a_squad,
    a_stage,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)

MARK = re.compile(r"Q\d+Z")
TOKEN = re.compile(r"(?<=https://answers\.example/)\w+/[\w-]+")  # a signed one may look like a mark by chance
HEADERS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "content-language", "mime-version", "content-type",
}  # fmt: skip
CHANNEL = EmailChannel(
    EmailParams(host="h", sender="status@hub.example", reply_to="desk@hub.example", contact="Desk"),
    Links("https://answers.example", ("k" * 32,)),
)
PARAMS = AlertParams.model_validate({"resolve_hold": "60s", "repeat_every": "0s", "group_wait": "0s"})
BREAKS = (
    "\r\nBcc: evil@x.example\r\n\r\n",
    "<script>alert(1)</script>",
    "</title><img src=//evil>",
    "{{ 7*7 }}",
    "\u202e",
)
hostile = st.one_of(
    st.sampled_from(BREAKS), st.text(st.characters(codec="utf-8", exclude_characters="QZ"), max_size=30), st.just("")
)


class Names:
    """Gives every name a mark, and remembers who may read it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._numbers = count(1)
        self.allowed: dict[str, set[str]] = {}

    def internal(self) -> str:
        return f"{self._draw(hostile)}Q{next(self._numbers)}Z{self._draw(hostile)}"

    def of(self, *clients: str) -> str:
        name = self.internal()
        found = MARK.search(name)
        assert found is not None
        for client in clients:
            self.allowed.setdefault(client, set()).add(found[0])
        return name


@st.composite
def histories(draw: st.DrawFn) -> tuple[Names, list[Notice]]:
    """Draw an episode of two services that two clients depend on, with everything that people may say of it."""
    names = Names(draw)
    front, back, metric = names.internal(), names.internal(), names.internal()
    ids = names.internal(), names.internal()
    shared = draw(st.booleans())
    journeys = []
    for number, owners in enumerate(((ids[0],), (ids[1],), ids if shared else ())):
        step = a_stage(names.of(*owners), front)
        step = replace(step, touchpoints=(Touchpoint(names.internal(), ServiceId(front)),))
        journeys.append(a_journey(f"journey-{number}", step, title=names.of(*owners), squad="squad"))
    clients = [
        replace(
            a_client(client, names.of(client), emails=[f"{number}@bank.example"], locale=draw(locales)),
            journeys=tuple(JourneyId(f"journey-{own}") for own in ([number, 2] if shared else [number])),
            tone=draw(st.sampled_from(["formal", "plain"])),
            policy=replace(a_client().policy, approval=draw(st.sampled_from(["automatic", "required"]))),
            optional_notices=draw(st.booleans()),
        )
        for number, client in enumerate(ids)
    ]
    landscape = Landscape(
        services=(a_service(front, "squad", [back], runbook=names.internal()), a_service(back, "squad")),
        journeys=tuple(journeys),
        squads=(a_squad("squad", names.internal()),),
        clients=tuple(clients),
        fallback_squad=None,
    )
    return names, _told(draw, names, Decide(landscape, PARAMS), (front, back, metric), ids)


locales = st.sampled_from(["de", "en", "fr"])


def _told(
    draw: st.DrawFn, names: Names, decide: Decide, internal: tuple[str, str, str], clients: tuple[str, str]
) -> list[Notice]:
    front, back, metric = internal
    kind = draw(st.sampled_from([AnomalyKind.FORECAST, AnomalyKind.BREACH, AnomalyKind.LEVEL]))
    evidence = [replace(an_evidence(front, metric), detail=names.internal())]
    forecast = a_forecast(service=front, metric=metric) if kind is AnomalyKind.FORECAST else None
    notices: list[Notice] = []

    def say(item: object) -> None:
        notices.extend(decide.handle(item).notices)  # type: ignore[arg-type] # whatever decide takes

    opened = an_anomaly(front, kind=kind, forecast=forecast, evidence=evidence)
    say(opened)
    say(an_anomaly(back, at=T0 + 2, evidence=[an_evidence(back, metric)]))
    say(a_watermark(T0 + 5))
    alert = next((notice.alert for notice in notices), AlertId("none"))
    said = a_feedback(
        FeedbackKind.APPROVE, alert, T0 + 6, client=clients[0], by=names.internal(), comment=names.internal()
    )
    say(replace(said, client=ClientId(clients[0]), text=names.of(clients[0])))
    if draw(st.booleans()):
        say(replace(an_incident(names.internal(), front, at=T0 + 20), title=names.internal()))
    say(replace(opened, phase=AnomalyPhase.UPDATED, kind=AnomalyKind.BREACH, at=T0 + 90, evidence=tuple(evidence)))
    say(a_watermark(T0 + 120))
    for service, begun in ((front, T0), (back, T0 + 2)):
        say(an_anomaly(service, AnomalyPhase.ENDED, at=T0 + 300, opened_at=begun, kind=AnomalyKind.BREACH))
    for later in (320, 400, 4000):
        say(a_watermark(T0 + later))
    return [notice for notice in notices if notice.channel is ChannelKind.EMAIL]


def everything(notice: Notice) -> tuple[EmailMessage, str]:
    rendered = CHANNEL.render(notice)
    message = message_from_bytes(rendered.content, policy=default)
    bodies = [part.get_content() for part in message.walk() if not part.is_multipart()]
    shown = [*map(str, message.values()), *bodies, html.unescape(rendered.html), rendered.title, rendered.text]
    return message, TOKEN.sub("", "\n".join(shown))


@settings(max_examples=40, deadline=None)
@given(histories())
def test_the_names_in_a_letter_are_those_of_its_reader(history: tuple[Names, list[Notice]]) -> None:
    names, notices = history
    for notice in notices:
        message, text = everything(notice)
        assert set(MARK.findall(text)) <= names.allowed[str(notice.client)]
        assert {name.lower() for name in message} - {"list-unsubscribe", "list-unsubscribe-post"} <= HEADERS
        assert message["To"] == notice.recipient
        assert "<script" not in CHANNEL.render(notice).html
        assert "<img" not in CHANNEL.render(notice).html


def test_the_property_looks_at_letters_of_every_phase_and_at_what_a_person_added() -> None:
    """What it would find if there were nothing to look at is nothing."""
    seen: set[Phase] = set()
    added = 0

    @settings(max_examples=40, deadline=None, database=None)
    @given(histories())
    def look(history: tuple[Names, list[Notice]]) -> None:
        nonlocal added
        for notice in history[1]:
            seen.add(notice.phase)
            added += bool(getattr(notice.facts, "words", ""))

    look()
    assert seen >= {Phase.WARNING, Phase.UPDATE, Phase.ALL_CLEAR}
    assert added
