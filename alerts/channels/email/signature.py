"""The signature on a letter (RFC 6376, RFC 8301, RFC 8463). Pure: the same letter gives the same bytes, signed too."""

import base64
import hashlib
import re
import textwrap
from email.message import EmailMessage
from typing import Final

from alerts.channels.email.dkim import DkimParams, load_key

# Each is signed once more than it stands there, so that nobody can add one for a mail program to show.
_ALWAYS: Final = (
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
    "Content-Type",
)  # fmt: skip
# The same where they stand: RFC 8058 asks for the first two. Elsewhere, a list at the reader's may add its own.
_PRESENT: Final = ("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Content-Language")
_WIDTH: Final = 76
_END: Final = b"\r\n"
_NEXT_FIELD: Final = re.compile(rb"\r\n(?![ \t])")
_BLANKS: Final = re.compile(rb"[ \t]+")


class Signer:
    """Signs the letters of one domain with one key."""

    def __init__(self, params: DkimParams, domain: str) -> None:
        """``domain`` is the one that signs; raises ValueError for a key that cannot be used."""
        self._key = load_key(params.private_key)
        self._who = f"v=1; a={self._key.kind}-sha256; c=relaxed/relaxed; d={domain}; s={params.selector};"

    def signed(self, mail: EmailMessage) -> bytes:
        """Return the message as it goes over the wire, its signature on top.

        The signature's time is the message's own date, so that a repeat is the same to the byte. It names no length of
        the body (l=): behind it, others could write what they like.
        """
        content = mail.as_bytes()
        head, _, body = content.partition(_END + _END)
        fields = dict(relaxed_field(field) for field in _NEXT_FIELD.split(head))  # none of them stands there twice
        present = [name for name in (*_ALWAYS, *_PRESENT) if name.lower() in fields]
        names = [*present, *present, *(name for name in _ALWAYS if name.lower() not in fields)]
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
        stamp = f" t={int(mail['Date'].datetime.timestamp())};" if "Date" in mail else ""
        text = f"DKIM-Signature: {self._who}{stamp} h={': '.join(names)}; bh={digest}; b="
        unsigned = _folded(text)
        signed = _END.join([*(fields[name.lower()] for name in present), relaxed_field(unsigned)[1]])
        signature = base64.b64encode(self._key.sign(hashlib.sha256(signed).digest())).decode()
        value = "".join(f"\r\n {line}" for line in textwrap.wrap(signature, _WIDTH - 1))
        return unsigned + value.encode("ascii") + _END + content


def relaxed_field(field: bytes) -> tuple[str, bytes]:
    """Return a header field's name, and the field as it is signed: each run of blanks one space (RFC 6376 3.4.2)."""
    name, _, value = field.partition(b":")
    name = name.rstrip(b" \t").lower()
    return name.decode("ascii"), name + b":" + _BLANKS.sub(b" ", value.replace(_END, b"")).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Return a body as it is signed: no blanks at ends of lines, no empty lines at the end (RFC 6376 3.4.4)."""
    lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(_END)]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + _END for line in lines)


def _folded(text: str) -> bytes:
    lines = textwrap.wrap(text, _WIDTH, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)
    return "\r\n".join(lines).encode("ascii")
