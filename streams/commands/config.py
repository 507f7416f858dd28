"""`foreshock config`: the schema for editors, and the effective settings with their origins."""

from typing import Annotated

import typer

from config.explain import show_json, show_text
from config.loader import read_with_environment
from config.schema import schema_text
from domain.errors import ConfigError
from streams.commands.check import Config, File, the_file
from streams.refusal import refusal

config_app = typer.Typer(no_args_is_help=True, help="Look at the configuration.", pretty_exceptions_enable=False)


@config_app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    typer.echo(schema_text(), nl=False)


@config_app.command("show")
def show(
    file: File = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a list of path, value and origin.")] = False,
) -> None:
    """Print every effective value with where it comes from: default, line, environment, secret file. No secrets."""
    try:
        loaded = read_with_environment(the_file(file, config))
    except ConfigError as error:
        raise refusal(error) from None
    typer.echo(show_json(loaded) if as_json else show_text(loaded))
