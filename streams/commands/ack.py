"""`foreshock ack`: a person looks after an alert."""

from domain.feedback import FeedbackKind
from streams.answers import Alert, AsJson, By, Comment, Config, answer


def ack(config: Config, alert: Alert, by: By, comment: Comment = "", as_json: AsJson = False) -> None:
    """Say that you are looking after an alert: it is neither escalated nor repeated any more."""
    answer(config, FeedbackKind.ACKNOWLEDGE, alert, by, comment, as_json=as_json)
