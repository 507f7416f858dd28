"""`foreshock silence`: quiet about a service for a while."""

from typing import Annotated

import typer

from domain.alert import Severity
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
    below: Annotated[
        Severity | None,
        typer.Option(help="Only alerts below this severity: warning or critical; those that reach it still speak."),
    ] = None,
    lasts: For = None,
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Keep quiet about a service for a while (1 hour unless --for or alerts.silence_lasts say otherwise).

    What is not told is on record, and told later if it lasts. Whoever was warned before is still told the end.
    """
    if alert is None and service is None:
        typer.echo("give an alert or --service", err=True)
        raise typer.Exit(2)
    if below is Severity.INFO:
        typer.echo("--below: nothing is below info; write warning or critical", err=True)
        raise typer.Exit(2)
    kind = FeedbackKind.SILENCE
    answer(config, kind, alert, by, comment, lasts=lasts, service=service, metric=metric, below=below, as_json=as_json)
