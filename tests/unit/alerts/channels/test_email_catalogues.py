"""A language is had whole or not at all, what is wrong with a catalogue is said with file and line."""

import re
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.letter import compose
from alerts.channels.email.params import EmailParams
from alerts.channels.email.trial import trial
from alerts.channels.email.words import languages, wordings
from alerts.channels.email.words.catalogue import CatalogueError
from alerts.channels.email.words.sentences import sentences
from alerts.channels.email.words.speech import Listener
from alerts.channels.email.words.tongues import TONGUES, Tongue
from streams.messages import FOLDER
from streams.pages.words import languages as pages
from tests.support.notices import CLIENT_FACTS, T0, an_email
from tests.support.tree import run_tool, text_of

TWO = "nplurals=2; plural=(n != 1);"
GERMAN = replace(CLIENT_FACTS, locale="de", tone="plain")


def text(context: str, english: str, *forms: str, plural: str | None = None) -> str:
    more = "" if plural is None else f'msgid_plural "{plural}"\n'
    said = [f'msgstr "{forms[0]}"'] if plural is None else [f'msgstr[{n}] "{form}"' for n, form in enumerate(forms)]
    return f'msgctxt "{context}"\nmsgid "{english}"\n{more}' + "\n".join(said) + "\n\n"


def wording(folder: Path, *texts: str, code: str = "de", language: str | None = None, plural: str = TWO) -> Path:
    """A catalogue of one's own; its texts begin in line 6."""
    path = folder / code / "LC_MESSAGES" / "foreshock.po"
    path.parent.mkdir(parents=True)
    head = f'msgid ""\nmsgstr ""\n"Language: {language or code}\\n"\n"Plural-Forms: {plural}\\n"\n'
    path.write_text(f'{head}"Content-Type: text/plain; charset=utf-8\\n"\n' + "".join(texts), encoding="utf-8")
    return folder


def ours(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: Tongue) -> Path:
    """Our catalogues where they can be spoilt."""
    shutil.copytree(FOLDER, folder / "locale")
    monkeypatch.setattr(wordings, "OURS", folder / "locale")
    monkeypatch.setattr(wordings, "TONGUES", (*TONGUES, *more))
    return folder / "locale"


def faults(own: Path | None = None) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        wordings.in_every_language(sentences, own)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('msgstr "Freundliche Grüße"', 'msgstr ""', '"Kind regards" (closing, plain) is not translated'),
        (text("closing, plain", "Kind regards", "Freundliche Grüße"), "", 'has no "Kind regards" (closing, plain)'),
        ('msgctxt "closing, plain"', '#, fuzzy\nmsgctxt "closing, plain"', "is marked as fuzzy"),
        ('msgstr "Störung bei {what}"', 'msgstr "Störung"', '"Disruption: {what}" (subject) lacks {what}'),
        ('"Language: de\\n"', '"Language: fr\\n"', 'is in another language; its header should have "Language: de\\n"'),
        ('"Language: de\\n"\n', "", "does not say its language"),
        ("plural=(n != 1)", "plural=n / 0", "the rule for plurals in its header, n / 0, cannot be used"),
        ("plural=(n != 1)", "plural=n", "the rule for plurals"),
        ("nplurals=2", "nplurals=3000000", "nplurals=3000000 in its header: no language has so many forms"),
        ("plural=(n != 1)", "plural=system(n)", "the rule for plurals"),
    ],
)
def test_a_catalogue_of_ours_with_a_fault_is_used_for_nothing(
    before: str, after: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ours(tmp_path, monkeypatch) / "de" / "LC_MESSAGES" / "foreshock.po"
    content = path.read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, after, 1), encoding="utf-8")

    found = faults()

    assert [line for line in found if says in line and line.startswith("de/LC_MESSAGES/foreshock.po:")]
    assert len(found) == 1


