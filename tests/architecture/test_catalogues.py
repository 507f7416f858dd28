"""The catalogues of letters and pages hold what the code asks for, all of it, and nothing that nobody has looked at."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from alerts.channels.email.words.blanks import BLANKS, blanks
from alerts.channels.email.words.catalogue import faults_in, faults_of, messages
from alerts.channels.email.words.sentences import sentences
from alerts.channels.email.words.speech import Key, Listener, Speech
from alerts.channels.email.words.tongues import CODES, SOURCE
from streams.messages import FOLDER, SOURCES, TEMPLATE, catalogues
from streams.pages.words import page_words
from tests.support.tree import ROOT, modules, text_of

OTHERS = [code for code in CODES if code != SOURCE.code]
TABLES: tuple[Callable[[Speech], object], ...] = (sentences, page_words)


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def translation(code: str) -> Path:
    return FOLDER / code / "LC_MESSAGES" / "foreshock.po"


def asked() -> set[Key]:
    """What the code asks for when it runs, which extraction can miss: it reads the source only."""
    listener = Listener()
    for table in TABLES:
        table(listener)
    return listener.asked


def test_the_template_is_what_the_code_asks_for() -> None:
    assert TEMPLATE.read_bytes() == catalogues()[TEMPLATE], "run `make messages`"
    assert set(messages(catalogue(TEMPLATE))) == asked()


def test_texts_are_asked_for_where_extraction_looks() -> None:
    asking = {str(path) for path in modules() if re.search(r"\.n?pgettext\(", text_of(path))}

    assert asking == set(SOURCES)


def test_every_language_has_a_catalogue_and_every_catalogue_is_a_language() -> None:
    assert sorted(path.relative_to(FOLDER).parts[0] for path in FOLDER.rglob("*.po")) == OTHERS


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(code: str) -> None:
    found = catalogue(translation(code))

    assert set(messages(found)) == asked(), "run `make messages`, and translate"
    assert list(found.obsolete) == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_no_fault(code: str) -> None:
    found = catalogue(translation(code))
    faults = [fault for key, message in messages(found).items() for fault in faults_in(found, key, message, code)]

    assert [*faults_of(found, code, code), *faults] == []


def test_the_english_has_no_fault_either() -> None:
    template = catalogue(TEMPLATE)
    for key, message in messages(template).items():
        message.string = message.id
        assert list(faults_in(template, key, message, "en")) == []


def test_translators_are_told_what_every_blank_stands_for() -> None:
    used = set()
    for key, message in messages(catalogue(TEMPLATE)).items():
        for name in set().union(*map(blanks, key.forms)):
            assert any(comment.startswith(f"{{{name}}}: ") for comment in message.auto_comments)
            used.add(name)

    assert used == set(BLANKS)


def test_the_wheel_has_the_catalogues() -> None:
    """Hatch puts every file of a package into the wheel, but for those that git ignores."""
    ignored = text_of(Path(".gitignore")).split()

    assert [line for line in ignored if line.lstrip("*") in {".po", ".pot", "locale/"}] == []
    assert FOLDER.is_relative_to(ROOT / "alerts")
