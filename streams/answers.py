"""A person's answer from the command line: checked against the configuration and written to the feedback topic."""

import json
import re
from pathlib import Path
from typing import Annotated, Final

import typer
from kafka import KafkaProducer

from alerts.policy.answers import TEXT_KEPT
from alerts.policy.mutes import matches
from config.loader import load_with_environment
from config.settings import Settings
from domain.alert import ENDED, Severity, Transition
from domain.clock import Clock
from domain.durations import format_duration, parse_duration
from domain.errors import ConfigError, ForeshockError
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId, ServiceId, derive
from streams.admin import topic_name
from streams.agents.feedback import LONGEST_ADDRESS, LONGEST_COMMENT, LONGEST_NAME, LONGEST_S
from streams.connection import connected, reaching
from streams.lookup import find_alert
from streams.names import near
from streams.records import encode
from streams.refusal import refusal
from streams.system import SystemClock
from streams.topics import Topic

SEND_S: Final = 10.0
_ALERT: Final = re.compile("alert-[0-9a-f]{1,64}")

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)]
Alert = Annotated[str, typer.Argument(help="The alert's id, as it is in its message.")]
By = Annotated[str, typer.Option("--by", help="Your name: squads and auditors see it.")]
Comment = Annotated[str, typer.Option("--comment", help="Why, in a few words: squads see it.")]
For = Annotated[str | None, typer.Option("--for", help='For how long, such as "30m" or "2h"; at most 30 days.')]
Whom = Annotated[str | None, typer.Option("--client", help="Only this client's notices; without it, all clients'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Show what was written as JSON.")]


def answer(
    config: Path,
    kind: FeedbackKind,
    alert: str | None,
    by: str,
    comment: str,
    *,
    as_json: bool,
    client: str | None = None,
    lasts: str | None = None,
    service: str | None = None,
    metric: str | None = None,
    text: str = "",
    address: str = "",
    below: Severity | None = None,
    longest_s: float = LONGEST_S,
) -> None:
    """Write one answer and say so; ends the command with status 2 for a wrong answer and 3 without Kafka."""
    try:
        lasts_s = None if lasts is None else _duration(lasts, longest_s)
        settings = load_with_environment(config)
        _check_alert(alert)
        _check_names(settings, by, client, service)
        _check_text(text, comment, address)
        given = compose(
            kind, alert, by, SystemClock(), client=client, lasts_s=lasts_s, service=service, metric=metric,
            comment=comment, text=text, address=address, below=below,
        )  # fmt: skip
        known = None if alert is None else _known(settings, AlertId(alert))
        send(settings, given)
    except ForeshockError as error:
        raise refusal(error) from error
    if as_json:
        typer.echo(json.dumps(json.loads(encode(given))["body"], ensure_ascii=False))
    else:
        typer.echo(f"written: {kind} {alert or service or address} by {by}{_shown(settings, known, service)}")


def _known(settings: Settings, alert: AlertId) -> Transition:
    known = find_alert(settings, alert)
    if known is None:
        raise ConfigError(f"there is no alert {alert}: copy its id from below its message, or from `foreshock alerts`")
    return known


def _shown(settings: Settings, known: Transition | None, service: str | None) -> str:
    """Say what follows from an answer, as the end of a sentence."""
    if service is not None:
        return f"; {_named(settings, service)} of {len(settings.services)} services"
    if known is None:
        return ""
    if known.status in ENDED:
        return f"; the alert has ended already ({known.status})"
    return "; the alert's thread shows it"


def compose(
    kind: FeedbackKind,
    alert: str | None,
    by: str,
    clock: Clock,
    *,
    client: str | None = None,
    lasts_s: float | None = None,
    service: str | None = None,
    metric: str | None = None,
    comment: str = "",
    text: str = "",
    address: str = "",
    below: Severity | None = None,
) -> Feedback:
    """Return the answer that a person gives now."""
    at = clock.now()
    return Feedback(
        id=derive("feedback", kind, alert or "", client or "", service or "", metric or "", by, at),
        kind=kind,
        alert=None if alert is None else AlertId(alert),
        by=by,
        at=at,
        client=None if client is None else ClientId(client),
        service=None if service is None else ServiceId(service),
        metric=metric,
        lasts_s=lasts_s,
        comment=comment,
        text=text,
        address=address,
        below=below,
    )


def send(settings: Settings, answer: Feedback) -> None:
    """Write the answer and wait until the broker has it; raises BrokerError."""
    key = answer.id if answer.alert is None else answer.alert
    topic = topic_name(settings, Topic.FEEDBACK)
    with reaching(settings.kafka):
        producer = connected(KafkaProducer, settings.kafka, acks="all", max_block_ms=int(SEND_S * 1000))
        try:
            producer.send(topic, key=key.encode(), value=encode(answer), partition=0).get(timeout=SEND_S)
        finally:
            producer.close(timeout=SEND_S)


def _named(settings: Settings, pattern: str) -> int:
    """Count the services that a pattern names."""
    return sum(matches(pattern, service.id) for service in settings.landscape().services)


def _duration(text: str, longest_s: float) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--for: {error}") from error
    if not 0 < seconds <= longest_s:
        raise ConfigError(f"--for: write a duration above nothing and of at most {format_duration(longest_s)}")
    return seconds


def _check_alert(alert: str | None) -> None:
    if alert is not None and not _ALERT.fullmatch(alert):
        raise ConfigError(
            f"{alert!r} is not the id of an alert: it stands below the alert's message, and begins with alert-"
        )


def _check_names(settings: Settings, by: str, client: str | None, service: str | None) -> None:
    landscape = settings.landscape()
    if not by.strip() or len(by) > LONGEST_NAME:
        raise ConfigError(f"--by: write your name, in at most {LONGEST_NAME} characters")
    clients, services = [each.id for each in landscape.clients], [each.id for each in landscape.services]
    if client is not None and client not in clients:
        raise ConfigError(f"--client: {client!r} is not a client of the configuration{near(client, clients)}")
    if service is not None and not any(matches(service, known) for known in services):
        raise ConfigError(f"--service: {service!r} is not a service of the configuration{near(service, services)}")


def _check_text(text: str, comment: str, address: str) -> None:
    if len(text) > TEXT_KEPT:
        raise ConfigError(f"--text: write at most {TEXT_KEPT} characters")
    if len(comment) > LONGEST_COMMENT:
        raise ConfigError(f"--comment: write at most {LONGEST_COMMENT} characters")
    if address and (not address.isprintable() or "@" not in address or len(address) > LONGEST_ADDRESS):
        raise ConfigError("write an e-mail address, such as name@host.example")
