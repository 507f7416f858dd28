"""Answers of people in, checked; out in the one order that decisions are made in."""

import math
from collections.abc import Sequence

from alerts.policy.answers import OF_ADDRESSES, TEXT_KEPT
from alerts.policy.mutes import EVERYTHING_S, names_everything
from alerts.policy.opinions import KINDS as OPINIONS
from domain.durations import format_duration
from domain.errors import DecodeError
from domain.feedback import Feedback, FeedbackKind
from streams.agents.base import Output, Record, Stateless
from streams.agents.refusals import refuse
from streams.metrics import Metrics
from streams.records import decode, encode
from streams.topics import Topic

LONGEST_S = 30 * 86_400.0  # nothing that a person allows or silences lasts longer
LONGEST_NAME = 300  # characters: a client's longest id, and what stands around it
LONGEST_COMMENT = 2_000  # characters: an answer is passed on whole, and no broker takes a message of any size
LONGEST_ADDRESS = 254  # https://www.rfc-editor.org/errata/eid1690


class FeedbackStage(Stateless):
    """Copies each answer to decide, where it takes its place among findings and event time.

    What people say of the worth of an alert goes to every partition of detection, too: it is learnt from there.
    """

    def __init__(self, metrics: Metrics, partitions: int = 1) -> None:
        """``partitions`` of Foreshock's own topics."""
        self._metrics = metrics
        self._partitions = partitions

    def process(self, record: Record) -> Sequence[Output]:
        """Pass one answer on, or refuse it."""
        try:
            feedback = decode(Feedback, record.value)
            _check(feedback)
        except DecodeError as error:
            return (refuse(record, "feedback", error.reason, error.detail, self._metrics),)
        key = feedback.id if feedback.alert is None else feedback.alert
        value = encode(feedback)
        copies = range(self._partitions if feedback.kind in OPINIONS else 0)
        return (
            Output(Topic.ANOMALIES, key.encode(), value, 0),
            *(Output(Topic.INCIDENTS, key.encode(), value, partition) for partition in copies),
        )


def _check(feedback: Feedback) -> None:
    """Refuse an answer that nobody gave, or that would stand for ever; raises DecodeError."""
    if not feedback.id or not feedback.by.strip():
        raise DecodeError("wrong_type", "feedback without an id or without a name")
    if not math.isfinite(feedback.at):
        raise DecodeError("wrong_type", "feedback.at is not a time")
    longest_s = EVERYTHING_S if feedback.service is not None and names_everything(feedback.service) else LONGEST_S
    if feedback.lasts_s is not None and not 0 <= feedback.lasts_s <= longest_s:
        raise DecodeError("wrong_type", f"feedback.lasts_s is not a duration of at most {format_duration(longest_s)}")
    _check_lengths(feedback)
    if feedback.kind in OF_ADDRESSES:
        if not feedback.address.strip():
            raise DecodeError("wrong_type", "feedback.address is empty")
    elif feedback.alert is None and (feedback.kind is not FeedbackKind.SILENCE or feedback.service is None):
        raise DecodeError("wrong_type", "feedback about no alert, and not the silence of a service")


def _check_lengths(feedback: Feedback) -> None:
    for name, written, most in (("text", feedback.text, TEXT_KEPT), ("comment", feedback.comment, LONGEST_COMMENT)):
        if len(written) > most:
            raise DecodeError("wrong_type", f"feedback.{name} has more than {most} characters")
    names = (feedback.id, feedback.alert, feedback.by, feedback.client, feedback.service, feedback.metric)
    if any(name is not None and len(name) > LONGEST_NAME for name in names):
        raise DecodeError("wrong_type", f"a name in feedback has more than {LONGEST_NAME} characters")
    if len(feedback.address) > LONGEST_ADDRESS:
        raise DecodeError("wrong_type", "feedback.address is longer than an address can be")
