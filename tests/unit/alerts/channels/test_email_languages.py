"""Every language says everything, nothing of it in another language, and writes times and numbers its own way."""

import re
from dataclasses import fields, replace

import pytest

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.language import Language
from alerts.channels.email.letter import compose
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from alerts.channels.email.words import Voice, Words, languages
from alerts.channels.email.words.blanks import blanks
from config.people import ClientSettings
from domain.notice import ClientFacts, Phase
from tests.support.notices import CLIENT_FACTS, T0, an_email, letters

CHANNEL = EmailChannel(
    EmailParams(host="h", sender="a@b.example", sender_name="0", reply_to="c@b.example", contact="0"),
    Links("https://0.example", ("k" * 32,)),
)
LANGUAGES = languages()
ENGLISH = LANGUAGES["en"]
OTHERS = sorted(set(LANGUAGES) - {"en"})
TONES = sorted(ENGLISH.voices)
# Written the same in both languages. "In" and "was" are German too; "Teams" is what German calls them.
SHARED = {
    "de": {"in", "was", "november", "teams"},
    "fr": {"cet", "contact", "interruption", "message", "minutes", "patience", "possible"},
}
_LINK = re.compile(r"https://\S+")
NAMES = {"ops", "bank", "example"}


def texts(of: Words | Voice) -> dict[str, str]:
    """Every text by name; those in a sequence are numbered."""
    found: dict[str, str] = {}
    for field in fields(of):
        value = getattr(of, field.name)
        if isinstance(value, str):
            found[field.name] = value
        elif isinstance(value, tuple):
            found |= {f"{field.name}.{number}": text for number, text in enumerate(value)}
        elif callable(value):
            found |= {f"{field.name}.{count}": value(count) for count in (1, 2)}
    return found


def every_text(words: Words) -> dict[str, str]:
    voices = {f"{tone}.{name}": text for tone, voice in words.voices.items() for name, text in texts(voice).items()}
    return texts(words) | voices


def word_set(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower()))


def shown(locale: str) -> set[str]:
    """Every word of every letter, its subject and its HTML, with numbers in place of all names."""
    found: set[str] = set()
    for tone in TONES:
        for notice in letters(locale, tone).values():
            assert isinstance(notice.facts, ClientFacts)
            facts = replace(notice.facts, client_name="0", journeys=("1", "2", "3", "4", "5"), stages=("6", "7"))
            facts = replace(facts, words="8" if facts.words else "")
            rendered = CHANNEL.render(replace(notice, facts=facts))
            body = rendered.html.partition("<body")[2].partition(">")[2]
            body = re.sub(r"<!--.*?-->|<[^>]*>|&#?\w+;", " ", body, flags=re.DOTALL)
            found |= word_set(rendered.title) | word_set(_LINK.sub(" ", rendered.text)) | word_set(body)
    return found - NAMES


def test_what_can_be_configured_is_what_there_is() -> None:
    assert {ClientSettings(name="Bank", locale=code).locale for code in LANGUAGES} == set(LANGUAGES)
    tone = ClientSettings.model_fields["tone"]
    assert set(tone.annotation.__args__) == set(TONES)  # type: ignore[union-attr] # a Literal
    assert tone.default == "formal"


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_there_with_the_same_blanks(code: str) -> None:
    english, other = every_text(ENGLISH), every_text(LANGUAGES[code])
    assert set(english) == set(other)
    assert [name for name, text in other.items() if not text.strip()] == []
    greetings = {f"{tone}.greeting" for tone in TONES}  # German and French greet nobody by name
    names_differ = {name for name in english if blanks(english[name]) != blanks(other[name])}
    assert names_differ - greetings == set()


@pytest.mark.parametrize("code", OTHERS)
def test_no_text_was_left_in_english(code: str) -> None:
    english = every_text(ENGLISH)
    same = {name for name, text in every_text(LANGUAGES[code]).items() if text == english[name]}
    assert same <= {"row", "heading", "clock", "possible"}


