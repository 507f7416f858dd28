"""How a command ends when it cannot do what was asked: a sentence on standard error, and an exit status."""

from typing import Final

import typer

from domain.errors import ForeshockError
from streams.errors import BrokerError
from streams.record.story import plain

EXIT_UNUSABLE: Final = 2  # the configuration, a file or an argument cannot be used
EXIT_NO_KAFKA: Final = 3


def refusal(error: ForeshockError | ValueError | OSError) -> typer.Exit:
    """Say what is wrong, and return the end of the command, to be raised."""
    typer.echo("\n".join(map(plain, str(error).split("\n"))), err=True)  # it may quote what a stranger wrote
    return typer.Exit(EXIT_NO_KAFKA if isinstance(error, BrokerError) else EXIT_UNUSABLE)
