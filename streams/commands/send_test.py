"""`foreshock send-test`: does a message reach a squad or a client? Through the real channel, and plainly a test."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, assert_never

import typer

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams, Security
from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams
from config.loader import load_with_environment
from config.people import ClientSettings
from config.settings import Settings
from domain.errors import ConfigError, ForeshockError
from domain.notice import ClientFacts, Deferred, Delivered, Outcome, Rejected
from streams.names import near
from streams.record.story import plain
from streams.refusal import refusal
from streams.system import SystemClock

EXIT_NOT_REACHED: Final = 1


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one test message."""

    whom: str  # squad:NAME or client:NAME
    channel: str
    recipient: str
    by_way_of: str  # the server, and how the connection to it is protected
    outcome: str  # delivered, deferred or rejected
    words: str


def send_test(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
    squad: Annotated[str | None, typer.Option("--squad", help="The squad to send it to, on Slack.")] = None,
    client: Annotated[str | None, typer.Option("--client", help="The client to send it to, by e-mail.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="An address of your own to send a client's test to, in its place.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """Send a message that is plainly a test, the way that warnings take, and say what the channel answered.

    Ends with 0 when it was taken everywhere, and with 1 when it was not.
    """
    try:
        settings = load_with_environment(config)
        tried = asyncio.run(_tried(settings, squad, client, to))
    except ForeshockError as error:
        raise refusal(error) from error
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in tried], indent=2, ensure_ascii=False))
    else:
        for each in tried:
            typer.echo(plain(f"{each.whom}: test message to {each.recipient} by {each.by_way_of}: {each.words}"))
    if any(each.outcome != "delivered" for each in tried):
        raise typer.Exit(EXIT_NOT_REACHED)


async def _tried(settings: Settings, squad: str | None, client: str | None, to: str | None) -> Sequence[Tried]:
    if (squad is None) == (client is None):
        raise ConfigError("name one of --squad and --client")
    if squad is not None:
        if to is not None:
            raise ConfigError("--to: only for a client's test; a squad's goes to its channel")
        return [await _on_slack(settings, squad)]
    assert client is not None  # noqa: S101 -- one of the two is named
    return await _by_email(settings, client, to)


async def _on_slack(settings: Settings, squad: str) -> Tried:
    known, params = settings.squads.get(squad), settings.channels.slack
    if known is None:
        raise ConfigError(f"--squad: {squad!r} is not a squad of the configuration{near(squad, settings.squads)}")
    if params is None:
        raise ConfigError("channels.slack is not configured: no squad can be reached")
    channel = SlackChannel(params)
    try:
        outcome = await channel.try_out(known.slack)
    finally:
        await channel.close()
    return _told(f"squad:{squad}", "slack", known.slack, _slack_way(params), outcome)


async def _by_email(settings: Settings, client: str, to: str | None) -> list[Tried]:
    known, params = settings.clients.get(client), settings.channels.email
    if known is None:
        raise ConfigError(f"--client: {client!r} is not a client of the configuration{near(client, settings.clients)}")
    if params is None:
        raise ConfigError("channels.email is not configured: no client can be reached")
    recipients = [contact.email for contact in known.contacts] if to is None else [to]
    if not recipients:
        raise ConfigError(f"client {client!r} has no contacts; add one, or name an address of your own with --to")
    channel, facts, at = EmailChannel(params), _facts(known), SystemClock().now()
    return [
        _told(f"client:{client}", "email", each, _email_way(params), await channel.try_out(each, facts, at))
        for each in recipients
    ]


def _facts(client: ClientSettings) -> ClientFacts:
    """Return who is written to and how; of an episode there is nothing in it."""
    return ClientFacts(
        client_name=client.name,
        locale=client.locale,
        timezone=client.timezone,
        journeys=(),
        stages=(),
        started_at=0.0,
        expected_at=None,
        earliest_at=None,
        latest_at=None,
        confidence=0.0,
        tone=client.tone,
    )


def _slack_way(params: SlackParams) -> str:
    return params.base_url + (" through a proxy" if params.proxy is not None else "")


def _email_way(params: EmailParams) -> str:
    match params.security:
        case Security.STARTTLS:
            how = "STARTTLS, its certificate checked"
        case Security.TLS:
            how = "TLS, its certificate checked"
        case Security.NONE:
            how = "no encryption"
        case _:
            assert_never(params.security)
    login = "" if params.username is None else f", as {params.username}"
    dkim, domain = params.dkim, params.signing_domain
    signed = "not signed" if dkim is None else f"signed by {domain} with its key {dkim.selector}"
    return f"{params.host}:{params.port} ({how}{login}), from {params.sender}, {signed}"


def _told(whom: str, channel: str, recipient: str, way: str, outcome: Outcome) -> Tried:
    match outcome:
        case Delivered():
            words = f"taken, as {outcome.reference}"
        case Deferred():
            words = f"not now ({outcome.failure}): {outcome.detail}; a notice would be tried again"
        case Rejected():
            words = f"refused ({outcome.failure}): {outcome.detail}"
        case _:
            assert_never(outcome)
    return Tried(whom, channel, recipient, way, outcome.kind, words)
