"""`foreshock topics`: create, verify, lag."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.loader import load_with_environment
from domain.errors import ForeshockError
from streams import admin
from streams.refusal import refusal

topics_app = typer.Typer(help="Foreshock's topics on Kafka.", no_args_is_help=True)
Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)]


@topics_app.command()
def create(config: Config) -> None:
    """Create the topics that are missing."""
    try:
        made = admin.create_topics(load_with_environment(config))
    except ForeshockError as error:
        raise refusal(error) from error
    typer.echo("\n".join(f"created {name}" for name in made) or "all topics are there")


@topics_app.command()
def verify(config: Config) -> None:
    """Check that every topic is there and fits; exit status 1 when one does not."""
    try:
        problems = admin.verify_topics(load_with_environment(config))
    except ForeshockError as error:
        raise refusal(error) from error
    typer.echo("\n".join(problems) or "all topics are there and fit")
    raise typer.Exit(1 if problems else 0)


@topics_app.command()
def lag(
    config: Config, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a partition.")] = False
) -> None:
    """Show how many messages the workers have not handled yet."""
    try:
        rows = admin.lag(load_with_environment(config))
    except ForeshockError as error:
        raise refusal(error) from error
    if as_json:
        for row in rows:
            typer.echo(json.dumps({"topic": row.topic, "partition": row.partition, "end": row.end,
                                   "committed": row.committed, "behind": row.behind}))  # fmt: skip
        return
    table = Table("topic", "partition", "end", "committed", "behind")
    for row in rows:
        committed = "-" if row.committed is None else str(row.committed)
        table.add_row(row.topic, str(row.partition), str(row.end), committed, str(row.behind))
    Console().print(table)
