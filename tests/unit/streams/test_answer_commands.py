"""What people can say by command beyond the first answers: words for clients, opinions, and addresses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alerts.decide import Decide
from alerts.params import AlertParams
from config.settings import Settings
from domain.feedback import Feedback, FeedbackKind
from streams import answers
from streams.agents.decide import DecideStage
from streams.agents.feedback import FeedbackStage
from streams.commands import app
from streams.metrics import Metrics
from streams.records import encode
from streams.topics import Topic
from tests.support.backtest import an_alert
from tests.support.builders import a_feedback, a_landscape, an_anomaly
from tests.support.stages import a_record

CONFIG = """
kafka: {brokers: ["localhost:9"]}
services:
  payments-api: {squad: payments}
squads:
  payments: {slack: "#squad-payments", escalate_to: "#on-call"}
journeys:
  pay: {squad: payments, stages: [{name: submit, touchpoints: [{name: POST /pay, service: payments-api}]}]}
clients:
  bank-042: {name: Bank, journeys: [pay], contacts: [{email: ops@bank.example}]}
channels:
  slack: {token: "${SLACK_TOKEN}"}
  email: {host: smtp.example.com, sender: status@example.com}
"""
ADDRESS = "ops@bank.example"
RETURNED = replace(a_feedback(FeedbackKind.UNDELIVERABLE), address=ADDRESS)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-secret")
    path = tmp_path / "foreshock.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Feedback]:
    found: list[Feedback] = []

    def send(_: Settings, answer: Feedback) -> None:
        found.append(answer)

    monkeypatch.setattr(answers, "send", send)
    monkeypatch.setattr(answers, "find_alert", lambda _, __: an_alert()[0])
    return found


def call(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config), "--by", "anna"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["approve", "alert-1", "--text", "Please wait."], {"kind": "approve", "text": "Please wait."}),
        (["useful", "alert-1"], {"kind": "useful", "alert": "alert-1"}),
        (["not-useful", "alert-1", "--comment", "a test"], {"kind": "not-useful", "comment": "a test"}),
        (["readmit", ADDRESS], {"kind": "readmit", "address": ADDRESS, "alert": None, "client": None}),
        (["readmit", ADDRESS, "--client", "bank-042"], {"client": "bank-042"}),
        (
            ["silence", "--service", "pay*", "--metric", "pool_*"],
            {"service": "pay*", "metric": "pool_*", "below": None},
        ),
        (["silence", "alert-1", "--below", "critical"], {"alert": "alert-1", "below": "critical"}),
    ],
)
def test_a_command_writes_what_was_meant(
    config: Path, sent: list[Feedback], arguments: list[str], expected: dict[str, Any]
) -> None:
    result = call(config, *arguments, "--json")

    assert result.exit_code == 0, result.output
    shown = json.loads(result.output)
    assert {name: shown[name] for name in expected} == expected
    output, *_ = FeedbackStage(Metrics()).process(a_record(0, encode(sent[0]), "feedback"))
    assert output.topic is Topic.ANOMALIES


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["approve", "alert-1", "--text", "x" * 501], "--text: write at most 500 characters"),
        (["readmit", "nobody"], "write an e-mail address"),
        (["silence", "alert-1", "--below", "info"], "--below: nothing is below info"),
        (["silence", "--service", "pai*"], "'pai*' is not a service of the configuration"),
    ],
)
def test_a_wrong_answer_is_not_written(config: Path, sent: list[Feedback], arguments: list[str], message: str) -> None:
    result = call(config, *arguments)

    assert (result.exit_code, message in result.output, sent) == (2, True, [])


def test_what_was_written_about_an_address_names_it(config: Path, sent: list[Feedback]) -> None:
    assert call(config, "readmit", ADDRESS).output == f"written: readmit {ADDRESS} by anna\n"
    assert len(sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        replace(RETURNED, address=" "),
        replace(RETURNED, address="x" * 255),
        replace(a_feedback(FeedbackKind.APPROVE, "alert-1"), text="x" * 501),
    ],
)
def test_an_answer_with_no_address_or_with_too_long_a_text_is_refused(answer: Feedback) -> None:
    (output,) = FeedbackStage(Metrics()).process(a_record(0, encode(answer), "feedback"))

    assert output.topic is Topic.DEAD_LETTERS


def test_each_answer_about_something_known_is_counted_once() -> None:
    metrics = Metrics()
    stage = DecideStage(Decide(a_landscape(), AlertParams()), 4, metrics)
    stage.process(a_record(0, encode(an_anomaly())))
    about = stage.decide.open_alerts[0].alert
    useful, unknown = a_feedback(FeedbackKind.USEFUL, about), a_feedback(FeedbackKind.USEFUL, "alert-unknown")

    for offset, answer in enumerate([useful, useful, unknown, RETURNED], start=1):
        stage.process(a_record(offset, encode(answer)))

    counted = [line for line in metrics.exposition().decode().splitlines() if line.startswith("foreshock_feedback_")]
    assert sorted(counted) == [
        'foreshock_feedback_total{kind="undeliverable"} 1.0',
        'foreshock_feedback_total{kind="useful"} 1.0',
    ]


def test_a_channel_for_escalation_without_quotes_is_refused_and_an_empty_one_is_none(
    config: Path, sent: list[Feedback]
) -> None:
    written = config.read_text(encoding="utf-8")
    config.write_text(written.replace('escalate_to: "#on-call"}', "escalate_to: #on-call\n }"), encoding="utf-8")

    refused = call(config, "ack", "alert-1")
    config.write_text(written.replace('"#on-call"', '""'), encoding="utf-8")

    assert "squads.payments.escalate_to: empty: in YAML a bare # starts a comment" in refused.output
    assert call(config, "ack", "alert-1").exit_code == 0
    assert len(sent) == 1
