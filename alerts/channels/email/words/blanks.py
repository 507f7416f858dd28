"""The blanks of a text, ``{what}`` and the like: what each stands for, and what makes a text fit to be filled in."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from alerts.channels.email.words.speech import Key

# Each name means the same wherever it stands. Translators read this beside every text that has the blank.
BLANKS: Final[Mapping[str, str]] = {
    "what": "the names of what the client does with us, in quotation marks: one, or several with 'and'",
    "name": "the client, an organisation; or 'your organisation'",
    "journey": "the name of one thing that the client does with us",
    "time": "the time of day, as in 14:05",
    "zone": "the time zone, as in CET or UTC+1",
    "date": "the date, as in 22 November 2025",
    "when": "'From about ...', another text of this catalogue",
    "earliest": "a time of day, with the date where that is another day",
    "latest": "a time of day, with the date where that is another day",
    "word": "'Likely' or another word for it of this catalogue",
    "share": "a percentage",
    "count": "a number",
    "row": "what is said of it, as in 'First signs'",
    "value": "what it is",
    "heading": "a heading with a text below it",
    "words": "what somebody of our team wrote",
    "address": "an e-mail address, most of it hidden",
}
_BLANK: Final = re.compile(r"\{([a-z]+)\}")
_GREETINGS: Final = "greeting,"
_MARKUP: Final = re.compile(r"[<>]|&#?\w+;")
_NEEDED: Final = "\u00a0\u202f\u200c\u200d"  # no-break spaces, and what joins and parts letters: no language is without


def blanks(text: str) -> set[str]:
    """Return the names of the blanks of a text."""
    return set(_BLANK.findall(text))


def may_leave_out_the_name(context: str) -> bool:
    """Return whether a translation may have no ``{name}``: not every language greets an organisation by its name."""
    return context.startswith(_GREETINGS)


def faults(key: Key, text: str) -> Iterator[str]:
    """Say what is wrong with a translation, of one form if it has several."""
    if not text:
        yield "is not translated"
        return
    wanted, found = set().union(*map(blanks, key.forms)), blanks(text)
    missing = wanted - found - ({"name"} if may_leave_out_the_name(key.context) else set())
    yield from (f"lacks {{{name}}}" for name in sorted(missing))
    yield from (f"has {{{name}}}, which the English has not" for name in sorted(found - wanted))
    if re.search(r"[{}]", _BLANK.sub("", text)):
        yield "has a brace that belongs to no blank such as {what}"
    if text != text.strip():
        yield "begins or ends with a space"
    if _MARKUP.search(text):
        yield "has < or > or a character reference in it: the same text is shown as it is in plain letters"
    if any(not letter.isprintable() and letter not in _NEEDED for letter in text):
        yield "has a line break or another character in it that cannot be seen"
