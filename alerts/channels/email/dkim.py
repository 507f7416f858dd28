"""DKIM: whose key signs letters, and the DNS record that tells the world of it. Decision: docs/adr/20261122-dkim.md.

Only this module knows `cryptography`, an extra: who lets a relay sign does without it.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

SMALLEST_RSA: Final = 2048  # bits: RFC 8301 asks for as many of a signer
LARGEST_RSA: Final = 4096  # and does not ask verifiers to take more
_STRING: Final = 255  # bytes in one string of a TXT record
_LABELS: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_NEW_KEY: Final = "make one with `openssl genrsa -out dkim.pem 2048`"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key that can be used, and not be seen."""

    kind: Literal["rsa", "ed25519"]
    public: str  # as it stands in DNS
    sign: Callable[[bytes], bytes]  # takes a SHA-256 digest; the same one, the same signature


class DkimParams(BaseModel):
    """Sign letters here: for a mail server that does not sign. Without this section they leave unsigned."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    domain: str | None = Field(
        default=None,
        description="Domain that signs: the sender's, which it is if it is left out, or one that the sender's is in.",
    )
    selector: str = Field(description="Name of the key: its record is published at SELECTOR._domainkey.DOMAIN.")
    private_key: SecretStr = Field(description="RSA of 2048 to 4096 bits or Ed25519, as PEM without a password.")

    @field_validator("domain", "selector")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            name = value.encode("idna").decode("ascii").lower()
        except UnicodeError:
            name = ""
        if _LABELS.fullmatch(name) is None:
            raise ValueError("is not a name as in DNS, such as example.com or foreshock-2026")
        return name

    @model_validator(mode="after")
    def _can_sign(self) -> "DkimParams":
        # Here and not on the field: of what is wrong with a secret itself nothing is told.
        load_key(self.private_key)
        return self


def load_key(secret: SecretStr) -> Key:
    """Return the key; raises ValueError with what is wrong and how to mend it, and with nothing of the key."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra: only who signs needs it
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - the same
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, utils  # noqa: PLC0415 - the same
    except ImportError:
        raise ValueError("signing needs cryptography: run pip install '.[dkim]' in the checkout") from None
    try:
        key = serialization.load_pem_private_key(secret.get_secret_value().encode(), password=None)
    except TypeError:
        raise ValueError("private_key asks for a password; write it without: `openssl pkey -in OLD -out NEW`") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"private_key is no private key in PEM; {_NEW_KEY}") from None
    public = key.public_key()
    form = serialization.PublicFormat
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = public.public_bytes(serialization.Encoding.Raw, form.Raw)
        return Key("ed25519", base64.b64encode(raw).decode(), key.sign)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"private_key is of a kind that DKIM does not know; {_NEW_KEY}")  # noqa: TRY004 - the value is wrong, not its type
    if not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
        raise ValueError(f"private_key has {key.key_size} bits, and 2048 to 4096 are taken; {_NEW_KEY}")
    der = public.public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo)
    sign = partial(key.sign, padding=padding.PKCS1v15(), algorithm=utils.Prehashed(hashes.SHA256()))
    return Key("rsa", base64.b64encode(der).decode(), sign)


def dns_record(params: DkimParams, domain: str) -> str:
    """Return the record that readers' servers look for, as a line of a zone file; ``domain`` is the one that signs."""
    key = load_key(params.private_key)
    value = f"v=DKIM1; k={key.kind}; p={key.public}"
    strings = [f'"{value[start : start + _STRING]}"' for start in range(0, len(value), _STRING)]
    return f"{params.selector}._domainkey.{domain}. IN TXT {' '.join(strings)}"
