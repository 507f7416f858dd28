"""How the headers of a letter are written. The library's own way is fit for short and harmless ones only.

It makes encoded words of a long id or address to click, which no mail program follows; it loses the quotation marks of
a long name, so that a comma in it makes several senders of one; and it decodes a subject that looks like encoded words,
so that a name could hold a line break, and with it another header.
"""

from email.header import Header
from email.policy import EmailPolicy
from typing import Any, Final

_WIDTH: Final = 76
_ONE_WORD: Final = frozenset({"In-Reply-To", "References", "List-Unsubscribe"})
_WORDS: Final = frozenset({"From", "Subject"})


class MailPolicy(EmailPolicy):
    """Writes headers in ASCII, as over SMTP."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Return the header as it is kept: of a subject, every character as it was given."""
        return (name, value) if name == "Subject" else super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """Return the header as it is written."""
        line = f"{name}: {value}"
        if name in _ONE_WORD or (name in _WORDS and _is_plain(line)):
            return line + self.linesep
        match name:
            case "Subject":
                return self._encoded(name, value) + self.linesep
            case "From":
                (sender,) = value.addresses
                return f"{self._encoded(name, sender.display_name)}{self.linesep} <{sender.addr_spec}>{self.linesep}"
            case _:
                return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the same in bytes."""
        return self.fold(name, value).encode("ascii")

    def _encoded(self, name: str, text: str) -> str:
        return f"{name}: {Header(text, 'utf-8', header_name=name).encode(linesep=self.linesep)}"


def _is_plain(line: str) -> bool:
    return line.isascii() and line.isprintable() and "=?" not in line and len(line) <= _WIDTH
