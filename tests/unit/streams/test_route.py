import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.params import AlertParams
from domain.anomaly import AnomalyKind
from domain.journeys import Landscape
from streams.commands import app
from streams.commands.route import Routing, routing
from tests.support.builders import T0, a_client, a_journey, a_landscape, a_service, a_squad, a_stage

CONFIG = """
services:
  ledger-db: {squad: data}
  payments-api: {squad: payments, depends_on: [ledger-db]}
journeys:
  payment: {squad: payments, stages: [{name: submit, touchpoints: [{name: POST, service: payments-api}]}]}
squads:
  payments: {slack: "#squad-payments"}
  data: {slack: "#squad-data"}
clients:
  bank-042:
    name: Example Bank
    journeys: [payment]
    contacts: [{email: ops@bank.example}]
    notices: {approval: automatic, min_confidence: 0.8}
channels:
  slack: {token: "${SLACK_TOKEN}"}
  email: {host: smtp.example.com, sender: notices@example.com}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-bait")
    (tmp_path / "foreshock.yaml").write_text(CONFIG)
    return str(tmp_path / "foreshock.yaml")


def run(file: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ("route", "--config", file, "--at", "2026-11-22T02:14:00Z", *arguments))


def landscape() -> Landscape:
    return a_landscape(
        services=[a_service(depends_on=["ledger-db"]), a_service("ledger-db", "data"), a_service("mail", "office")],
        journeys=[
            a_journey(),
            a_journey("newsletter", a_stage("send", "mail"), title="Newsletter", squad="office"),
        ],
        squads=[a_squad(), a_squad("data"), a_squad("office")],
        clients=[
            a_client(),
            a_client("asks-1", approval="required"),
            a_client("never-1", approval="never"),
            a_client("sure-1", min_confidence=0.99),
            a_client("reader-1", journeys=["newsletter"]),
            a_client("mute-1", emails=[]),
            a_client("idle-1", journeys=[]),
        ],
    )


def routed(service: str = "ledger-db", kind: AnomalyKind = AnomalyKind.FORECAST, confidence: float = 0.9) -> Routing:
    return routing(landscape(), AlertParams(), service, kind, confidence, T0)


def why(found: Routing, name: str) -> str:
    (answer,) = (answer for answer in found.answers if answer.name == name)
    return f"{answer.decision}: {answer.why}"


def test_everybody_in_the_configuration_gets_an_answer_with_its_reason() -> None:
    found = routed()

    assert found.told == ["client:bank-042", "squad:data", "squad:payments"]
    assert why(found, "squad:data") == "notify: to be told: answers for ledger-db"
    assert "which needs ledger-db" in why(found, "squad:payments")
    assert why(found, "client:bank-042").endswith("reaches the client's 80%; uses Payment initiation")
    assert why(found, "client:asks-1") == "hold: held: approval required: nobody has approved"
    assert why(found, "client:never-1") == "suppress: not to be told: the client is never written to"
    assert "90% sure is below the client's 99%" in why(found, "client:sure-1")
    assert why(found, "client:reader-1") == "none: not affected: none of its journeys is reached (newsletter)"
    assert why(found, "client:mute-1") == "none: affected, but there is no contact"
    assert why(found, "client:idle-1") == "none: not affected: uses no journey"
    assert why(found, "squad:office") == "none: not affected: answers for nothing that is reached"


def test_doubts_about_telemetry_reach_squads_only() -> None:
    assert routed(kind=AnomalyKind.SILENCE).told == ["squad:data", "squad:payments"]


def test_a_squad_that_shares_a_channel_is_told_in_it() -> None:
    shared = a_landscape(squads=[a_squad(slack="#all"), a_squad("data", slack="#all")])

    found = routing(shared, AlertParams(), "ledger-db", AnomalyKind.BREACH, 0.95, T0)

    assert {"squad:payments", "squad:data"} <= set(found.told)


def test_trouble_in_a_service_that_nobody_knows_goes_to_the_fallback_squad() -> None:
    known = a_landscape(squads=[a_squad(), a_squad("data"), a_squad("platform")], fallback_squad="platform")

    found = routing(known, AlertParams(), "new-thing", AnomalyKind.LEVEL, 0.9, T0)

    assert found.told == ["squad:platform"]


@pytest.mark.parametrize("kind", list(AnomalyKind))
def test_every_kind_of_finding_can_be_asked_about(kind: AnomalyKind) -> None:
    assert "squad:data" in routed(kind=kind).told


def test_the_answer_is_read_by_people(file: str) -> None:
    done = run(file, "--service", "ledger-db", "--confidence", "0.7")

    assert done.exit_code == 0
    assert done.stdout.startswith("Trouble in ledger-db (forecast, 70% sure) 2026-11-22 02:14:00 UTC")
    assert "told:\n  squad:data at #squad-data: answers for ledger-db\n" in done.stdout
    assert "not told:\n  client:bank-042 at ops@bank.example: not to be told: 70% sure is below" in done.stdout


def test_a_service_that_is_not_configured_is_said_beside_the_answer(file: str) -> None:
    done = run(file, "--service", "ledgerdb")

    assert done.exit_code == 0
    assert done.stderr == "ledgerdb is not among the services of the configuration; did you mean ledger-db?\n"
    assert run(file, "--service", "ledger-db").stderr == ""


def test_the_answer_is_read_by_programs(file: str) -> None:
    found = json.loads(run(file, "--service", "ledger-db", "--json").stdout)

    assert found["told"] == ["client:bank-042", "squad:data", "squad:payments"]
    assert {answer["name"] for answer in found["answers"]} == {"client:bank-042", "squad:data", "squad:payments"}


def test_an_expectation_that_holds_ends_well(file: str) -> None:
    expected = ("squad:data", "squad:payments", "client:bank-042")

    done = run(file, "--service", "ledger-db", *(part for name in expected for part in ("--expect", name)))

    assert (done.exit_code, done.stderr) == (0, "")


def test_an_expectation_that_does_not_hold_says_both_ways_how(file: str) -> None:
    done = run(
        file, "--service", "ledger-db", "--confidence", "0.5", "--expect", "client:bank-042", "--expect", "squad:data"
    )

    assert done.exit_code == 1
    assert done.stderr == "expected, and not told: client:bank-042\ntold, and not expected: squad:payments\n"


def test_that_nobody_is_told_can_be_expected(file: str) -> None:
    assert run(file, "--service", "unknown", "--expect", "nobody").exit_code == 0
    assert run(file, "--service", "ledger-db", "--expect", "nobody").exit_code == 1


def test_an_expectation_with_a_misspelt_name_is_refused_and_not_just_missed(file: str) -> None:
    done = run(file, "--service", "ledger-db", "--expect", "client:bank-24")

    assert done.exit_code == 2
    assert "not in the configuration: client:bank-24" in done.stderr
