"""What letters are made of: English in the code, a catalogue for every other language, and a company's own wordings."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from alerts.channels.email.words.sentences import sentences
from alerts.channels.email.words.table import Voice, Words
from alerts.channels.email.words.wordings import in_every_language


@cache
def languages(own: Path | None = None) -> Mapping[str, Words]:
    """Return the words of every language, by its code, with a company's own wordings; raises CatalogueError."""
    return in_every_language(sentences, own)


__all__ = ["Voice", "Words", "languages"]