@pytest.mark.parametrize("code", OTHERS)
def test_no_english_word_is_in_a_letter_in_another_language(code: str) -> None:
    english, other = shown("en"), shown(code)
    assert len(english) > 100
    assert len(other) > 100
    assert english & other - SHARED.get(code, set()) == set()


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_formal_and_plain_letters_differ_in_every_sentence_that_is_addressed_to_somebody(code: str) -> None:
    formal, plain = (texts(LANGUAGES[code].voices[tone]) for tone in ("formal", "plain"))
    same = {name for name, text in formal.items() if plain.get(name) == text}
    assert same == set()


@pytest.mark.parametrize("code", ["de", "fr"])
def test_nobody_is_addressed_as_a_friend(code: str) -> None:
    friends = {
        "de": {"du", "dich", "dir", "dein", "deine", "euch", "ihr"},
        "fr": {"tu", "te", "toi", "ton", "ta", "tes"},
    }
    sentences = " ".join(text for text in every_text(LANGUAGES[code]).values())
    words = set(re.findall(r"[^\W\d_]+", sentences))  # as written: German "Ihr" is formal, "ihr" is not
    assert words & friends[code] == set()


@pytest.mark.parametrize("mark", [":", ";", "?", "!", "»", "%"])
def test_french_puts_a_no_break_space_before_high_marks(mark: str) -> None:
    for text in every_text(LANGUAGES["fr"]).values():
        assert all(text[place - 1] == "\u00a0" for place, sign in enumerate(text) if sign == mark)


def test_french_has_curved_apostrophes() -> None:
    assert [text for text in every_text(LANGUAGES["fr"]).values() if "'" in text] == []


@pytest.mark.parametrize("code", sorted(LANGUAGES))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_one_or_many_journeys_make_a_sentence(code: str, count: int) -> None:
    for tone in TONES:
        for notice in letters(code, tone).values():
            assert isinstance(notice.facts, ClientFacts)
            journeys = tuple(f"J{number}" for number in range(count))
            letter = compose(replace(notice, facts=replace(notice.facts, journeys=journeys)))
            assert not re.search(r"[{}]|  |None,|\(\)", f"{letter.subject}|{letter.title}|{letter.lead}|{letter.why}")
            assert letter.title[0].isupper() or letter.title[0].isdigit()


@pytest.mark.parametrize(
    ("code", "when", "sure", "first", "several"),
    [
        (
            "de",
            "Ab etwa 15:11 Uhr MEZ (zwischen 15:08 Uhr und 15:16 Uhr)",
            "Wahrscheinlich (etwa 80\u00a0%)",
            "22. November 2025, 14:58 Uhr MEZ",
            "A, B, C und 2 weitere",
        ),
        (
            "fr",
            "Vers 15:11 (UTC+1), entre 15:08 et 15:16",
            "Probable (environ 80\u00a0%)",
            "22 novembre 2025 à 14:58 (UTC+1)",
            "A, B, C et 2 autres",
        ),
    ],
)
def test_times_shares_and_lists_are_written_as_the_reader_writes_them(
    code: str, when: str, sure: str, first: str, several: str
) -> None:
    facts = replace(CLIENT_FACTS, locale=code, journeys=tuple("ABCDE"), stages=())
    values = [value for _, value in compose(an_email(facts=facts)).rows]
    assert values[:4] == [several, when, sure, first]


def test_names_that_are_only_counted_stand_in_the_case_of_the_sentence() -> None:
    letter = compose(an_email(facts=replace(CLIENT_FACTS, locale="de", journeys=tuple("ABCDE"))))
    assert letter.title == "Mögliche Störung bei A, B, C und 2 weiteren"
    assert "bei „A“, „B“, „C“ und 2 weiteren zu Verzögerungen" in letter.lead


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("en", "From about 00:30 CET on 1 December 2025 (between 23:50 and 01:10 on 1 December 2025)"),
        ("de", "Ab etwa 00:30 Uhr MEZ am 1. Dezember 2025 (zwischen 23:50 Uhr und 01:10 Uhr am 1. Dezember 2025)"),
        ("fr", "Vers 00:30 (UTC+1) le 1er décembre 2025, entre 23:50 et 01:10 le 1er décembre 2025"),
    ],
)
def test_what_is_expected_after_midnight_names_the_day(code: str, shown: str) -> None:
    midnight = 1_764_543_600.0  # 1 December 2025 in Berlin
    facts = replace(
        CLIENT_FACTS, locale=code, expected_at=midnight + 1800, earliest_at=midnight - 600, latest_at=midnight + 4200
    )
    assert shown in {value for _, value in compose(an_email(facts=facts, at=midnight - 3600)).rows}


