from pathlib import Path

import pytest
from pydantic import ValidationError

from config.intake import FORMATS, SourceSettings
from config.people import NoticeSettings, readable
from config.settings import Settings
from domain.identity import ClientId, JourneyId, ServiceId, SquadId
from domain.journeys import Client, Journey, Landscape, NoticePolicy, Objective, Service, Squad, Stage, Touchpoint
from streams.codecs.registry import INCIDENTS, TELEMETRY
from tests.support.config_files import errors_of, read_text, write

LANDSCAPE = """\
    services:
      api:
        squad: payments
        depends_on: [db]
        objectives:
          - {metric: latency, above: 800, for: 30s}
          - {metric: success, below: 0}
        runbook: https://runbooks.example.com
      db:
    journeys:
      payment-initiation:
        squad: payments
        important_business_service: true
        impact_tolerance: 2h
        stages: [{name: submit, touchpoints: [{name: POST /payments, service: api}]}]
      report: {title: Reports, squad: payments, stages: [{name: run, touchpoints: [{name: batch, service: db}]}]}
    squads: {payments: {slack: "#payments"}}
    fallback_squad: payments
    clients:
      bank:
        name: Example Bank
        journeys: [payment-initiation]
        contacts: [{email: a@bank.example}, {email: b@bank.example}]
        timezone: Europe/Berlin
        notices: {approval: automatic, min_confidence: 0}
    channels: {slack: {token: "${T}"}, email: {host: smtp.example.com, sender: status@example.com}}
    """


def test_the_landscape_is_what_the_file_says(tmp_path: Path) -> None:
    landscape = read_text(tmp_path, LANDSCAPE, {"T": "xoxb"}).settings.landscape()

    api, db, payments = ServiceId("api"), ServiceId("db"), SquadId("payments")
    assert landscape == Landscape(
        services=(
            Service(
                api,
                payments,
                (db,),
                (Objective("latency", 800.0, above=True, for_s=30.0), Objective("success", 0.0, above=False)),
                "https://runbooks.example.com",
            ),
            Service(db),
        ),
        journeys=(
            Journey(
                JourneyId("payment-initiation"),
                "Payment initiation",
                payments,
                (Stage("submit", (Touchpoint("POST /payments", api),)),),
                important_business_service=True,
                impact_tolerance_s=7200.0,
            ),
            Journey(JourneyId("report"), "Reports", payments, (Stage("run", (Touchpoint("batch", db),)),)),
        ),
        squads=(Squad(payments, "#payments"),),
        clients=(
            Client(
                ClientId("bank"),
                "Example Bank",
                (JourneyId("payment-initiation"),),
                ("a@bank.example", "b@bank.example"),
                "en",
                "Europe/Berlin",
                NoticePolicy("automatic", 0.0),
            ),
        ),
        fallback_squad=payments,
    )


def test_no_configuration_is_an_empty_landscape() -> None:
    assert Settings().landscape() == Landscape()


@pytest.mark.parametrize(("id_", "title"), [("payment-initiation", "Payment initiation"), ("x", "X"), ("a_b", "A b")])
def test_an_id_is_made_readable(id_: str, title: str) -> None:
    assert readable(id_) == title


@pytest.mark.parametrize(("format_", "keyed"), [("native", True), ("otlp_json", False), ("otlp_proto", False)])
def test_only_the_native_format_is_taken_to_be_keyed_by_service(format_: str, keyed: bool) -> None:
    assert SourceSettings.model_validate({"topic": "t", "format": format_}).keyed_by_service is keyed
    assert (
        SourceSettings.model_validate({"topic": "t", "format": format_, "keyed_by_service": not keyed}).keyed_by_service
        is not keyed
    )


def test_the_formats_are_those_that_there_are_codecs_for() -> None:
    assert set(FORMATS["telemetry"]) == set(TELEMETRY)
    assert set(FORMATS["incidents"]) == set(INCIDENTS)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().server.port = 1  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    "address",
    ["a@b.example", "first.last+tag@sub-domain.bank.example", "o'neil@bank.example", "x" * 64 + "@bank.example"],
)
def test_a_plain_address_is_accepted(tmp_path: Path, address: str) -> None:
    text = LANDSCAPE.replace("a@bank.example", f'"{address}"')

    assert read_text(tmp_path, text, {"T": "xoxb"}).settings.clients["bank"].contacts[0].email == address


@pytest.mark.parametrize(
    "address",
    [
        "x" * 65 + "@bank.example",
        "a@" + "b." * 130 + "example",
        "a@localhost",
        "a@-bank.example",
        "a..b@bank.example",
        ".a@bank.example",
        "a@b@bank.example",
        "<a@bank.example>",
        "a@bank.example ",
        "a@bänk.example",
        "",
        "@bank.example",
    ],
)
def test_any_other_address_is_refused(tmp_path: Path, address: str) -> None:
    errors = errors_of(write(tmp_path, LANDSCAPE.replace("a@bank.example", f'"{address}"')), {"T": "xoxb"})

    assert [error.partition(": ")[2].partition(":")[0] for error in errors] == ["clients.bank.contacts[0].email"]


@pytest.mark.parametrize(
    "channel", ["a", "#", "#A", "# a", "#a b", "#" + "a" * 81, "c0123456789", "C1", "@user", "#a\\n"]
)
def test_anything_else_is_no_slack_channel(tmp_path: Path, channel: str) -> None:
    errors = errors_of(write(tmp_path, LANDSCAPE.replace("#payments", channel)), {"T": "xoxb"})

    assert [error.partition(": ")[2].partition(":")[0] for error in errors] == ["squads.payments.slack"]


@pytest.mark.parametrize("channel", ["#a", "#squad-1_x", "#équipe", "C0123456789", "G012ABCDEF"])
def test_a_slack_channel_is_a_name_or_an_id(tmp_path: Path, channel: str) -> None:
    text = LANDSCAPE.replace("#payments", channel)

    assert read_text(tmp_path, text, {"T": "xoxb"}).settings.squads["payments"].slack == channel


@pytest.mark.parametrize(
    ("hours", "minutes"), [("22:00-06:00", (1320, 360)), ("12:30 - 13:15", (750, 795)), (None, None)]
)
def test_quiet_hours_become_minutes_of_the_day(hours: str | None, minutes: tuple[int, int] | None) -> None:
    notices = NoticeSettings.model_validate(
        {"approval": "automatic", "min_evidence": 2, "quiet_hours": hours, "quiet_override": False, "max_per_day": 3}
    )

    assert notices.to_domain() == NoticePolicy("automatic", 0.8, 2, minutes, quiet_override=False, max_per_day=3)
