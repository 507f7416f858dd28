"""Links that a client may follow without a password: signed, opaque, and made anew from the same notice to the byte.

A token names its reader by a pseudonym that only the keys can make, so it tells nothing to whoever finds it, and only
contacts that are configured can be recognised. Decision: docs/adr/20261122-signed-links.md.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

from alerts.channels.text import moment
from domain.identity import ID_BYTES, AlertId, ClientId
from domain.notice import Notice

RATING_DAYS: Final = 30
MAX_TOKEN: Final = 200  # characters that are looked at
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BBI")  # version, purpose, expiry in epoch seconds (0: never)
_WHO_BYTES: Final = 10
_MAC_BYTES: Final = 16  # half of SHA-256's, the least that RFC 2104 allows: a chance of 1 in 2**128
_PAYLOAD_BYTES: Final = _HEAD.size + ID_BYTES + _WHO_BYTES
_ALERT: Final = re.compile(rf"alert-([0-9a-f]{{{2 * ID_BYTES}}})")
_NO_ALERT: Final = bytes(ID_BYTES)
_LAST: Final = 2**32


class Purpose(IntEnum):
    """What a link is for. A link for one thing opens nothing else."""

    RATING = 1
    UNSUBSCRIBE = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link that is ours says. ``alert`` is None where it is about the address alone."""

    alert: AlertId | None
    client: ClientId
    address: str


class Refusal(StrEnum):
    """Why a link opens nothing."""

    UNKNOWN = "unknown"  # forged, damaged, of a key that is gone, or of somebody who is no contact any more
    EXPIRED = "expired"


Opened: TypeAlias = Claim | Refusal


class Links:
    """Makes the links in letters."""

    def __init__(self, url: str, keys: Sequence[str]) -> None:
        """``url`` is where the pages are seen from outside; the first of the keys signs."""
        self._url = url.rstrip("/")
        self._key = keys[0].encode()

    def rating(self, notice: Notice) -> tuple[str, str] | None:
        """Return where to say that a warning was useful, and that it was not; None when it cannot be asked."""
        alert = _ALERT.fullmatch(notice.alert)
        if alert is None or notice.client is None or moment(notice.decided_at) is None:
            return None
        # From when it was decided, not from when it was tried: a repeat is the same message to the byte.
        expires_at = int(notice.decided_at) + RATING_DAYS * 86_400
        if expires_at >= _LAST:
            return None
        token = _token(self._key, Purpose.RATING, expires_at, bytes.fromhex(alert[1]), notice.client, notice.recipient)
        return f"{self._url}/rating/{token}?answer=yes", f"{self._url}/rating/{token}?answer=no"

    def unsubscribe(self, notice: Notice) -> str:
        """Return where this recipient leaves, the same in every notice, for as long as the key is known."""
        token = _token(self._key, Purpose.UNSUBSCRIBE, 0, _NO_ALERT, notice.client or "", notice.recipient)
        return f"{self._url}/unsubscribe/{token}"


class LinkReader:
    """Says what a link is, for the contacts that are configured. All keys are tried, always: time tells nothing."""

    def __init__(self, keys: Iterable[str], contacts: Iterable[tuple[ClientId, str]]) -> None:
        self._keys = [key.encode() for key in keys]
        everybody = list(contacts)
        self._people = [
            {_who(key, client, email): (client, email) for client, email in everybody} for key in self._keys
        ]

    def read(self, token: str, purpose: Purpose, now: float) -> Opened:
        """Return what the link says, or why it opens nothing."""
        raw = _decoded(token)
        if raw is None:
            return Refusal.UNKNOWN
        payload, given = raw[:_PAYLOAD_BYTES], raw[_PAYLOAD_BYTES:]
        person = None
        for key, people in zip(self._keys, self._people, strict=True):
            proven = hmac.compare_digest(_mac(key, b"link", payload)[:_MAC_BYTES], given)
            found = people.get(payload[-_WHO_BYTES:])
            person = found if proven and found is not None else person
        version, meant, expires_at = _HEAD.unpack_from(payload)
        if person is None or version != _VERSION or meant != purpose:
            return Refusal.UNKNOWN
        if expires_at and now >= expires_at:
            return Refusal.EXPIRED
        alert = payload[_HEAD.size : -_WHO_BYTES]
        return Claim(None if alert == _NO_ALERT else AlertId(f"alert-{alert.hex()}"), *person)


def _token(key: bytes, purpose: Purpose, expires_at: int, alert: bytes, client: str, address: str) -> str:
    payload = _HEAD.pack(_VERSION, purpose, expires_at) + alert + _who(key, client, address)
    return base64.urlsafe_b64encode(payload + _mac(key, b"link", payload)[:_MAC_BYTES]).decode()


def _decoded(token: str) -> bytes | None:
    if len(token) > MAX_TOKEN or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # One link, one spelling: decoding takes + and / as well.
    same = base64.urlsafe_b64encode(raw).decode() == token
    return raw if same and len(raw) == _PAYLOAD_BYTES + _MAC_BYTES else None


def _who(key: bytes, client: str, address: str) -> bytes:
    return _mac(key, b"who", f"{len(client)}:{client}{address}".encode())[:_WHO_BYTES]


def _mac(key: bytes, use: bytes, text: bytes) -> bytes:
    return hmac.digest(key, use + b"\0" + text, hashlib.sha256)
