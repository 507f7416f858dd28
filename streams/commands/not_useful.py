"""`foreshock not-useful`: an alert was not worth it."""

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, answer


def not_useful(config: Config, alert: Alert, by: By, comment: Comment = "", as_json: AsJson = False) -> None:
    """Say that an alert was not useful, also after it has ended; it goes on unless it is resolved or silenced."""
    answer(config, FeedbackKind.NOT_USEFUL, alert, by, comment, as_json=as_json)
