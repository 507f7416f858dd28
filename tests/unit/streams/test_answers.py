import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.loader import load_with_environment
from config.settings import Settings
from domain.alert import Transition
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId
from streams import answers
from streams.agents.feedback import FeedbackStage
from streams.commands import app
from streams.errors import BrokerError
from streams.metrics import Metrics
from streams.records import decode, encode
from streams.topics import Topic
from tests.support.backtest import an_alert
from tests.support.builders import T0, a_feedback
from tests.support.stages import a_record

CONFIG = """
kafka: {brokers: ["localhost:9"]}
services:
  payments-api: {squad: payments}
squads:
  payments: {slack: "#squad-payments"}
journeys:
  pay: {squad: payments, stages: [{name: submit, touchpoints: [{name: POST /pay, service: payments-api}]}]}
clients:
  bank-042: {name: Bank, journeys: [pay], contacts: [{email: ops@bank.example}]}
channels:
  slack: {token: "${SLACK_TOKEN}"}
  email: {host: smtp.example.com, sender: status@example.com}
"""
ACK = a_feedback(FeedbackKind.ACKNOWLEDGE, "alert-1")
SILENCE = a_feedback(FeedbackKind.SILENCE, None, service="payments-api")


@pytest.mark.parametrize("answer", [ACK, SILENCE, replace(ACK, lasts_s=60.0)])
def test_an_answer_takes_its_place_in_the_decide_log(answer: Feedback) -> None:
    (output,) = FeedbackStage(Metrics()).process(a_record(0, encode(answer), "feedback"))

    assert (output.topic, output.partition) == (Topic.ANOMALIES, 0)
    assert decode(Feedback, output.value) == answer


@pytest.mark.parametrize(
    "answer",
    [
        replace(ACK, id=""),
        replace(ACK, by=" "),
        replace(ACK, at=float("inf")),
        replace(ACK, lasts_s=float("nan")),
        replace(ACK, lasts_s=-1.0),
        replace(ACK, lasts_s=31 * 86_400.0),
        replace(ACK, alert=None, service=SILENCE.service),
        replace(SILENCE, service=None),
        replace(ACK, by="x" * 301),
        replace(ACK, client=ClientId("x" * 301)),
    ],
)
def test_an_answer_that_nobody_gave_or_that_would_stand_for_ever_is_refused(answer: Feedback) -> None:
    body = encode(answer).replace(b'"at":null', b'"at":Infinity')
    if answer.lasts_s is not None:
        body = body.replace(b'"lasts_s":null', b'"lasts_s":NaN')

    (output,) = FeedbackStage(Metrics()).process(a_record(0, body, "feedback"))

    assert output.topic is Topic.DEAD_LETTERS


def test_something_else_is_refused() -> None:
    (output,) = FeedbackStage(Metrics()).process(a_record(0, b"{}", "feedback"))

    assert output.topic is Topic.DEAD_LETTERS


class Broker:
    """Takes what is sent, or is out of reach."""

    def __init__(self) -> None:
        self.sent: list[Feedback] = []
        self.reachable = True
        opened, *_, resolved = an_alert()
        self.alerts = {AlertId("alert-1"): opened, AlertId("alert-2"): resolved}

    def find_alert(self, _: Settings, alert: AlertId) -> Transition | None:
        return self.alerts.get(alert)

    def send(self, _: Settings, answer: Feedback) -> None:
        if not self.reachable:
            raise BrokerError("Kafka cannot be reached")
        self.sent.append(answer)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-secret")
    path = tmp_path / "foreshock.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    assert load_with_environment(path).landscape().clients
    return path


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(answers, "send", broker.send)
    monkeypatch.setattr(answers, "find_alert", broker.find_alert)
    return broker


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ack", "alert-1"], {"kind": "acknowledge", "alert": "alert-1"}),
        (["resolve", "alert-1", "--comment", "a test"], {"kind": "resolve", "comment": "a test"}),
        (
            ["silence", "--service", "payments-api", "--for", "2h"],
            {"kind": "silence", "alert": None, "lasts_s": 7200.0},
        ),
        (["silence", "--everything", "--for", "4h"], {"kind": "silence", "service": "*", "lasts_s": 14400.0}),
        (["silence", "alert-1", "--metric", "latency"], {"kind": "silence", "metric": "latency"}),
        (["approve", "alert-1", "--client", "bank-042", "--for", "15m"], {"client": "bank-042", "lasts_s": 900.0}),
        (["hold", "alert-1"], {"kind": "hold", "client": None, "lasts_s": None}),
    ],
)
def test_a_command_writes_what_was_meant(
    config: Path, broker: Broker, arguments: list[str], expected: dict[str, Any]
) -> None:
    result = call(*arguments, "--config", config, "--by", "anna", "--json")

    assert result.exit_code == 0, result.output
    (answer,) = broker.sent
    shown = json.loads(result.output)
    assert decode(Feedback, encode(answer)) == answer
    assert shown["by"] == "anna"
    assert shown["at"] > T0
    assert {name: shown[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["silence"], "give an alert, --service or --everything"),
        (["silence", "--service", "*"], "if you mean it, write --everything instead"),
        (["silence", "--service", "**"], "if you mean it, write --everything instead"),
        (["silence", "alert-1", "--everything"], "name no alert and no service beside it"),
        (["silence", "--everything", "--service", "payments-api"], "name no alert and no service beside it"),
        (["silence", "--everything", "--for", "5h"], "at most 4h"),
        (["silence", "--service", "paymets-api"], "is not a service of the configuration; did you mean payments-api?"),
        (["approve", "alert-1", "--client", "bank-43"], "'bank-43' is not a client of the configuration"),
        (["ack", "notice-1"], "'notice-1' is not the id of an alert"),
        (["ack", "payments-api"], "'payments-api' is not the id of an alert"),
        (["approve", "alert-1", "--for", "soon"], "--for: 'soon' is not a duration"),
        (["approve", "alert-1", "--for", "9w"], "at most 30d"),
    ],
)
def test_a_wrong_answer_is_not_written(config: Path, broker: Broker, arguments: list[str], message: str) -> None:
    result = call(*arguments, "--config", config, "--by", "anna")

    assert result.exit_code == 2
    assert message in result.output
    assert broker.sent == []


def test_an_answer_needs_a_name(config: Path, broker: Broker) -> None:
    assert "--by: write your name" in call("ack", "alert-1", "--config", config, "--by", " ").output
    assert broker.sent == []


def test_without_kafka_the_status_says_so(config: Path, broker: Broker) -> None:
    broker.reachable = False

    assert call("ack", "alert-1", "--config", config, "--by", "anna").exit_code == 3


def test_an_answer_to_an_alert_that_does_not_exist_is_not_written(config: Path, broker: Broker) -> None:
    result = call("ack", "alert-404", "--config", config, "--by", "anna")

    assert result.exit_code == 2
    assert "there is no alert alert-404: copy its id" in result.output
    assert broker.sent == []


@pytest.mark.parametrize(
    ("alert", "end"),
    [("alert-1", "the alert's thread shows it\n"), ("alert-2", "the alert has ended already (resolved)\n")],
)
def test_whoever_answers_is_told_whether_the_alert_is_still_open(
    config: Path, broker: Broker, alert: str, end: str
) -> None:
    assert call("ack", alert, "--config", config, "--by", "anna").output.endswith(end)
    assert len(broker.sent) == 1
