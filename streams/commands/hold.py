"""`foreshock hold`: a person keeps client notices back."""

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, For, Whom, answer


def hold(
    config: Config,
    alert: Alert,
    by: By,
    client: Whom = None,
    lasts: For = None,
    comment: Comment = "",
    as_json: AsJson = False,
) -> None:
    """Keep the client notices of an alert back, until it ends or for --for; whoever was warned is told the end."""
    answer(config, FeedbackKind.HOLD, alert, by, comment, client=client, lasts=lasts, as_json=as_json)