@pytest.mark.parametrize(
    ("code", "zone", "at", "shown"),
    [
        ("de", "Europe/Zurich", 1_750_000_000.0, "MESZ"),
        ("de", "Europe/London", T0, "UTC"),
        ("de", "America/New_York", T0, "UTC-5"),
        ("de", "Asia/Kathmandu", T0, "UTC+5:45"),
        ("fr", "Europe/Paris", 1_750_000_000.0, "UTC+2"),
        ("fr", "UTC", T0, "UTC"),
        ("fr", "America/St_Johns", T0, "UTC-3:30"),
        ("en", "Europe/London", 1_750_000_000.0, "BST"),
        ("en", "America/New_York", T0, "EST"),
        ("en", "Asia/Kathmandu", T0, "UTC+5:45"),
    ],
)
def test_a_zone_has_a_name_that_its_readers_know_or_its_distance_from_utc(
    code: str, zone: str, at: float, shown: str
) -> None:
    stamp = Language.of(replace(CLIENT_FACTS, locale=code, timezone=zone)).stamp(at)
    assert re.search(rf"(?<![\w+:-]){re.escape(shown)}(?![\w+:-])", stamp)


@pytest.mark.parametrize(
    ("code", "seconds", "shown"),
    [
        ("en", 1.0, "1 second"),
        ("en", 89.0, "89 seconds"),
        ("en", 540.0, "9 minutes"),
        ("en", 3600.0, "1 hour"),
        ("en", 4800.0, "1 hour 20 minutes"),
        ("de", 4800.0, "1 Stunde 20 Minuten"),
        ("fr", 4800.0, "1\u00a0heure 20 minutes"),
        ("en", 200_000.0, "2 days 8 hours"),
        ("de", float("inf"), "sehr lange"),
        ("fr", float("nan"), "très longtemps"),
        ("en", -5.0, "0 seconds"),
    ],
)
def test_a_duration_is_in_whole_words(code: str, seconds: float, shown: str) -> None:
    assert Language.of(replace(CLIENT_FACTS, locale=code)).duration(seconds) == shown


@pytest.mark.parametrize("locale", ["", "xx", "EN", "../de", "pt_BR"])
def test_a_language_that_there_is_no_more_becomes_english(locale: str) -> None:
    letter = compose(an_email(facts=replace(CLIENT_FACTS, locale=locale, tone="rude")))
    assert letter == compose(an_email())


def test_what_is_cut_says_so_in_the_language_of_the_letter() -> None:
    facts = replace(CLIENT_FACTS, locale="de", journeys=("Überweisung " * 50,))
    letter = compose(an_email(Phase.UPDATE, facts=facts))
    assert letter.subject.endswith("(gekürzt)") or "(gekürzt)" in letter.subject
    assert "(cut)" not in CHANNEL.render(an_email(facts=facts)).text


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_hostile_names_stay_names_in_every_language(code: str) -> None:
    hostile = "{name} {0.__class__} %s\r\nBcc: evil@x.example <b>&amp;"
    for notice in letters(code, "plain").values():
        assert isinstance(notice.facts, ClientFacts)
        facts = replace(notice.facts, client_name=hostile, journeys=(hostile,), stages=(hostile,))
        rendered = CHANNEL.render(replace(notice, facts=facts))
        head = rendered.content.partition(b"\r\n\r\n")[0]
        assert b"\nBcc:" not in head
        assert "{name} {0.__class__} %s Bcc: evil@x.example <b>&amp;" in " ".join(rendered.text.split())
        assert "<b>" not in rendered.html
