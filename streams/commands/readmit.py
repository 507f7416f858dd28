"""`foreshock readmit`: an address may be written to again."""

from typing import Annotated

import typer

from domain.feedback import FeedbackKind
from streams.answers import AsJson, By, Comment, Config, answer


def readmit(
    config: Config,
    address: Annotated[str, typer.Argument(help="The e-mail address that mail came back from, or that unsubscribed.")],
    by: By,
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            help="Undo only the unsubscribing from this client's notices; mail that came back is undone for all.",
        ),
    ] = None,
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Write to an address again; ask a contact who has unsubscribed before you do."""
    answer(config, FeedbackKind.READMIT, None, by, comment, client=client, address=address, as_json=as_json)
