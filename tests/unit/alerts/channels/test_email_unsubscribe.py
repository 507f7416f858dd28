"""One click ends what is optional, and nothing else; nobody can make the link for somebody else."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from pydantic import ValidationError

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams
from alerts.channels.email.unsubscribe import address, token
from domain.notice import Notice, Phase
from tests.support.notices import CLIENT_FACTS, an_email

URL = "https://hub.example/unsubscribe/{client}/{address}?proof={token}&from=" + "notices-" * 20
KEY = "a-key-that-is-long-enough"
PARAMS = EmailParams.model_validate(
    {"host": "h", "sender": "a@b.example", "unsubscribe_url": URL, "unsubscribe_key": KEY}
)
OPTIONAL = replace(CLIENT_FACTS, optional=True)


def parsed(notice: Notice, params: EmailParams = PARAMS) -> EmailMessage:
    return message_from_bytes(EmailChannel(params).render(notice).content, policy=default)


@pytest.mark.parametrize("phase", list(Phase))
def test_an_optional_notice_carries_both_headers(phase: Phase) -> None:
    message = parsed(an_email(phase, facts=OPTIONAL))
    proof = token("bank-042", "ops@bank.example", KEY)
    expected = URL.replace("{client}", "bank-042").replace("{address}", "ops%40bank.example").replace("{token}", proof)
    assert message["List-Unsubscribe"] == f"<{expected}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_long_address_stays_on_one_line_and_readable() -> None:
    content = EmailChannel(PARAMS).render(an_email(facts=OPTIONAL)).content
    [line] = [line for line in content.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert 78 < len(line) < 998
    assert line.startswith(b"List-Unsubscribe: <https://hub.example/")
    assert line.endswith(b">")


@pytest.mark.parametrize("phase", list(Phase))
def test_a_contractual_notice_carries_none(phase: Phase) -> None:
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & set(parsed(an_email(phase)).keys())


def test_without_an_address_to_click_there_is_no_header() -> None:
    plain = EmailParams(host="h", sender="a@b.example")
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & set(parsed(an_email(facts=OPTIONAL), plain).keys())


def test_the_link_is_the_same_in_every_notice_and_another_for_everybody_else() -> None:
    notice = an_email(facts=OPTIONAL)
    assert address(notice, PARAMS) == address(an_email(Phase.ALL_CLEAR, 2, facts=OPTIONAL), PARAMS)
    tokens = {token(client, to, key) for client in ("a", "b") for to in ("x@y", "z@y") for key in ("k", "l")}
    assert len(tokens) == 8


def test_a_client_id_cannot_leave_its_place_in_the_link() -> None:
    notice = an_email(facts=OPTIONAL)
    object.__setattr__(notice, "client", "a/../b?x={token}>\r\nBcc: evil@x.example")
    link = address(notice, PARAMS)
    assert link is not None
    assert link.startswith(
        "https://hub.example/unsubscribe/a%2F..%2Fb%3Fx%3D%7Btoken%7D%3E%0D%0ABcc%3A%20evil%40x.example/"
    )
    assert parsed(notice)["Bcc"] is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example/{client}/{address}/{token}",
        "https://hub.example/{client}/{address}",
        "https://hub.example/{client}/{address}/{token}/{token}",
        "https://hub.example/{client}/{address}/{token}/{other}",
        "https://hub.example/{client}/{address}/{token}{",
        "https://hub.example/ {client}/{address}/{token}",
        "https://hub.example/{client}/{address}/{token}>",
        "https://hub.example/{client}/{address}/{token}\r\nBcc: x@y.example",
        "mailto:x@y.example?{client}{address}{token}",
    ],
)
def test_an_address_that_is_no_template_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is not an https address with"):
        EmailParams.model_validate(
            {"host": "h", "sender": "a@b.example", "unsubscribe_url": url, "unsubscribe_key": KEY}
        )


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"unsubscribe_url": URL}, "come together"),
        ({"unsubscribe_key": KEY}, "come together"),
        ({"unsubscribe_url": URL, "unsubscribe_key": "short"}, "at least 16"),
        ({"contact": "two\nlines"}, "one line"),
        ({"contact": " "}, "one line"),
        ({"contact": ""}, "at least 1"),
    ],
)
def test_mistakes_in_the_new_settings_are_refused(fields: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        EmailParams.model_validate({"host": "h", "sender": "a@b.example", **fields})


def test_the_key_does_not_show() -> None:
    assert KEY not in repr(PARAMS) + str(PARAMS) + PARAMS.model_dump_json()
    assert KEY.encode() not in EmailChannel(PARAMS).render(an_email(facts=OPTIONAL)).content
