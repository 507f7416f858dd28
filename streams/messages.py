"""Writes the template of the catalogues from the code, and brings the catalogues up to it. `make messages` runs it."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from alerts.channels.email.words.blanks import BLANKS, blanks, may_leave_out_the_name

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "alerts" / "channels" / "email" / "locale"
TEMPLATE: Final = FOLDER / "foreshock.pot"
SOURCES: Final = ("alerts/channels/email/words/sentences.py", "streams/pages/words.py")
# Headers that would make a difference where there is none, or that nobody fills in.
_NO_USE: Final = tuple(
    f'"{name}: '.encode()
    for name in (
        "POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Report-Msgid-Bugs-To", "Last-Translator",
        "Language-Team",
    )
)  # fmt: skip
_MARK: Final = "Translators:"


def template() -> Catalog:
    """Return every text that the code asks for, with what translators need to know of it."""
    found = Catalog(
        project="Foreshock",
        version="1",
        header_comment="# What Foreshock writes to clients; docs/howto/add-a-language.md says how to translate it.",
        fuzzy=False,
    )
    for source in SOURCES:
        for _, text, comments, context in extract_from_file(
            "python", ROOT / source, comment_tags=(_MARK,), strip_comment_tags=True
        ):
            forms = (text,) if isinstance(text, str) else tuple(text)
            names = sorted(set().union(*map(blanks, forms)))
            told = [*comments, *(f"{{{name}}}: {BLANKS[name]}" for name in names)]
            found.add(text, locations=[(source, 0)], auto_comments=told, context=context)
    return found


def catalogues() -> Mapping[Path, bytes]:
    """Return every catalogue as it should be: a text that changed keeps its old translation, marked as fuzzy."""
    current, written = template(), {}
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/foreshock.po")):
        with path.open("rb") as file:
            catalogue = read_po(file)
        catalogue.update(current)
        written[path] = _po(catalogue)
    return {TEMPLATE: _po(current), **written}


def _po(catalogue: Catalog) -> bytes:
    for message in catalogue:
        if message.context is not None and may_leave_out_the_name(message.context):
            message.flags.discard("python-brace-format")  # by which tools would insist on {name}
    file = BytesIO()
    write_po(file, catalogue, ignore_obsolete=True, include_previous=True, include_lineno=False)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_NO_USE))


def main() -> None:
    """Write them."""
    for path, content in catalogues().items():
        path.write_bytes(content)


if __name__ == "__main__":
    main()
