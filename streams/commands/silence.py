"""`foreshock silence`: quiet about a service for a while."""

from typing import Annotated

import typer

from domain.feedback import FeedbackKind
from streams.answers import AsJson, By, Comment, Config, For, answer


def silence(
    config: Config,
    by: By,
    alert: Annotated[str | None, typer.Argument(help="The alert's id; without it, name a service.")] = None,
    service: Annotated[
        str | None, typer.Option(help="The service, or the start of many, such as 'pay*'; without it, the alert's.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Only findings about this metric, or about those that begin so: 'pool_*'.")
    ] = None,
    lasts: For = None,
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Keep quiet about a service for a while; what is not told is on record, and told later if it lasts."""
    if alert is None and service is None:
        typer.echo("give an alert or --service", err=True)
        raise typer.Exit(2)
    kind = FeedbackKind.SILENCE
    answer(config, kind, alert, by, comment, lasts=lasts, service=service, metric=metric, as_json=as_json)
