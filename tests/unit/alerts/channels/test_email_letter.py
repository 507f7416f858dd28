from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.letter import SUBJECT_LIMIT, Letter, compose
from alerts.channels.email.params import EmailParams
from domain.notice import ChannelKind, ClientFacts, Notice, Phase
from tests.support.notices import CLIENT_FACTS, SQUAD_FACTS, T0, a_notice, an_email

PARAMS = EmailParams(host="mail.example", sender="status@hub.example", sender_name="Hub status")
CHANNEL = EmailChannel(PARAMS)


def parsed(notice: Notice, channel: EmailChannel = CHANNEL) -> EmailMessage:
    return message_from_bytes(channel.render(notice).content, policy=default)


def rows(facts: ClientFacts, at: float = T0, phase: Phase = Phase.WARNING) -> dict[str, str]:
    return dict(compose(an_email(phase, facts=facts, at=at)).rows)


def test_a_warning_says_what_when_how_sure_and_what_to_do() -> None:
    letter = compose(an_email())
    assert letter.subject == "Early warning: Payment initiation may be disrupted"
    assert dict(letter.rows) == {
        "What may be affected": "Payment initiation",
        "Steps concerned": "Submit and confirm",
        "When": "From about 15:11 CET (between 15:08 and 15:16)",
        "How sure we are": "Likely (about 80%)",
        "First signs": "14:58 CET on 22 November 2025",
        "Next message": "As soon as this changes materially, and in any case when it is over",
    }
    assert letter.advice[0] == "There is nothing you have to do."


@pytest.mark.parametrize(
    ("phase", "subject"),
    [
        (Phase.WARNING, "Disruption: Payment initiation"),
        (Phase.UPDATE, "Update: disruption of Payment initiation has begun"),
    ],
)
def test_what_has_begun_is_not_told_as_what_may_come(phase: Phase, subject: str) -> None:
    letter = compose(an_email(phase, facts=replace(CLIENT_FACTS, begun=True)))
    assert letter.subject == subject
    assert dict(letter.rows)["Status"] == "The disruption has begun"
    assert "When" not in dict(letter.rows)
    assert not {"may be", "How sure we are"} & {*letter.title.split(":"), *dict(letter.rows)}
    assert "check whether it has been carried out already" in letter.advice[1]


def test_the_end_of_a_disruption_is_not_told_as_the_end_of_signs() -> None:
    begun = compose(an_email(Phase.ALL_CLEAR, 3, facts=replace(CLIENT_FACTS, begun=True)))
    assert "is over" in begun.lead
    assert "signs" not in begun.lead
    assert "is over" not in compose(an_email(Phase.ALL_CLEAR, 3)).lead


@pytest.mark.parametrize("phase", list(Phase))
def test_every_letter_says_whom_to_call_and_when_the_next_one_comes(phase: Phase) -> None:
    rows = dict(compose(an_email(phase), "Desk, +49 69 1").rows)
    assert rows["Whom to call"] == "Desk, +49 69 1"
    assert rows["Next message"].startswith("None") is (phase in {Phase.ALL_CLEAR, Phase.RETRACTION})
    assert "Whom to call" not in dict(compose(an_email(phase)).rows)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/London", "From about 14:11 GMT (between 14:08 and 14:16)"),
        ("America/New_York", "From about 09:11 EST (between 09:08 and 09:16)"),
        ("Asia/Kathmandu", "From about 19:56 UTC+5:45 (between 19:53 and 20:01)"),
        ("UTC", "From about 14:11 UTC (between 14:08 and 14:16)"),
        ("No/Such_Zone", "From about 14:11 UTC (between 14:08 and 14:16)"),
        ("../../etc/passwd", "From about 14:11 UTC (between 14:08 and 14:16)"),
    ],
)
def test_times_are_the_clients_with_their_zone(zone: str, shown: str) -> None:
    assert rows(replace(CLIENT_FACTS, timezone=zone))["When"] == shown


def test_summer_time_is_kept() -> None:
    june = 1_750_000_000.0
    facts = replace(CLIENT_FACTS, started_at=june)
    assert rows(facts, june)["First signs"] == "17:06 CEST on 15 June 2025"


def test_a_time_on_another_day_names_the_day() -> None:
    facts = replace(CLIENT_FACTS, expected_at=T0 + 86400, earliest_at=None, latest_at=None)
    assert rows(facts)["When"] == "From about 15:02 CET on 23 November 2025"


@pytest.mark.parametrize("expected_at", [None, T0 - 60, T0])
def test_what_may_have_begun_is_not_announced_for_later(expected_at: float | None) -> None:
    assert rows(replace(CLIENT_FACTS, expected_at=expected_at))["When"] == "It may already be noticeable"


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en", "From about 15:11 CET (15:16 at the latest)"),
        ("de", "Ab etwa 15:11 Uhr MEZ (spätestens um 15:16 Uhr)"),
        ("fr", "Vers 15:11 (UTC+1), au plus tard à 15:16"),
    ],
)
@pytest.mark.parametrize("earliest_at", [T0 - 600, T0])
def test_what_may_come_at_once_is_said_by_the_end_of_its_interval(earliest_at: float, locale: str, shown: str) -> None:
    assert shown in rows(replace(CLIENT_FACTS, earliest_at=earliest_at, locale=locale)).values()


