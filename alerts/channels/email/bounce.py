"""What a delivery-status message says of a notice (RFC 3464). Pure; its input comes from strangers.

A bounce can be forged by anybody who knows our mailbox. What cannot be guessed is the id of the notice, which only
those have who got it: before an address is given up, compare ``notice`` and ``address`` with what was sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser
from typing import Final

from alerts.channels.email.outcomes import of_reply
from alerts.channels.email.params import plain_address
from alerts.channels.text import clean
from domain.errors import DecodeError
from domain.identity import NoticeId
from domain.notice import Failure, Rejected

MAX_BYTES: Final = 1_000_000
MAX_PARTS: Final = 50
MAX_RECIPIENTS: Final = 100
_STATUS: Final = re.compile(r"([245])\.\d{1,3}\.\d{1,3}")
_NOTICE: Final = re.compile(r"<(notice-[0-9a-f]{20})@[^<>@\s]+>")
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")
# "Failed" is final; a status of 4 then means that the server has tried long enough, not that the address is wrong.
_ACTIONS: Final = frozenset({"failed", "delayed"})


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient that a notice has not reached, or not yet."""

    notice: NoticeId
    address: str
    permanent: bool  # it will never arrive; else it is late, or was given up on for a reason that may pass
    final: bool  # nobody is trying any more
    status: str  # RFC 3463, such as 5.1.1
    failure: Failure
    detail: str  # the other server's words

    @property
    def gives_up_address(self) -> bool:
        """Whether to write to this address no more: there is no such mailbox. A refused message is no such reason."""
        return self.permanent and self.failure is Failure.UNKNOWN_RECIPIENT


def parse_dsn(raw: bytes) -> tuple[Bounce, ...]:
    """Return what is said of each recipient that was not reached; none when all were.

    Raises DecodeError for anything else than a delivery status about a notice of ours.
    """
    if len(raw) > MAX_BYTES:
        raise DecodeError("too_large", f"{len(raw)} bytes; at most {MAX_BYTES} are read")
    try:
        parts = list(_parts(message_from_bytes(raw)))
    except RecursionError as error:
        raise DecodeError("wrong_type", "messages within messages, too deep to be read") from error
    except (TypeError, ValueError) as error:  # the library stumbles over parameters that contradict each other
        raise DecodeError("wrong_type", "headers that cannot be read") from error
    blocks = next((_blocks(part) for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if blocks is None:
        raise DecodeError("wrong_type", "not a delivery status (RFC 3464)")
    notice = next((found for part in parts for found in _notice_of(part)), None)
    if notice is None:
        raise DecodeError("wrong_type", "a delivery status, but of no notice: no Message-ID of one is in it")
    recipients = [block for block in blocks if "Action" in block or "Final-Recipient" in block]
    if not recipients or len(recipients) > MAX_RECIPIENTS:
        raise DecodeError("wrong_type", f"a delivery status of {len(recipients)} recipients")
    said = [_bounce(notice, block) for block in recipients]
    return tuple(bounce for bounce in said if bounce is not None)


def _parts(message: Message) -> Iterator[Message]:
    """Walk without recursion: a message can be nested deeper than the stack."""
    waiting = [message]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        below = part.get_payload()
        if isinstance(below, list) and part.get_content_type() != "message/delivery-status":
            waiting.extend(each for each in below if isinstance(each, Message))


def _blocks(part: Message) -> list[Message]:
    blocks = part.get_payload()
    return [block for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []


def _notice_of(part: Message) -> Iterator[NoticeId]:
    """Find the Message-ID of the message that came back, whole or as headers only."""
    original: Message = part
    if part.get_content_type() == "text/rfc822-headers":
        text = part.get_payload(decode=True)
        original = HeaderParser().parsestr(text.decode("utf-8", "replace") if isinstance(text, bytes) else "")
    found = _NOTICE.fullmatch(_header(original, "Message-ID"))
    if found:
        yield NoticeId(found[1])


def _bounce(notice: NoticeId, block: Message) -> Bounce | None:
    action = _header(block, "Action").lower()
    if action not in _ACTIONS:
        return None  # delivered, relayed or expanded
    found = _STATUS.search(_header(block, "Status"))
    if found is None or found[1] == "2":
        raise DecodeError("wrong_type", "a recipient without a status of failure")
    status, final = found[0], action == "failed"
    words = clean(_header(block, "Diagnostic-Code").partition(";")[2], 200)
    outcome = of_reply(int(found[1]) * 100 + 50, status, words)
    return Bounce(
        notice=notice,
        address=_address(block),
        permanent=final and isinstance(outcome, Rejected),
        final=final,
        status=status,
        failure=outcome.failure,
        detail=words,
    )


def _address(block: Message) -> str:
    """Return the address that we wrote to, or the one that it was forwarded to when the other is not given."""
    for name in ("Original-Recipient", "Final-Recipient"):
        kind, _, address = _header(block, name).partition(";")
        if kind.strip().lower() not in {"rfc822", "utf-8"}:
            continue
        plain = _XTEXT.sub(lambda code: chr(int(code[1], 16)), address.strip()) if name[0] == "O" else address.strip()
        try:
            return plain_address(plain.strip("<>"))
        except ValueError:
            continue
    raise DecodeError("wrong_type", "a recipient without a plain e-mail address")


def _header(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())
