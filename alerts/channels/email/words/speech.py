"""What tables of texts are made of: gettext's functions, and what answers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

from alerts.channels.email.words.tongues import SOURCE, Tongue

Counted: TypeAlias = Callable[[int], str]  # the text for a number
Forms: TypeAlias = tuple[str, ...]  # a text, or one for each of the numbers that a language tells apart


@dataclass(frozen=True, slots=True)
class Key:
    """What identifies a text: its place and tone, and the English."""

    context: str
    message: str
    plural: str | None = None

    @property
    def forms(self) -> Forms:
        """Return the English, singular first."""
        return (self.message,) if self.plural is None else (self.message, self.plural)


class Speech(Protocol):
    """Says English texts in a language. The names are gettext's: its tools find the texts by them."""

    @property
    def tongue(self) -> Tongue:
        """Return the language."""

    def pgettext(self, context: str, message: str) -> str:
        """Return the text in the language."""

    def npgettext(self, context: str, singular: str, plural: str) -> Counted:
        """Return what gives the text for a number."""


class Listener:
    """Says everything as it stands in the code, and remembers what it was asked for."""

    tongue = SOURCE

    def __init__(self) -> None:
        self.asked: set[Key] = set()

    def pgettext(self, context: str, message: str) -> str:
        """Return the English."""
        self.asked.add(Key(context, message))
        return message

    def npgettext(self, context: str, singular: str, plural: str) -> Counted:
        """Return what gives the English."""
        key = Key(context, singular, plural)
        self.asked.add(key)
        return english(key)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says what it has the texts of."""

    tongue: Tongue
    texts: Mapping[Key, Counted]

    def pgettext(self, context: str, message: str) -> str:
        """Return the text in the language; raises KeyError."""
        return self.texts[Key(context, message)](1)

    def npgettext(self, context: str, singular: str, plural: str) -> Counted:
        """Return what gives the text for a number; raises KeyError."""
        return self.texts[Key(context, singular, plural)]


def english(key: Key) -> Counted:
    """Return the text as it stands in the code."""
    return partial(_english, key)


def _english(key: Key, count: int) -> str:
    return key.message if key.plural is None or count == 1 else key.plural
