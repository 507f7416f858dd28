import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Watermark
from domain.errors import DecodeError
from domain.feedback import FeedbackKind
from domain.identity import AlertId, ClientId, NoticeId, ServiceId, SquadId
from domain.notice import (
    ChannelKind,
    ClientFacts,
    Deferred,
    Delivered,
    Failure,
    Hold,
    Notice,
    Notify,
    Phase,
    Receipt,
    Rejected,
    SquadFacts,
    Suppress,
)
from domain.telemetry import DeadLetter, SourceRef
from streams.records import decode, decode_any, decode_dead_letter, encode, encode_dead_letter
from tests.support.builders import T0, a_feedback, a_forecast, an_anomaly, an_evidence, an_incident


def a_notice(decision: Notify | Hold | Suppress, facts: SquadFacts | ClientFacts) -> Notice:
    squad = SquadId("payments") if isinstance(facts, SquadFacts) else None
    client = None if squad else ClientId("bank-042")
    return Notice(
        NoticeId("notice-1"), "thread-1", AlertId("alert-1"), 1, Phase.WARNING, ChannelKind.EMAIL, "ops@bank.example",
        squad, client, decision, T0, facts,
    )  # fmt: skip


SQUAD = SquadFacts(
    ServiceId("payments-api"), Severity.WARNING, "slow", T0, T0, (an_evidence(),), a_forecast(), (), (), (), "why"
)
CLIENT = ClientFacts("Bank", "en", "UTC", ("Payment",), ("submit",), T0, None, None, None, 0.9)
TRANSITION = Transition(
    AlertId("alert-1"), ServiceId("payments-api"), AlertStatus.OPEN, 1, T0, T0, Severity.INFO, "opened", an_anomaly()
)


def a_receipt(outcome: Delivered | Deferred | Rejected) -> Receipt:
    return Receipt(NoticeId("notice-1"), "thread-1", AlertId("alert-1"), ChannelKind.SLACK, outcome, 2, T0, T0)


@pytest.mark.parametrize(
    "value",
    [
        an_anomaly(forecast=a_forecast()),
        Watermark(3, T0 + 0.1),
        an_incident("INC-1", "payments-api"),
        a_feedback(FeedbackKind.APPROVE, "alert-1", client="bank-042", lasts_s=60.0),
        TRANSITION,
        a_notice(Notify("told"), SQUAD),
        a_notice(Suppress("not theirs"), CLIENT),
        a_notice(Hold("approval required"), CLIENT),
        a_receipt(Delivered("C1:17.5")),
        a_receipt(Deferred(Failure.RATE_LIMITED, "slow down", 3.0)),
        a_receipt(Rejected(Failure.REFUSED, "no")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_record_comes_back_as_it_was_and_equal_values_give_equal_bytes(value: object) -> None:
    encoded = encode(value)  # type: ignore[arg-type] # the table above holds what it takes
    assert decode_any(encoded) == value
    assert encode(decode_any(encoded)) == encoded


@given(st.binary(max_size=200))
def test_any_bytes_give_a_decode_error(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_any(payload)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "wrong_type"),
        (b"[" * 100_000, "not_json"),
        (b'{"v":2,"is":"watermark","body":{}}', "unknown_version"),
        (b'{"v":1,"is":"poem","body":{}}', "wrong_type"),
        (b'{"v":1,"is":"watermark","body":{"partition":"x","at":1}}', "wrong_type"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(payload: bytes | None, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_any(payload)
    assert caught.value.reason == reason


def test_a_record_of_another_type_is_refused() -> None:
    with pytest.raises(DecodeError, match="expected notice, got watermark"):
        decode(Notice, encode(Watermark(0, T0)))


@given(st.binary(max_size=100), st.none() | st.binary(max_size=20))
def test_a_dead_letter_keeps_any_bytes(payload: bytes, key: bytes | None) -> None:
    letter = DeadLetter(SourceRef("telemetry", 3, 17), "detect", "not_json", "at 0", payload, key)
    assert decode_dead_letter(encode_dead_letter(letter)) == letter
