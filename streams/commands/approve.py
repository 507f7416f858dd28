"""`foreshock approve`: a person lets client notices go."""

from typing import Annotated

import typer

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, For, Whom, answer


def approve(
    config: Config,
    alert: Alert,
    by: By,
    client: Whom = None,
    lasts: For = None,
    text: Annotated[
        str, typer.Option("--text", help="A paragraph for the clients, at most 500 characters: they read it as it is.")
    ] = "",
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Let the client notices of an alert go; an approval runs out after --for, or alerts.approval_lasts."""
    answer(config, FeedbackKind.APPROVE, alert, by, comment, client=client, lasts=lasts, text=text, as_json=as_json)
