"""From the configuration to the letter: a client reads names, language and tone of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.email.letter import compose
from alerts.params import AlertParams
from alerts.policy import lifecycle
from alerts.policy.impact import Routes
from alerts.policy.notices import announce
from config.loader import read
from domain.alert import Severity
from domain.anomaly import AnomalyKind
from domain.journeys import Landscape
from domain.notice import ChannelKind, ClientFacts, Notice
from tests.support.builders import a_client, a_journey, a_landscape, a_service, a_squad, a_stage, an_anomaly
from tests.support.config_files import write

CONFIG = """
services: {{payments-api: {{squad: payments}}}}
journeys:
  payment-initiation:
    squad: payments
    titles: {{de: Zahlungsauslösung}}
    stages:
      - {{name: submit, names: {{de: Einreichung}}, touchpoints: [{{name: POST /payments, service: payments-api}}]}}
      - {{name: confirm, touchpoints: [{{name: GET /payments, service: payments-api}}]}}
squads: {{payments: {{slack: "#squad-payments"}}}}
clients:
  bank:
    name: Bank
    journeys: [payment-initiation]
    contacts: [{{email: ops@bank.example}}]
    locale: {locale}
    tone: plain
    optional_notices: true
    notices: {{approval: automatic}}
channels:
  slack: {{token: "${{TOKEN}}"}}
  email: {{host: mail.example, sender: status@hub.example}}
"""


def told(landscape: Landscape, kind: AnomalyKind = AnomalyKind.LEVEL) -> Notice:
    step = lifecycle.opened(an_anomaly(kind=kind), Severity.WARNING, None, again=False)
    notices = announce(step, Routes(landscape), AlertParams()).notices
    return next(notice for notice in notices if notice.channel is ChannelKind.EMAIL)


def facts(notice: Notice) -> ClientFacts:
    assert isinstance(notice.facts, ClientFacts)
    return notice.facts


@pytest.mark.parametrize(
    ("locale", "journey", "stages"),
    [
        ("de", "Zahlungsauslösung", ("Einreichung", "confirm")),
        ("en", "Payment initiation", ("submit", "confirm")),
        ("fr", "Payment initiation", ("submit", "confirm")),
    ],
)
def test_a_client_reads_names_in_its_language_where_there_are_any(
    tmp_path: Path, locale: str, journey: str, stages: tuple[str, ...]
) -> None:
    landscape = read(write(tmp_path, CONFIG.format(locale=locale)), {"TOKEN": "t"}).settings.landscape()
    notice = told(landscape)
    assert (facts(notice).journeys, facts(notice).stages) == ((journey,), stages)
    assert (facts(notice).locale, facts(notice).tone, facts(notice).optional) == (locale, "plain", True)
    assert journey in compose(notice).subject


@pytest.mark.parametrize(("kind", "begun"), [(AnomalyKind.BREACH, True), (AnomalyKind.LEVEL, False)])
def test_a_breach_has_begun_and_nothing_else_has(kind: AnomalyKind, *, begun: bool) -> None:
    assert facts(told(a_landscape(), kind)).begun is begun


def test_names_of_one_client_are_not_those_of_another() -> None:
    german = replace(a_client("a", locale="de"), names=(("Payment initiation", "Zahlungsauslösung"),))
    landscape = a_landscape(
        services=[a_service()],
        journeys=[a_journey("payment-initiation", a_stage("submit", "payments-api"))],
        squads=[a_squad()],
        clients=[german, a_client("b")],
    )
    step = lifecycle.opened(an_anomaly(), Severity.WARNING, None, again=False)
    notices = [notice for notice in announce(step, Routes(landscape), AlertParams()).notices if notice.client]
    assert [facts(notice).journeys for notice in notices] == [("Zahlungsauslösung",), ("Payment initiation",)]
