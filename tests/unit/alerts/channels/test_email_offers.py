"""What a letter offers beyond what it says: an opinion at the end, a way out, and what a person has added."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.letter import ADDED_LIMIT
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from domain.notice import Notice, Phase
from tests.support.notices import ADDED, CLIENT_FACTS, an_email, letters

PARAMS = EmailParams(host="h", sender="status@hub.example")
CHANNEL = EmailChannel(PARAMS, Links("https://answers.example", ("k" * 32,)))
ENDINGS = [Phase.ALL_CLEAR, Phase.RETRACTION]
OTHERS = [Phase.WARNING, Phase.UPDATE]
OPTIONAL = replace(CLIENT_FACTS, optional=True)
QUESTIONS = {
    "de": "War diese Warnung für Sie nützlich?",
    "en": "Was this warning useful to you?",
    "fr": "Cette alerte vous a-t-elle été utile\u00a0?",
}
NOTES = {"de": "Hinweis unseres Teams:", "en": "A note from our team:", "fr": "Précision de notre équipe\u00a0:"}
RATING, LEAVING = "https://answers.example/rating/", "https://answers.example/unsubscribe/"


def parsed(notice: Notice) -> EmailMessage:
    return message_from_bytes(CHANNEL.render(notice).content, policy=default)


def adding(words: str, phase: Phase = Phase.WARNING) -> Notice:
    return an_email(phase, facts=replace(CLIENT_FACTS, words=words))


@pytest.mark.parametrize("phase", ENDINGS)
@pytest.mark.parametrize("locale", sorted(QUESTIONS))
def test_an_ending_asks_one_question_in_the_readers_language(locale: str, phase: Phase) -> None:
    rendered = CHANNEL.render(an_email(phase, 3, facts=replace(CLIENT_FACTS, locale=locale)))
    for shown in (rendered.text, rendered.html):
        assert QUESTIONS[locale] in shown
        assert shown.count(RATING) == 2
        assert "answer=yes" in shown
        assert "answer=no" in shown


@pytest.mark.parametrize("phase", OTHERS)
def test_what_is_not_over_asks_for_no_opinion(phase: Phase) -> None:
    rendered = CHANNEL.render(an_email(phase, facts=OPTIONAL))
    assert RATING not in rendered.text + rendered.html


@pytest.mark.parametrize("phase", list(Phase))
def test_without_an_address_for_answers_there_is_no_link_at_all(phase: Phase) -> None:
    rendered = EmailChannel(PARAMS).render(an_email(phase, facts=OPTIONAL))
    assert "http" not in rendered.text + rendered.html
    assert b"List-Unsubscribe" not in rendered.content


@pytest.mark.parametrize("phase", list(Phase))
def test_an_optional_notice_shows_the_way_out_to_people_and_to_mail_programs(phase: Phase) -> None:
    message, rendered = parsed(an_email(phase, facts=OPTIONAL)), CHANNEL.render(an_email(phase, facts=OPTIONAL))
    link = message["List-Unsubscribe"].strip("<>")
    assert link.startswith(LEAVING)
    assert link in rendered.text
    assert link in rendered.html
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("phase", list(Phase))
def test_a_contractual_notice_has_no_way_out(phase: Phase) -> None:
    rendered = CHANNEL.render(an_email(phase))
    assert LEAVING not in rendered.text + rendered.html
    assert b"List-Unsubscribe" not in rendered.content


def test_a_page_of_the_users_own_comes_before_ours() -> None:
    fields = {"unsubscribe_url": "https://own.example/{client}/{address}/{token}", "unsubscribe_key": "k" * 16}
    own = EmailParams.model_validate({"host": "h", "sender": "status@hub.example", **fields})
    content = EmailChannel(own, Links("https://answers.example", ("k" * 32,))).render(an_email(facts=OPTIONAL)).content
    assert b"<https://own.example/bank-042/" in content
    assert b"answers.example" not in content


def test_letters_with_links_are_the_same_to_the_byte_each_time() -> None:
    for notice in letters("en", "plain").values():
        assert CHANNEL.render(notice).content == CHANNEL.render(notice).content


@pytest.mark.parametrize("phase", OTHERS)
@pytest.mark.parametrize("locale", sorted(NOTES))
def test_what_a_person_added_is_quoted_and_said_to_be_the_teams(locale: str, phase: Phase) -> None:
    facts = replace(CLIENT_FACTS, locale=locale, words=ADDED[locale])
    rendered = CHANNEL.render(an_email(phase, facts=facts))
    assert NOTES[locale] in rendered.text
    assert NOTES[locale] in rendered.html
    quoted = " ".join(line[2:] for line in rendered.text.splitlines() if line.startswith("> "))
    assert ADDED[locale] in quoted
    before, _, after = rendered.html.partition("<blockquote")
    assert NOTES[locale] in before
    assert ADDED[locale].split()[0] in after.partition("</blockquote>")[0]


@pytest.mark.parametrize("phase", ENDINGS)
def test_an_ending_leaves_out_what_was_said_of_the_trouble(phase: Phase) -> None:
    rendered = CHANNEL.render(adding("We switch to the second site.", phase))
    assert "second site" not in rendered.text + rendered.html


@pytest.mark.parametrize("words", ["", "   ", "\u202e\u200b", "\r\n"])
def test_nothing_added_shows_nothing(words: str) -> None:
    assert CHANNEL.render(adding(words)).text == CHANNEL.render(an_email()).text


def test_html_and_line_breaks_in_what_a_person_added_are_text() -> None:
    hostile = 'x</blockquote><script>alert(1)</script>\r\nBcc: evil@x.example\r\n\r\n<img src="https://evil.example">'
    rendered = CHANNEL.render(adding(hostile))
    assert "<script" not in rendered.html
    assert "<img" not in rendered.html
    assert rendered.html.count("</blockquote>") == 1
    assert parsed(adding(hostile))["Bcc"] is None
    assert all(line.startswith("> ") for line in rendered.text.splitlines() if "Bcc:" in line or "evil" in line)


def test_too_much_of_it_is_cut_and_says_so() -> None:
    text = CHANNEL.render(adding("word " * 5000)).text
    quoted = " ".join(line[2:] for line in text.splitlines() if line.startswith("> "))
    assert len(quoted) <= ADDED_LIMIT + len("“”")
    assert quoted.endswith("(cut)”")


def test_the_key_is_in_no_letter() -> None:
    for notice in letters("en", "formal").values():
        assert b"k" * 32 not in CHANNEL.render(notice).content
    assert "k" * 32 not in repr(CHANNEL)
