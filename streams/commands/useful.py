"""`foreshock useful`: an alert was worth it."""

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, answer


def useful(config: Config, alert: Alert, by: By, comment: Comment = "", as_json: AsJson = False) -> None:
    """Say that an alert was useful, also after it has ended: it is counted, and shown with alerts that are like it."""
    answer(config, FeedbackKind.USEFUL, alert, by, comment, as_json=as_json)
