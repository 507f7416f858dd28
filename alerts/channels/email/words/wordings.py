"""Tables of texts in every language: ours, and the wordings that a company has of its own.

A language is had whole or not at all, so that no letter is in two languages.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from babel.messages.catalog import Catalog

from alerts.channels.email.words.catalogue import (
    NAME,
    OURS,
    CatalogueError,
    faults_in,
    faults_of,
    forms,
    messages,
    read,
    texts,
)
from alerts.channels.email.words.speech import Counted, Key, Listener, Speaker, Speech, english
from alerts.channels.email.words.tongues import CODES, SOURCE, TONGUES, Tongue

T = TypeVar("T")


def in_every_language(table: Callable[[Speech], T], own: Path | None = None) -> Mapping[str, T]:
    """Return a table of texts in every language, by its code; raises CatalogueError.

    ``own`` is a folder of catalogues with other wordings: whatever they leave out stays ours.
    """
    listener = Listener()
    table(listener)
    reworded = {} if own is None else wordings(own)
    return {
        tongue.code: table(Speaker(tongue, {**_ours(tongue, listener.asked), **reworded.get(tongue.code, {})}))
        for tongue in TONGUES
    }


def wordings(folder: Path) -> Mapping[str, Mapping[Key, Counted]]:
    """Return the wordings in a folder, by language and text; raises CatalogueError with everything that is wrong."""
    known = set(messages(read(OURS / "foreshock.pot", "foreshock.pot")))
    found, wrong = {}, []
    for path in sorted(folder.rglob("*.po")):
        code, name = path.relative_to(folder).parts[0], str(path)
        if path != folder / code / NAME or code not in CODES:
            wrong.append(f"{name}: is not read; wordings are in CODE/{NAME} with {', '.join(CODES)} as the CODE")
            continue
        try:
            catalogue = read(path, name)
        except CatalogueError as error:
            wrong.append(str(error))
            continue
        faults = list(_wrong_wordings(catalogue, code, name, known))
        wrong += faults
        found[code] = {} if faults else texts(catalogue)
    if not found and not wrong:
        wrong.append(f"{folder}: has no catalogue in it, such as {CODES[0]}/{NAME}")
    if wrong:
        raise CatalogueError("\n".join(wrong))
    return found


def _ours(tongue: Tongue, asked: Collection[Key]) -> Mapping[Key, Counted]:
    if tongue is SOURCE:
        return {key: english(key) for key in asked}
    name = f"{tongue.code}/{NAME}"
    catalogue = read(OURS / tongue.code / NAME, name)
    wrong = list(_wrong(catalogue, tongue.code, name, asked))
    if wrong:
        raise CatalogueError("\n".join(wrong))
    return texts(catalogue)


def _wrong(catalogue: Catalog, code: str, name: str, asked: Collection[Key]) -> Iterator[str]:
    yield from faults_of(catalogue, code, name)
    found = messages(catalogue)
    for key in sorted(asked, key=lambda key: (key.context, key.message)):
        if key in found:
            yield from faults_in(catalogue, key, found[key], name)
        else:
            yield f'{name}: has no "{key.message}" ({key.context})'


def _wrong_wordings(catalogue: Catalog, code: str, name: str, known: Collection[Key]) -> Iterator[str]:
    yield from faults_of(catalogue, code, name)
    for key, message in messages(catalogue).items():
        if not any(forms(message)):
            continue
        if key in known:
            yield from faults_in(catalogue, key, message, name)
        else:
            yield f'{name}:{message.lineno}: "{key.message}" ({key.context}) is nothing that we write'
