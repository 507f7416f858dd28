"""Wordings of one's own are read with the configuration: beside its file, all faults at once, for letters and pages."""

from pathlib import Path

from config.loader import read
from streams.pages.page import Desk
from tests.support.clock import ManualClock
from tests.support.config_files import errors_of, write

CONFIG = """
channels:
  email: {host: mail.example, sender: status@hub.example, catalogues: wordings}
"""
HEAD = 'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
QUESTION = 'msgctxt "rating"\nmsgid "Was this warning useful to you?"\nmsgstr "Hat das geholfen?"\n\n'
FAULTY = 'msgctxt "row"\nmsgid "Lasted"\nmsgstr " Dauer"\n\nmsgctxt "row"\nmsgid "Sent"\nmsgstr "{time}"\n'


def configured(folder: Path, body: str) -> Path:
    catalogue = folder / "wordings" / "de" / "LC_MESSAGES" / "foreshock.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(HEAD + body, encoding="utf-8")
    return write(folder, CONFIG)


def test_every_fault_is_told_with_file_and_line(tmp_path: Path) -> None:
    (told,) = errors_of(configured(tmp_path, QUESTION + FAULTY), {})

    file = tmp_path / "wordings" / "de" / "LC_MESSAGES" / "foreshock.po"
    assert told.splitlines() == [
        "3: channels.email.catalogues: 2 faults",
        f'  {file}:11: "Lasted" (row) begins or ends with a space',
        f'  {file}:15: "Sent" (row) has {{time}}, which the English has not',
    ]


async def nobody(_said: object) -> None:
    """Take what nobody says here."""


def uncounted(_what: str) -> None:
    """Count nothing."""


def test_the_pages_speak_as_the_letters_do(tmp_path: Path) -> None:
    settings = read(configured(tmp_path, QUESTION), {}).settings

    words = Desk(settings, nobody, ManualClock(), uncounted)._languages["de"]

    assert words.rating[0] == "Hat das geholfen?"
    assert words.yes == "Ja, sie war nützlich"
