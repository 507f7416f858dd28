"""DKIM: what leaves is genuine to somebody else's verifier, the same bytes each time, and nothing can be added."""

import base64
import hashlib
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.dkim import dns_record
from alerts.channels.email.links import Links
from alerts.channels.email.message import message
from alerts.channels.email.params import EmailParams
from alerts.channels.email.signature import Signer, relaxed_body, relaxed_field
from domain.notice import Notice, Phase
from tests.support.dkim import ED25519_KEY, an_rsa_key, is_genuine
from tests.support.notices import CLIENT_FACTS, an_email, letters

LINKS = Links("https://answers.hub.example", ("k" * 32,))
KINDS = ["rsa", "ed25519"]


def signing(kind: str = "ed25519", **more: object) -> EmailParams:
    key = an_rsa_key() if kind == "rsa" else ED25519_KEY
    fields = {"host": "h", "sender": "status@hub.example", "sender_name": "Zahlungsverkehr, Störungen"}
    return EmailParams.model_validate({**fields, "dkim": {"selector": "s1", "private_key": key}, **more})


def record(params: EmailParams) -> str:
    assert params.dkim is not None
    return dns_record(params.dkim, params.signing_domain)


def sent(notice: Notice, params: EmailParams) -> bytes:
    return EmailChannel(params, LINKS).render(notice).content


