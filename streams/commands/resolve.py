"""`foreshock resolve`: a person ends an alert."""

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, answer


def resolve(config: Config, alert: Alert, by: By, comment: Comment = "", as_json: AsJson = False) -> None:
    """End an alert: everybody who was warned is told so. Its findings stay quiet unless they begin to hurt."""
    answer(config, FeedbackKind.RESOLVE, alert, by, comment, as_json=as_json)
