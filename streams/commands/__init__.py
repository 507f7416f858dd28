"""The subcommands of `foreshock`, one file each, of which only the one that is asked for is loaded."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
import typer.main
from typer.core import TyperGroup

# What the help shows, in this order. `not-useful` is `not_useful` of `not_useful.py`, or its `not_useful_app`.
COMMANDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "See what it does": {
            "demo": "Replay a real recording, and say what the warnings were worth.",
            "backtest": "What would it have said last month? From a file or a topic.",
        },
        "Set up": {
            "init": "Sketch a first configuration from telemetry.",
            "check": "All that is wrong with a configuration, with line and remedy.",
            "config": "What is in force, and where each value comes from.",
            "route": "Who would be told of trouble in a service, and why.",
            "send-test": "Send a message that is plainly a test.",
            "topics": "Foreshock's topics on Kafka.",
        },
        "Run": {
            "worker": "Detect, decide and deliver; start more to share the work.",
            "answers": "Take in what people answer in Slack and behind links.",
            "record": "Copy decisions and receipts into a record to be audited.",
        },
        "Answer": {
            "ack": "Say that you are looking after an alert.",
            "resolve": "End an alert; everybody who was warned is told so.",
            "silence": "Keep quiet about a service for a while.",
            "approve": "Let the client notices of an alert go.",
            "hold": "Keep the client notices of an alert back.",
            "useful": "Say that an alert was useful.",
            "not-useful": "Say that an alert was not useful.",
        },
        "Look back": {
            "alerts": "The alerts in the record, the latest first.",
            "explain": "Who was told what and why, and who was not.",
            "audit": "Prove that the record is what was written.",
        },
        "Repair": {
            "replay": "Send a recording, or dead letters, again.",
            "bounce": "Say which notice came back, and give the address up.",
            "readmit": "Write to an address again.",
        },
    }
)


def load(name: str) -> Any:
    """Import a command and return it as Typer runs it."""
    word = name.replace("-", "_")
    module = import_module(f"{__name__}.{word}")
    holder = typer.Typer()
    if (subcommands := getattr(module, f"{word}_app", None)) is not None:
        holder.add_typer(subcommands, name=name)
    else:
        holder.command(name)(getattr(module, word))
    return typer.main.get_group(holder).commands[name]


class Commands(TyperGroup):
    """Lists every command by its line in the table, and loads the one that is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the command itself in the place of its line."""
        name, line, rest = super().resolve_command(ctx, args)
        return name, line if name is None else load(name), rest


app = typer.Typer(
    name="foreshock",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its frames print local variables, and those may hold secrets
    add_completion=False,
)


def _line() -> None:
    """Stand for a command until it is loaded."""


for _panel, _lines in COMMANDS.items():
    for _name, _help in _lines.items():
        app.command(_name, help=_help, rich_help_panel=_panel)(_line)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"foreshock {version('foreshock')}")
        raise typer.Exit


@app.callback()
def _foreshock(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the release and end.")
    ] = False,
) -> None:
    """Warn squads and clients of a service degradation before it reaches them."""