def test_the_examples_of_the_standards_come_out_as_they_are_printed_there() -> None:
    head, body = [b"A: X", b"B : Y\t\r\n\tZ  "], b" C \r\nD \t E\r\n\r\n\r\n"  # RFC 6376, 3.4.5
    assert [relaxed_field(field)[1] for field in head] == [b"a:X", b"b:Y Z"]
    assert relaxed_body(body) == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n\r\n") == b""
    lost = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"  # RFC 8463, A.3
    assert base64.b64encode(hashlib.sha256(relaxed_body(lost)).digest()) == (
        b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tone", ["formal", "plain"])
@pytest.mark.parametrize("locale", ["de", "en", "fr"])
def test_every_letter_is_genuine_and_again_the_same_to_the_byte(locale: str, tone: str, kind: str) -> None:
    params = signing(kind)
    line = record(params)
    here, elsewhere, unsigned = (EmailChannel(each, LINKS) for each in (params, signing(kind), signing(dkim=None)))
    for notice in letters(locale, tone).values():
        content = here.render(notice).content
        assert is_genuine(content, line)
        assert content == here.render(notice).content == elsewhere.render(notice).content
        assert content.endswith(b"\r\n" + unsigned.render(notice).content)


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


LEAVING = an_email(facts=replace(CLIENT_FACTS, optional=True))
CHANGES = {
    "the body": (b"may be disrupted", b"may be disruptee"),
    "the subject": (b"\r\nSubject: ", b"\r\nSubject: x"),
    "the reader": (b"\r\nTo: ops@", b"\r\nTo: oops@"),
    "the date": (b"\r\nDate: ", b"\r\nDate:  x"),
    "a second sender": (b"\r\nFrom: ", b"\r\nFrom: us@evil.example\r\nFrom: "),
    "a sender on top": (b"DKIM-Signature", b"From: us@evil.example\r\nDKIM-Signature"),
    "a second subject": (b"DKIM-Signature", b"Subject: pay here\r\nDKIM-Signature"),
    "a copy": (b"DKIM-Signature", b"Cc: all@evil.example\r\nDKIM-Signature"),
    "where answers go": (b"DKIM-Signature", b"Reply-To: us@evil.example\r\nDKIM-Signature"),
    "another kind of content": (b"DKIM-Signature", b"Content-Type: text/html\r\nDKIM-Signature"),
    "the thread": (b"\r\nReferences: <thread", b"\r\nReferences: <threat"),
    "the way out": (b"\r\nList-Unsubscribe: <https://answers", b"\r\nList-Unsubscribe: <https://evil"),
    "another way out": (b"DKIM-Signature", b"List-Unsubscribe: <https://evil.example>\r\nDKIM-Signature"),
    "its click": (b"\r\nList-Unsubscribe-Post: List", b"\r\nList-Unsubscribe-Post: Pist"),
    "what follows the end": (b"</html>", b"</html>\r\n<p>pay here</p>"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_others_change_or_add_does_not_pass_for_ours(change: tuple[bytes, bytes]) -> None:
    params = signing()
    content = sent(LEAVING, params)
    assert is_genuine(content, record(params))
    assert not is_genuine(changed(content, *change), record(params))


def test_what_servers_on_the_way_may_do_takes_nothing_away() -> None:
    params = signing()
    content = sent(LEAVING, params)
    handled = changed(content, b"DKIM-Signature", b"Received: from hub by mx; now\r\nX-Spam: no\r\nDKIM-Signature")
    handled = changed(handled, b"\r\nSubject: ", b"\r\nSubject:  \t") + b"\r\n\r\n"
    assert is_genuine(handled, record(params))


def test_the_signature_covers_what_mail_programs_show_and_what_one_click_asks_for() -> None:
    signature = str(message_from_bytes(sent(LEAVING, signing()), policy=default)["DKIM-Signature"])
    tags = dict(part.strip().split("=", 1) for part in signature.split(";"))
    covered = [name.strip() for name in tags["h"].split(":")]
    assert {name: covered.count(name) for name in ("From", "To", "Subject", "Cc", "Reply-To")} == {
        "From": 2, "To": 2, "Subject": 2, "Cc": 1, "Reply-To": 1,
    }  # fmt: skip
    assert covered.count("List-Unsubscribe") == covered.count("List-Unsubscribe-Post") == 2
    assert (tags["a"], tags["c"], tags["d"], tags["s"]) == ("ed25519-sha256", "relaxed/relaxed", "hub.example", "s1")
    assert tags["t"] == str(int(LEAVING.decided_at))
    assert not {"l", "x"} & set(tags)


def test_a_letter_that_cannot_be_left_may_be_given_a_way_out_by_a_list_of_its_readers() -> None:
    params = signing()
    content = sent(an_email(), params)
    listed = changed(content, b"DKIM-Signature", b"List-Unsubscribe: <mailto:off@bank.example>\r\nDKIM-Signature")
    assert is_genuine(listed, record(params))


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.text(max_size=200), min_size=4, max_size=4), phase=st.sampled_from(list(Phase)))
def test_no_name_of_any_kind_breaks_the_signature(words: list[str], phase: Phase) -> None:
    client, journey, stage, added = words
    facts = replace(CLIENT_FACTS, client_name=client, journeys=(journey,), stages=(stage,), words=added)
    params = signing(sender_name=client[:100], contact=None)
    assert is_genuine(sent(an_email(phase, facts=facts), params), record(params))


@pytest.mark.parametrize(
    "title", ["Ü" * 300, "a" * 300, "x\r\nBcc: all@evil.example", ". .\r\n.", "日本 " * 60, "=?utf-8?b?"]
)
def test_long_and_hostile_subjects_are_signed_as_they_are_sent(title: str) -> None:
    params = signing()
    content = sent(an_email(facts=replace(CLIENT_FACTS, journeys=(title,))), params)
    assert is_genuine(content, record(params))
    assert message_from_bytes(content, policy=default)["Bcc"] is None


def test_a_message_without_a_date_is_signed_without_a_time() -> None:
    params = signing()
    assert params.dkim is not None
    mail = message(an_email(), params)
    del mail["Date"]
    content = Signer(params.dkim, "hub.example").signed(mail)
    assert b" t=" not in content.split(b"\r\nFrom:")[0]
    assert is_genuine(content, record(params))


def test_the_domain_can_be_one_that_the_senders_is_in() -> None:
    key = {"selector": "s1", "domain": "Hub.Example", "private_key": ED25519_KEY}
    params = signing(sender="status@mail.hub.example", dkim=key)
    content = sent(an_email(), params)
    assert b" d=hub.example;" in content
    assert is_genuine(content, record(params))
