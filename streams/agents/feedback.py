"""Answers of people in, checked; out in the one order that decisions are made in."""

import math
from collections.abc import Sequence

from domain.errors import DecodeError
from domain.feedback import Feedback, FeedbackKind
from domain.telemetry import DeadLetter
from streams.agents.base import Output, Record, Stateless
from streams.agents.driver import dead_letter
from streams.metrics import Metrics
from streams.records import decode, encode
from streams.topics import Topic

LONGEST_S = 30 * 86_400.0  # nothing that a person allows or silences lasts longer


class FeedbackStage(Stateless):
    """Copies each answer to decide, where it takes its place among findings and event time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def process(self, record: Record) -> Sequence[Output]:
        """Pass one answer on, or refuse it."""
        try:
            feedback = decode(Feedback, record.value)
            _check(feedback)
        except DecodeError as error:
            self._metrics.count("dead_letters", topic=record.source.topic, reason=error.reason)
            letter = DeadLetter(record.source, "feedback", error.reason, error.detail, record.value, record.key)
            return (dead_letter(letter),)
        key = feedback.id if feedback.alert is None else feedback.alert
        return (Output(Topic.ANOMALIES, key.encode(), encode(feedback), 0),)


def _check(feedback: Feedback) -> None:
    """Refuse an answer that nobody gave, or that would stand for ever; raises DecodeError."""
    if not feedback.id or not feedback.by.strip():
        raise DecodeError("wrong_type", "feedback without an id or without a name")
    if not math.isfinite(feedback.at):
        raise DecodeError("wrong_type", "feedback.at is not a time")
    if feedback.lasts_s is not None and not 0 <= feedback.lasts_s <= LONGEST_S:
        raise DecodeError("wrong_type", "feedback.lasts_s is not a duration of at most 30 days")
    if feedback.alert is None and (feedback.kind is not FeedbackKind.SILENCE or feedback.service is None):
        raise DecodeError("wrong_type", "feedback about no alert, and not the silence of a service")
