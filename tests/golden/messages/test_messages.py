"""The messages as people get them, kept as files: a change of wording is a change of a file, to be read."""

import json
from dataclasses import replace

import pytest

from alerts.channels.email import EmailChannel, EmailParams
from alerts.channels.slack import SlackChannel, SlackParams
from domain.alert import Severity
from domain.notice import Phase
from tests.conftest import Golden
from tests.support.notices import CLIENT_FACTS, SQUAD_FACTS, T0, a_notice, an_email

SLACK = SlackChannel(SlackParams(token="unused"))
EMAIL = EmailChannel(
    EmailParams(
        host="mail.example",
        sender="service-status@hub.example",
        sender_name="Payments Hub service status",
        reply_to="support@hub.example",
    )
)
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
    )
    content = json.loads(SLACK.render(a_notice(phase, number + 1, facts=facts)).content)
    golden(f"messages/slack-{phase}.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("phase", list(Phase))
def test_email(phase: Phase, golden: Golden) -> None:
    number = list(Phase).index(phase)
    rendered = EMAIL.render(an_email(phase, number + 1, at=T0 + 600 * number))
    golden(f"messages/email-{phase}.eml", rendered.content)
    golden(f"messages/email-{phase}.html", rendered.html)


def test_email_of_several_journeys_without_a_forecast(golden: Golden) -> None:
    facts = replace(
        CLIENT_FACTS,
        client_name="Banque Générale & Fils",
        timezone="Asia/Kathmandu",
        journeys=("Payment initiation", "Account reporting"),
        stages=("submit", "confirm", "statement"),
        expected_at=None,
        earliest_at=None,
        latest_at=None,
        confidence=0.95,
    )
    golden("messages/email-several.eml", EMAIL.render(an_email(facts=facts)).content)
