"""The e-mails of a run as their readers saw them. Each is a document of its own, in a frame that runs no scripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path

from streams.demo.slack_page import template

# What a reader follows in a letter opens beside it, as from a mail program.
_BASE = '<base target="_blank">'


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail. ``html`` is foreign: it is shown in a sandboxed frame."""

    subject: str
    recipient: str
    date: str
    html: str

    @property
    def framed(self) -> str:
        """Return what the frame shows."""
        return _BASE + self.html


def read_letters(files: Iterable[Path]) -> tuple[Letter, ...]:
    """Return the e-mails in these files, the earliest first."""
    return in_order(message_from_bytes(file.read_bytes(), policy=default) for file in files)


def in_order(messages: Iterable[EmailMessage]) -> tuple[Letter, ...]:
    """Return these e-mails, the earliest first."""
    return tuple(_letter(message) for message in sorted(messages, key=_sent_at))


def render_letters(letters: Sequence[Letter]) -> str:
    """Return the page of a mailbox that everybody's mail has come to, the latest first."""
    return template("letters.html").render(letters=letters[::-1])


def _sent_at(message: EmailMessage) -> float:
    date = message["Date"]
    return 0.0 if date is None else float(date.datetime.timestamp())


def _letter(message: EmailMessage) -> Letter:
    body = message.get_body(("html", "plain"))
    text = "" if body is None else str(body.get_content())
    if body is not None and body.get_content_type() == "text/plain":
        text = f"<pre>{escape(text)}</pre>"
    subject, recipient, date = (str(message[name] or "").strip() for name in ("Subject", "To", "Date"))
    return Letter(subject, recipient, date, text)
