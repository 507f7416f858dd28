"""Catalogues of translations: gettext's .po files as translators leave them, read without a step between.

What is wrong with one is said with file and line. Nothing here knows the locale of the process.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from gettext import c2py
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, PoFileParser

from alerts.channels.email.words.blanks import faults
from alerts.channels.email.words.speech import Counted, Forms, Key
from domain.errors import ConfigError

OURS: Final = files("alerts.channels.email") / "locale"
NAME: Final = "LC_MESSAGES/foreshock.po"
NUMBERS: Final = (*range(1001), 10**6)  # a rule for plurals is tried on them: no language's looks at more
FORMS_MOST: Final = 10  # that a file can hold: a form is named by one digit; no language has more than six
_FORMS: Final = re.compile(r"nplurals\s*=\s*(\d+)")
_LINE: Final = re.compile(r'(?:((msgctxt|msgid|msgid_plural|msgstr)(?:\[\d\])?)[ \t]+)?"(?:[^"\\]|\\["\\nrt])*"')
_BEFORE: Final[Mapping[str, Collection[str]]] = {  # what may come before a keyword
    "msgctxt": ("", "msgstr"),
    "msgid": ("", "msgctxt", "msgstr"),
    "msgid_plural": ("msgid",),
    "msgstr": ("msgid", "msgid_plural", "msgstr"),
}


class CatalogueError(ConfigError):
    """A catalogue cannot be used: a line for each fault, with file and line."""


class _Once(Catalog):
    """A catalogue that takes no text a second time: Babel would keep one of the two, and not say which."""

    def __setitem__(self, id: str | tuple[str, ...] | list[str], message: Message) -> None:  # noqa: A002 - Babel's name for it
        if id and self.get(id, message.context) is not None:
            raise PoFileError("the same text stands here a second time", self, "", (message.lineno or 1) - 1)
        super().__setitem__(id, message)


def read(path: Traversable, name: str) -> Catalog:
    """Return the catalogue in a file, which errors call ``name``; raises CatalogueError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        many = _FORMS.search(text)  # Babel makes as many for each text that is counted
        if many is not None and (len(many[1]) > 2 or int(many[1]) > FORMS_MOST):
            raise CatalogueError(f"{name}: {many[0][:40]} in its header: no language has so many forms")
        misplaced = [f"{name}:{line}: {told}" for line, told in _misplaced(text)]
        if misplaced:
            raise CatalogueError("\n".join(misplaced))
        catalogue = _Once()
        PoFileParser(catalogue, abort_invalid=True).parse(StringIO(text))
        return catalogue  # noqa: TRY300 - what it raises is of a kind with the rest
    except PoFileError as error:
        told = str(error).rpartition(" on ")[0]  # Babel counts lines from zero
        raise CatalogueError(f"{name}:{error.lineno + 1}: {told}") from error
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{name}: cannot be read: {error}") from error


def messages(catalogue: Catalog) -> Mapping[Key, Message]:
    """Return the messages of a catalogue by what identifies them."""
    return {
        Key(message.context or "", *([message.id] if isinstance(message.id, str) else message.id)): message
        for message in catalogue
        if message.id
    }


def forms(message: Message) -> Forms:
    """Return the translation, or each of its forms."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def texts(catalogue: Catalog) -> Mapping[Key, Counted]:
    """Return what a catalogue without fault says, but for what it leaves empty."""
    by_number = _rule(catalogue)
    return {
        key: partial(_counted, forms(message), _only if key.plural is None else by_number)
        for key, message in messages(catalogue).items()
        if any(forms(message))
    }


def _only(_count: int) -> int:
    return 0


def _counted(forms: Forms, rule: Callable[[int], int], count: int) -> str:
    return forms[rule(count)]


def _rule(catalogue: Catalog) -> Callable[[int], int]:
    """Return which form is for a number; raises ValueError for a rule that cannot be used."""
    made = c2py(catalogue.plural_expr)
    try:
        if all(0 <= made(number) < catalogue.num_plurals for number in NUMBERS):
            return made
    except ArithmeticError:
        pass
    raise ValueError("chooses a form that there is not")


def faults_of(catalogue: Catalog, code: str, name: str) -> Iterator[str]:
    """Say what is wrong with the catalogue as a whole, which is to be in the language ``code``."""
    if catalogue.locale_identifier != code:
        told = "does not say its language" if catalogue.locale_identifier is None else "is in another language"
        yield f'{name}: {told}; its header should have "Language: {code}\\n"'
    try:
        _rule(catalogue)
    except ValueError as error:
        yield f"{name}: the rule for plurals in its header, {catalogue.plural_expr}, cannot be used: {error}"


def faults_in(catalogue: Catalog, key: Key, message: Message, name: str) -> Iterator[str]:
    """Say what is wrong with one translation."""
    wanted = 1 if key.plural is None else catalogue.num_plurals
    told = [*_marks(message), *(fault for text in forms(message) for fault in faults(key, text))]
    if len(forms(message)) != wanted:
        told.append(f"has {len(forms(message))} forms, not {wanted}")
    yield from (f'{name}:{message.lineno}: "{key.message}" ({key.context}) {fault}' for fault in dict.fromkeys(told))


def _marks(message: Message) -> Iterator[str]:
    if message.fuzzy:
        yield "is marked as fuzzy: somebody has to look at it, and to take the mark away"


def _misplaced(text: str) -> Iterator[tuple[int, str]]:
    """Say which lines Babel would take for something else than their author: it is lenient where gettext is not."""
    keyword, kind = "", ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            yield number, "is neither a comment nor a keyword and a text in quotation marks"
        elif found[1] is not None:
            if kind not in _BEFORE[found[2]] or found[1] == keyword:
                yield number, f"{found[1]} does not belong after {keyword or 'the beginning'}"
            keyword, kind = found[1], found[2]