def test_a_new_language_is_a_catalogue_and_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/howto/add-a-language.md says, with a language in which every word has an accent."""
    folder = ours(tmp_path, monkeypatch, Tongue("pl", "pl"))
    options = ("--input-file", folder / "foreshock.pot", "--output-dir", folder, "--domain", "foreshock")
    assert run_tool("pybabel", "init", *options, "--locale", "pl", cwd=tmp_path)[0] == 0
    assert len(faults()) > 100

    path = folder / "pl" / "LC_MESSAGES" / "foreshock.po"
    catalogue = read_po(StringIO(path.read_text(encoding="utf-8")))
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            message.string = accented(message.id)
        elif message.id:
            message.string = tuple(f"{accented(message.id[0])} {form}" for form in ("ø", "ù", "ü"))
    with path.open("wb") as file:
        write_po(file, catalogue)

    spoken = wordings.in_every_language(sentences)
    letter = compose(an_email(facts=replace(CLIENT_FACTS, locale="pl")), spoken=spoken)
    assert letter.locale == "pl"
    assert (letter.label, letter.greeting) == (accented("Early warning"), accented("Dear {name},").format(name=NAME))
    shown = " ".join([letter.subject, letter.lead, letter.why, *letter.advice, *(name for name, _ in letter.rows)])
    assert set(re.findall(r"[^\W\d]+", shown.replace(NAME, "").replace("Payment initiation", ""))) & english() == set()
    assert [spoken["pl"].more(count)[-1] for count in (1, 2, 5, 22)] == ["ø", "ù", "ü", "ù"]


NAME = CLIENT_FACTS.client_name


def accented(english: str) -> str:
    return re.sub(r"(?<![{\w])[A-Za-z]", lambda found: f"é{found[0]}", english)


def english() -> set[str]:
    listener = Listener()
    sentences(listener)
    return {word for key in listener.asked for word in re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", key.message))}


def test_a_language_without_its_catalogue_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(tmp_path, monkeypatch, Tongue("pl", "pl"))

    assert [line.partition(": ")[0] for line in faults()] == ["pl/LC_MESSAGES/foreshock.po"]


def test_own_wordings_replace_ours_and_leave_the_others(tmp_path: Path) -> None:
    own = wording(
        tmp_path,
        text("closing, plain", "Kind regards", "Beste Grüße"),
        text("rating", "Was this warning useful to you?", "Hat Ihnen das geholfen?"),
        text("letter, plain", "There is news about {what}. This message replaces the last one.", ""),
        text("list", "{count} more", "einer ({count})", "noch {count}", plural="{count} more"),
    )
    before, after = compose(an_email(facts=GERMAN)), compose(an_email(facts=GERMAN), spoken=languages(own))

    assert after == replace(before, sign_off="Beste Grüße", rating="Hat Ihnen das geholfen?")
    assert [languages(own)["de"].more(count) for count in (1, 2)] == ["einer ({count})", "noch {count}"]
    assert pages(own)["de"].rating == ("Hat Ihnen das geholfen?", pages()["de"].rating[1])
    french, counted = languages(own)["fr"], ("steps", "more", "more_in_prose")
    assert french == replace(languages()["fr"], **{name: getattr(french, name) for name in counted})


def test_the_wording_in_the_documentation_is_one(tmp_path: Path) -> None:
    document = text_of(Path("docs/email.md"))
    (example,) = re.findall(r"^```\n(msgid .*?)^```", document, re.MULTILINE | re.DOTALL)
    path = tmp_path / "de" / "LC_MESSAGES" / "foreshock.po"
    path.parent.mkdir(parents=True)
    path.write_text(example, encoding="utf-8")

    assert languages(tmp_path)["de"].voices["formal"].sign_off == "Hochachtungsvoll"


def test_english_can_be_worded_anew_too(tmp_path: Path) -> None:
    own = wording(tmp_path, text("greeting, formal", "Dear {name},", "Dear colleagues at {name},"), code="en")

    assert compose(an_email(), spoken=languages(own)).greeting == f"Dear colleagues at {NAME},"
    assert compose(an_email()).greeting == f"Dear {NAME},"


def test_the_channel_writes_with_the_wordings_of_its_configuration(tmp_path: Path) -> None:
    own = wording(tmp_path, text("closing, plain", "Kind regards", "Beste Grüße"))
    params = EmailParams(host="h", sender="a@b.example", catalogues=own)

    assert "\nBeste Grüße\n" in EmailChannel(params).render(an_email(facts=GERMAN)).text
    assert "Beste Grüße" in trial("c@d.example", GERMAN, T0, params).as_bytes().decode().replace("=C3=BC", "ü").replace(
        "=C3=9F", "ß"
    )


SUBJECT = "Update: {what} may be disrupted"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("Neues", "lacks {what}"),
        ("Neues zu {What} {what}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {what.__class__} {what}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {what!r:9} {what}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {} {what}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {0} {what}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {{what}}", "has a brace that belongs to no blank such as {what}"),
        ("Neues zu {what} für {name}", "has {name}, which the English has not"),
        ("Neues zu {what} ", "begins or ends with a space"),
        ("\u00a0Neues zu {what}", "begins or ends with a space"),
        ("Neues zu <b>{what}</b>", "has < or > or a character reference in it"),
        ("Neues zu&nbsp;{what}", "has < or > or a character reference in it"),
        ("Neues zu {what}\\nBcc: x", "has a line break or another character in it that cannot be seen"),
        ("Neues zu \u202e{what}", "has a line break or another character in it that cannot be seen"),
        ("Neu\u00ades zu {what}", "has a line break or another character in it that cannot be seen"),
        ("Neues zu \U000e0041{what}", "has a line break or another character in it that cannot be seen"),
    ],
)
def test_a_wording_with_a_fault_is_refused_with_its_line(said: str, says: str, tmp_path: Path) -> None:
    own = wording(tmp_path, text("closing, plain", "Kind regards", "Gruß"), text("subject", SUBJECT, said))

    (found,) = faults(own)

    assert found.startswith(f'{own / "de/LC_MESSAGES/foreshock.po"}:11: "{SUBJECT}" (subject) {says}')


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (text("closing, plain", "Kindest regards", "Gruß"), 7, "is nothing that we write"),
        (text("closing, formal", "Kind regards", "Gruß"), 7, "is nothing that we write"),
        ("#, fuzzy\n" + text("closing, plain", "Kind regards", "Gruß"), 8, "is marked as fuzzy"),
        (text("list", "{count} more", "{count} weitere"), 7, "is nothing that we write"),
        (text("list", "{count} more", "{count} weitere", plural="{count} more"), 7, "is not translated"),
        ('msgctxt "closing, plain"\nmsgid "Kind regards"\nmsgstr "Gruß\n', 8, "is neither a comment nor a keyword"),
        ('msgctxt "closing, plain"\nmsgid "Kind regards"\nmsgstr Gruß\n', 8, "is neither a comment nor a keyword"),
        ('msgctxt "closing, plain"\nmsgstr "Gruß"\n', 7, "msgstr does not belong after msgctxt"),
        ('msgid "Kind regards"\nmsgid_plural "a"\nmsgid "b"\n', 8, "msgid does not belong after msgid_plural"),
        ('msgctxt "closing, plain"\nmsgid "Kind regards"\n', 7, "missing msgstr"),
        (2 * text("closing, plain", "Kind regards", "Gruß"), 11, "the same text stands here a second time"),
        (
            'msgctxt "list"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[0] "d"\n',
            10,
            "does not belong after msgstr[0]",
        ),
        ('msgctxt "row"\nmsgid "Sent"\nmsgstr "a"\nmsgstr "b"\n', 9, "msgstr does not belong after msgstr"),
        ("# \u2028\n" + text("closing, plain", "Kind regards", "<b>"), 8, "has < or >"),
    ],
)
def test_what_is_no_catalogue_of_ours_is_refused_with_its_line(body: str, line: int, says: str, tmp_path: Path) -> None:
    found = faults(wording(tmp_path, body))

    assert found[0].startswith(f"{tmp_path / 'de/LC_MESSAGES/foreshock.po'}:{line}: ")
    assert says in found[0]
    assert len(found) == 1


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    wording(tmp_path, text("subject", SUBJECT, "Neues"), text("closing, plain", "Kind regards", "<Gruß>"))
    wording(tmp_path, text("subject", SUBJECT, "Du nouveau"), code="fr")

    assert len(faults(tmp_path)) == 3


@pytest.mark.parametrize(
    ("place", "content", "says"),
    [
        ("xx/LC_MESSAGES/foreshock.po", b"", "is not read; wordings are in CODE/LC_MESSAGES/foreshock.po"),
        ("de.po", b"", "is not read; wordings are in CODE/LC_MESSAGES/foreshock.po"),
        ("de/LC_MESSAGES/other.po", b"", "is not read; wordings are in CODE/LC_MESSAGES/foreshock.po"),
        ("de/LC_MESSAGES/foreshock.po", b"\xff\xfe", "cannot be read: 'utf-8' codec can't decode"),
        ("de/LC_MESSAGES/foreshock.txt", b"", "has no catalogue in it, such as de/LC_MESSAGES/foreshock.po"),
    ],
)
def test_a_folder_without_wordings_that_can_be_read_is_refused(
    place: str, content: bytes, says: str, tmp_path: Path
) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_bytes(content)

    (found,) = faults(tmp_path)

    assert says in found


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path / "gone") == [
        f"{tmp_path / 'gone'}: has no catalogue in it, such as de/LC_MESSAGES/foreshock.po"
    ]
