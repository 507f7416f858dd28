"""Keys that sign letters in tests, and other people's programs that check signatures: dkimpy and OpenDKIM."""

import subprocess
from functools import cache
from pathlib import Path

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# The private key of RFC 8463, A.2, in the form that openssl writes, and its record as the RFC has it.
ED25519_KEY = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""
ED25519_RECORD = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@cache
def an_rsa_key(bits: int = 2048) -> str:
    """Return a private key of its own for this run."""
    key = rsa.generate_private_key(65537, bits)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def in_dns(line: str) -> tuple[str, str]:
    """Return name and value of a record in a line of a zone file, as a resolver would."""
    name, _, strings = line.partition(" IN TXT ")
    parts = strings.strip('"').split('" "')
    assert max(map(len, parts)) <= 255
    return name, "".join(parts)


def is_genuine(message: bytes, line: str) -> bool:
    """Whether dkimpy finds the signature to be of the key in the record, and the message to be what was signed."""
    place, value = in_dns(line)

    def resolved(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - as dkimpy calls it
        return value.encode() if name == place.encode() else None

    return bool(dkim.verify(message, dnsfunc=resolved))


def opendkim_says(message: bytes, line: str, folder: Path) -> str:
    """Return what OpenDKIM, the filter of mail servers, says of a message that has arrived."""
    place, value = in_dns(line)
    (folder / "keys").write_text(f"{place.rstrip('.')} {value}\n")
    (folder / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {folder}/keys\n")
    (folder / "arrived.eml").write_bytes(message)
    asked: list[str | Path] = ["opendkim", "-x", folder / "opendkim.conf", "-t", folder / "arrived.eml"]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - ours
    return done.stdout + done.stderr
