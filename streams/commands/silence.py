"""`foreshock silence`: quiet about a service for a while."""

from typing import Annotated, Final, NoReturn

import typer

from alerts.policy.mutes import EVERYTHING_S, names_everything
from domain.alert import Severity
from domain.feedback import FeedbackKind
from streams.agents.feedback import LONGEST_S
from streams.answers import AsJson, By, Comment, Config, For, answer
from streams.refusal import EXIT_UNUSABLE

EVERYTHING: Final = "*"


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
    *,
    everything: Annotated[
        bool, typer.Option("--everything", help="Every service, instead of naming one: for 4 hours at most.")
    ] = False,
    lasts: For = None,
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Keep quiet about a service for a while (1 hour unless --for or alerts.silence_lasts say otherwise).

    What is not told is on record, and told later if it lasts. Whoever was warned before is still told the end.
    """
    if service is not None and names_everything(service):
        _refuse(f"--service {service!r} names every service; if you mean it, write --everything instead")
    if everything and (alert is not None or service is not None):
        _refuse("--everything: name no alert and no service beside it")
    service = EVERYTHING if everything else service
    if alert is None and service is None:
        _refuse("give an alert, --service or --everything")
    if below is Severity.INFO:
        _refuse("--below: nothing is below info; write warning or critical")
    kind = FeedbackKind.SILENCE
    longest_s = EVERYTHING_S if everything else LONGEST_S
    answer(
        config,
        kind,
        alert,
        by,
        comment,
        lasts=lasts,
        service=service,
        metric=metric,
        below=below,
        as_json=as_json,
        longest_s=longest_s,
    )


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(EXIT_UNUSABLE)
