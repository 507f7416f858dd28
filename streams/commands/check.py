"""`foreshock check`: is this configuration fit for work, and if not, what has to change."""

from pathlib import Path
from typing import Annotated

import typer

from alerts.channels.email.dkim import dns_record
from config.loader import Loaded, read_with_environment
from config.settings import Settings
from domain.errors import ConfigError
from streams.refusal import refusal

File = Annotated[Path | None, typer.Argument(help="The configuration file.", show_default=False)]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="The same, as other commands take it.")]


def check(
    file: File = None,
    config: Config = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="For backtests only: sources of telemetry may be missing.")
    ] = False,
) -> None:
    """Validate a configuration as a whole, without reaching for the network. Ends with 2 when it cannot be used."""
    try:
        loaded = read_with_environment(the_file(file, config), require_sources=not offline)
    except ConfigError as error:
        raise refusal(error) from None
    typer.echo(summary(loaded))


def the_file(file: Path | None, config: Path | None) -> Path:
    """Return the file that was named, one way or the other; raises ConfigError."""
    named = [each for each in (file, config) if each is not None]
    if len(named) != 1:
        raise ConfigError("name one configuration file")
    return named[0]


def summary(loaded: Loaded) -> str:
    """Return one paragraph on a configuration that can be used, its warnings, and what has to be in DNS for it."""
    settings = loaded.settings
    telemetry = [source.topic for source in settings.sources if source.kind == "telemetry"]
    incidents = [source.topic for source in settings.sources if source.kind == "incidents"]
    text = (
        f"{loaded.file} is valid: {_count(len(telemetry), 'telemetry topic')}, "
        f"{_count(len(incidents), 'incident topic')}; {_people(settings)}. "
        f"{_channels(settings)} {_count(len(loaded.warnings), 'warning') if loaded.warnings else 'No warnings'}"
    )
    warnings = [f"  {warning}" for warning in loaded.warnings]
    return "\n".join([text + (":" if warnings else "."), *warnings, *_in_dns(settings)])


def _in_dns(settings: Settings) -> list[str]:
    email = settings.channels.email
    if email is None or email.dkim is None:
        return []
    return [
        "Letters are signed with DKIM, for which this has to be in DNS:",
        f"  {dns_record(email.dkim, email.signing_domain)}",
    ]


def _people(settings: Settings) -> str:
    objectives = sum(len(service.objectives) for service in settings.services.values())
    counts = (
        f"{_count(len(settings.services), 'service')} with {_count(objectives, 'objective')}",
        _count(len(settings.journeys), "journey"),
        _count(len(settings.squads), "squad"),
        _count(len(settings.clients), "client"),
    )
    return ", ".join(counts)


def _channels(settings: Settings) -> str:
    channels = {"Slack": settings.channels.slack, "e-mail": settings.channels.email}
    names = [name for name, params in channels.items() if params is not None]
    return f"Notices leave by {' and '.join(names)}." if names else "Notices do not leave: no channel is set up."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
