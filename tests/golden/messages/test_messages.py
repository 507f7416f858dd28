"""The messages as people get them, kept as files: a change of wording is a change of a file, to be read."""

import json
from dataclasses import replace

import pytest

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from alerts.channels.email.words.tongues import CODES
from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams
from domain.alert import Severity
from domain.identity import ClientId, SeriesKey
from domain.notice import Phase
from tests.conftest import Golden
from tests.support.notices import CLIENT_FACTS, SQUAD_FACTS, T0, a_notice, an_email, forecast, letters

SLACK = SlackChannel(SlackParams(token="unused", signing_secret="unused"))
EMAIL = EmailChannel(
    EmailParams(
        host="mail.example",
        sender="service-status@hub.example",
        sender_name="Payments Hub service status",
        reply_to="support@hub.example",
        contact="Service Desk, +49 69 1234 5678 (24 h)",
    ),
    Links("https://answers.hub.example", ("a key of the golden files, and of nothing else",)),
)
SOONER = replace(forecast(T0 + 180, T0 + 120, T0 + 300), key=SeriesKey.of("ledger-db", "locks"), confidence=0.61)
HEADLINES = {
    Phase.WARNING: SQUAD_FACTS.headline,
    Phase.UPDATE: "ledger-db: db_connections has breached its objective: 100, expected 20 to 45",
    Phase.ALL_CLEAR: "ledger-db: calm for 60 s",
    Phase.RETRACTION: "ledger-db: the forecast was withdrawn before any breach",
}


@pytest.mark.parametrize("phase", list(Phase))
def test_slack(phase: Phase, golden: Golden) -> None:
    number = list(Phase).index(phase)
    facts = replace(
        SQUAD_FACTS,
        headline=HEADLINES[phase],
        severity=Severity.CRITICAL if phase is Phase.UPDATE else Severity.WARNING,
        changed_at=T0 + 600 * number,
        forecast=SQUAD_FACTS.forecast if phase is Phase.WARNING else None,
        further=(SOONER,) if phase is Phase.WARNING else (),
        similar=(
            "14 November, 09:20 UTC: db_connections up too; incident INC-7 after 12 min; resolved; called useful",
        ),
        waiting=(ClientId("fintech-7"),) if phase is Phase.WARNING else (),
        acknowledged_by="anna (Slack U0ANNA)" if phase is Phase.UPDATE else "",
        notes=("acknowledged by anna (Slack U0ANNA)",) if phase is Phase.UPDATE else (),
    )
    content = json.loads(SLACK.render(a_notice(phase, number + 1, facts=facts)).content)
    golden(f"messages/slack-{phase}.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("tone", ["formal", "plain"])
@pytest.mark.parametrize("locale", CODES)
def test_every_letter_in_every_language_and_tone(locale: str, tone: str, golden: Golden) -> None:
    texts = []
    for name, notice in letters(locale, tone).items():
        rendered = EMAIL.render(notice)
        golden(f"messages/email/{locale}-{tone}/{name}.html", rendered.html)
        texts.append(f"=== {name}: {rendered.title}\n\n{rendered.text}")
    golden(f"messages/email/{locale}-{tone}/letters.txt", "\n".join(texts))


@pytest.mark.parametrize("locale", CODES)
def test_a_letter_as_it_goes_over_the_wire(locale: str, golden: Golden) -> None:
    golden(f"messages/email/{locale}.eml", EMAIL.render(letters(locale, "formal")["warning"]).content)


@pytest.mark.parametrize("locale", CODES)
def test_a_letter_about_several_journeys_without_a_forecast(locale: str, golden: Golden) -> None:
    facts = replace(
        CLIENT_FACTS,
        client_name="Banque Générale & Fils",
        locale=locale,
        timezone="Asia/Kathmandu",
        journeys=("Payment initiation", "Account reporting", "Reconciliation", "Onboarding"),
        stages=("submit", "confirm", "statement"),
        expected_at=None,
        earliest_at=None,
        latest_at=None,
        confidence=0.95,
    )
    golden(f"messages/email/{locale}-several.txt", EMAIL.render(an_email(facts=facts)).text)
