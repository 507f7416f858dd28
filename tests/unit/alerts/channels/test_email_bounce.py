"""What comes back is understood, whoever wrote it; what is no delivery status of a notice is refused with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.email.bounce import MAX_BYTES, MAX_RECIPIENTS, Bounce, parse_dsn
from domain.errors import DecodeError
from domain.identity import NoticeId
from domain.notice import Failure
from tests.support.dsn import HEADERS_ONLY, NOTICE, RECIPIENT, WHOLE, a_dsn


@pytest.mark.parametrize("original", [WHOLE, HEADERS_ONLY], ids=["whole message", "headers only"])
def test_a_bounce_names_the_notice_the_address_and_why(original: str) -> None:
    assert parse_dsn(a_dsn(original=original)) == (
        Bounce(
            notice=NoticeId(NOTICE),
            address="ops@bank.example",
            permanent=True,
            final=True,
            status="5.1.1",
            failure=Failure.UNKNOWN_RECIPIENT,
            detail="550 5.1.1 <ops@bank.example>: no such user",
        ),
    )


@pytest.mark.parametrize(
    ("action", "status", "permanent", "final", "gives_up"),
    [
        ("failed", "5.1.1", True, True, True),
        ("Failed", "5.1.10", True, True, True),
        ("failed", "5.2.1", True, True, True),
        ("failed", "5.7.1", True, True, False),  # refused as spam: the mailbox is there
        ("failed", "5.2.2", True, True, False),  # full
        ("failed", "4.4.7", False, True, False),  # tried for long enough
        ("delayed", "4.4.1", False, False, False),
        ("delayed", "5.1.1", False, False, False),
    ],
)
def test_an_address_is_given_up_only_when_there_is_no_mailbox(
    action: str, status: str, *, permanent: bool, final: bool, gives_up: bool
) -> None:
    block = RECIPIENT.replace("failed", action).replace("Status: 5.1.1", f"Status: {status} (words)")
    [bounce] = parse_dsn(a_dsn(block))
    assert (bounce.permanent, bounce.final, bounce.gives_up_address) == (permanent, final, gives_up)
    assert bounce.status == status


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_what_was_delivered_is_no_bounce(action: str) -> None:
    block = RECIPIENT.replace("failed", action).replace("5.1.1", "2.0.0")
    assert parse_dsn(a_dsn(block)) == ()


def test_each_recipient_is_told() -> None:
    other = RECIPIENT.replace("ops@", "desk@").replace("failed", "delayed").replace("5.1.1", "4.2.0")
    assert [(bounce.address, bounce.final) for bounce in parse_dsn(a_dsn(f"{RECIPIENT}\n{other}"))] == [
        ("ops@bank.example", True),
        ("desk@bank.example", False),
    ]


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Original-Recipient: rfc822;a+2Bb@bank.example", "a+b@bank.example"),
        ("Original-Recipient: utf-8;a@b\u00fccher.example", "ops@bank.example"),  # raw bytes: the other one is taken
        ("Original-Recipient: x400;/c=de/", "ops@bank.example"),
        ("Original-Recipient: rfc822;<a@bank.example>", "a@bank.example"),
        ("X-Nothing: 1", "ops@bank.example"),
    ],
)
def test_the_address_that_we_wrote_to_is_preferred(line: str, address: str) -> None:
    [bounce] = parse_dsn(a_dsn(RECIPIENT.replace("Original-Recipient: rfc822;ops@bank.example", line)))
    assert bounce.address == address


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\x00\xfe",
        b"Subject: out of office\n\nI am away.",
        a_dsn(report="text/plain"),
        a_dsn(original=WHOLE.replace(NOTICE, "somebody-else")),
        a_dsn(original=WHOLE.replace(NOTICE, NOTICE + "0")),
        a_dsn(original="Content-Type: text/plain\n\nno original"),
        a_dsn(recipients=""),
        a_dsn(RECIPIENT.replace("Status: 5.1.1", "Status: unknown")),
        a_dsn(RECIPIENT.replace("Status: 5.1.1", "Status: 2.0.0")),
        a_dsn(RECIPIENT.replace("ops@bank.example", "nobody")),
        a_dsn("\n".join([RECIPIENT] * (MAX_RECIPIENTS + 1))),
        a_dsn(original=WHOLE + "x" * MAX_BYTES),
        b"Content-Type: message/rfc822\n\n" * 5000 + a_dsn(),
        b"Content-Type: multipart/report; boundary*=utf-8''a; boundary*0*=b\n\n--b\n",
        b"Content-Type: multipart/report; boundary*" + b"9" * 5000 + b"=b\n\n--b\n",
    ],
    ids=lambda message: f"{len(message)} bytes",
)
def test_anything_else_is_refused_with_a_reason(message: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_dsn(message)


def test_the_other_servers_words_are_cut_and_on_one_line() -> None:
    [bounce] = parse_dsn(a_dsn(RECIPIENT.replace("no such user", "w\u202e " * 900)))
    assert len(bounce.detail) <= 200
    assert bounce.detail.isprintable()


@settings(max_examples=300)
@given(st.integers(0, 900), st.binary(max_size=12), st.integers(0, 40))
def test_damage_never_gives_anything_but_bounces_or_a_reason(place: int, damage: bytes, cut: int) -> None:
    whole = a_dsn()
    try:
        found = parse_dsn(whole[:place] + damage + whole[place + cut :])
    except DecodeError:
        return
    assert all(bounce.notice.startswith("notice-") and "@" in bounce.address for bounce in found)