def test_an_end_of_the_interval_in_the_minute_that_is_expected_says_nothing_more() -> None:
    facts = replace(CLIENT_FACTS, expected_at=T0 + 60, earliest_at=T0, latest_at=T0 + 65)
    assert rows(facts)["When"] == "From about 15:03 CET"


@pytest.mark.parametrize(
    ("confidence", "shown"),
    [
        (0.97, "Very likely (about 95%)"),
        (0.7, "Likely (about 70%)"),
        (0.5, "Possible (about 50%)"),
        (0.0, "Uncertain (about 0%)"),
    ],
)
def test_how_sure_we_are_is_said_in_words_and_a_round_number(confidence: float, shown: str) -> None:
    assert rows(replace(CLIENT_FACTS, confidence=confidence))["How sure we are"] == shown


def test_an_all_clear_says_from_when_to_when() -> None:
    letter = compose(an_email(Phase.ALL_CLEAR, 3, at=T0 + 1200))
    assert letter.subject == "All clear: Payment initiation"
    assert dict(letter.rows)["Lasted"] == "24 minutes"
    assert "last message" in dict(letter.rows)["Next message"]


def test_a_retraction_takes_the_warning_back() -> None:
    letter = compose(an_email(Phase.RETRACTION, 2, at=T0 + 600))
    assert letter.subject == "Warning withdrawn: Payment initiation"
    assert "disregard" in letter.lead


def test_many_journeys_are_counted() -> None:
    facts = replace(CLIENT_FACTS, journeys=("A", "B", "C", "D", "E"), stages=())
    assert rows(facts)["What may be affected"] == "A, B, C and 2 more"
    assert "Steps concerned" not in rows(facts)


def test_facts_of_a_squad_are_never_written_to_a_client() -> None:
    with pytest.raises(TypeError, match="internal"):
        compose(a_notice(facts=SQUAD_FACTS, channel=ChannelKind.EMAIL))


def test_text_and_html_say_the_same() -> None:
    letter: Letter = compose(an_email())
    message = parsed(an_email())
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    plain, marked = " ".join(text.get_content().split()), " ".join(html.get_content().split())
    for part in (
        letter.greeting,
        letter.lead,
        letter.why,
        *letter.advice,
        *(v for _, v in letter.rows),
    ):
        assert part in plain
        assert part in marked


def test_headers_thread_the_episode_without_memory() -> None:
    warning, ending = parsed(an_email()), parsed(an_email(Phase.ALL_CLEAR, 2))
    assert warning["Message-ID"] == f"<{an_email().id}@hub.example>"
    assert ending["Message-ID"] != warning["Message-ID"]
    root = f"<{an_email().thread}@hub.example>"
    assert warning["References"] == ending["References"] == ending["In-Reply-To"] == root
    assert warning["In-Reply-To"] is None
    assert warning["Auto-Submitted"] == "auto-generated"
    assert warning["Date"].datetime.timestamp() == T0
    assert warning["From"] == "Hub status <status@hub.example>"


def test_the_same_notice_gives_the_same_bytes() -> None:
    assert CHANNEL.render(an_email()).content == EmailChannel(PARAMS).render(an_email()).content
    assert CHANNEL.render(an_email()).digest != CHANNEL.render(an_email(Phase.UPDATE, 2)).digest


@pytest.mark.parametrize("name", ["a\r\nBcc: evil@x.example", "b\nSubject: other", "c\x00d", "\u2028e", "f\rg"])
def test_no_label_can_add_a_header(name: str) -> None:
    facts = replace(CLIENT_FACTS, client_name=name, journeys=(name,), stages=(name,))
    message = parsed(an_email(facts=facts))
    assert message["Bcc"] is None
    assert message.get_all("Subject") == [message["Subject"]]
    assert set(message.keys()) == set(parsed(an_email()).keys())


def test_html_in_a_label_is_text() -> None:
    hostile = '<script>alert(1)</script><img src="https://evil.example/x">'
    html = CHANNEL.render(an_email(facts=replace(CLIENT_FACTS, client_name=hostile, journeys=(hostile,)))).html
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_html_fetches_nothing() -> None:
    html = CHANNEL.render(an_email()).html
    assert "http" not in html
    assert "src=" not in html
    assert "url(" not in html


def test_the_language_is_named_for_those_who_listen_to_it() -> None:
    notice = an_email(facts=replace(CLIENT_FACTS, locale="fr"))
    assert parsed(notice)["Content-Language"] == "fr"
    assert '<html lang="fr">' in CHANNEL.render(notice).html


def test_over_long_labels_are_cut_and_say_so() -> None:
    facts = replace(CLIENT_FACTS, client_name="N" * 9999, journeys=("J " * 9999,) * 9, stages=("S" * 9999,) * 99)
    letter = compose(an_email(facts=facts))
    assert len(letter.subject) <= SUBJECT_LIMIT
    assert letter.subject.endswith("(cut)")
    assert len(CHANNEL.render(an_email(facts=facts)).content) < 30_000


def test_answers_are_invited_only_where_somebody_reads_them() -> None:
    answered = EmailChannel(PARAMS.model_copy(update={"reply_to": "desk@hub.example"}))
    assert parsed(an_email(), answered)["Reply-To"] == "desk@hub.example"
    assert "answer this message" in answered.render(an_email()).text
    assert "answer this message" not in CHANNEL.render(an_email()).text


def test_the_text_part_fits_an_old_terminal() -> None:
    assert all(len(line) <= 72 for line in CHANNEL.render(an_email()).text.splitlines())
