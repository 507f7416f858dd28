"""Headers say what was meant, whatever names and addresses are like, and a mail program can read them."""

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.email.message import message, written
from alerts.channels.email.params import EmailParams
from alerts.channels.text import clean
from domain.notice import Notice, Phase
from tests.support.notices import CLIENT_FACTS, an_email

LONG_DOMAIN = "service-notifications.international-payments.example-bank.example"
PARAMS = EmailParams(host="h", sender="status@hub.example")
PIECES = st.sampled_from(
    [
        "=?utf-8?q?x=0D=0ABcc:_a@b.example?=",
        "=?",
        "?=",
        "🙂",
        "é",
        "日本",
        " ",
        "  ",
        '"',
        ",",
        "<a@b>",
        "(",
        "\\",
        "a" * 80,
    ]
)


def sent(notice: Notice, params: EmailParams = PARAMS) -> Message:
    """The message as somebody else's parser reads it: headers unfolded, nothing else."""
    return message_from_bytes(message(notice, params).as_bytes())


def decoded(header: str) -> str:
    return str(make_header(decode_header(header.replace("\r\n", ""))))


def about(title: str) -> Notice:
    return an_email(facts=replace(CLIENT_FACTS, journeys=(title,)))


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_a_subject_arrives_as_it_was_written(pieces: list[str]) -> None:
    notice = about("".join(pieces))
    assert decoded(sent(notice)["Subject"]) == written(notice, PARAMS).subject


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8))
def test_a_sender_is_one_sender_with_its_whole_name(pieces: list[str]) -> None:
    name = "".join(pieces)[:100]
    header = sent(an_email(), PARAMS.model_copy(update={"sender_name": name}))["From"]
    ((shown, address),) = getaddresses([header.replace("\r\n", "")])
    assert (decoded(shown), address) == (clean(name, 100), PARAMS.sender)


def test_a_name_that_looks_like_an_encoded_word_adds_no_header() -> None:
    mail = sent(about("=?utf-8?q?x=0D=0ABcc:_all@evil.example?="))
    assert mail["Bcc"] is None
    assert "=?utf-8?q?x=0D=0ABcc:_all@evil.example?=" in decoded(mail["Subject"])


@pytest.mark.parametrize(
    "name",
    [
        "Example Payments Limited, Service status and client notifications desk, Frankfurt",
        "Müller & Söhne (Service), Mitteilungen an unsere Geschäftskunden in Österreich",
    ],
)
def test_a_long_name_with_commas_is_no_list_of_senders(name: str) -> None:
    header = sent(an_email(), PARAMS.model_copy(update={"sender_name": name}))["From"]
    assert [address for _, address in getaddresses([header])] == [PARAMS.sender]


@pytest.mark.parametrize("phase", list(Phase))
def test_the_thread_is_named_by_its_id_however_long_the_domain(phase: Phase) -> None:
    notice = replace(an_email(phase), recipient="o" * 64 + "@" + LONG_DOMAIN)
    mail = sent(notice, EmailParams(host="h", sender=f"status@{LONG_DOMAIN}", reply_to=f"desk@{LONG_DOMAIN}"))
    assert mail["References"] == f"<{notice.thread}@{LONG_DOMAIN}>"
    assert mail["In-Reply-To"] == (None if phase is Phase.WARNING else mail["References"])
    assert mail["Message-ID"] == f"<{notice.id}@{LONG_DOMAIN}>"
    assert (mail["To"].strip(), mail["Reply-To"].strip()) == (notice.recipient, f"desk@{LONG_DOMAIN}")


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_headers_are_ascii_in_lines_that_every_server_takes(pieces: list[str]) -> None:
    head = message(about("".join(pieces)), PARAMS).as_bytes().partition(b"\r\n\r\n")[0].decode("ascii")
    lines = head.split("\r\n")
    assert all(line.strip() and line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 78
