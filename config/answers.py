"""Section about where people's answers come in: answers."""

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.email.links import Links
from config.fields import Section

MIN_KEY: Final = 32
_URL: Final = re.compile(r"https?://[!-;=?-~]+")  # visible ASCII without angle brackets: it stands in mail headers
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class AnswersSettings(Section):
    """Where people's answers come in: `foreshock answers`, with the pages behind the links in letters to clients."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 inside a container."
    )
    port: int = Field(default=6068, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    url: str | None = Field(
        default=None,
        description="Where clients reach `foreshock answers` from outside, such as https://answers.example.com; with "
        "it and keys, letters carry signed links.",
    )
    keys: SecretStr | None = Field(
        default=None,
        description="Secrets that links are signed with, one a line: the first signs, all are accepted. To change "
        "them, put a new one on top, and take the old one away after 30 days.",
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value) if _URL.fullmatch(value) else None
        if parts is None or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("is not a web address such as https://answers.example.com")
        if "@" in parts.netloc:
            raise ValueError("holds a name or a password, and stands in every letter: take it out")
        if parts.scheme != "https" and parts.hostname not in _HERE:
            raise ValueError("is not encrypted: what a link allows, everybody on its way could do; write https")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _agrees(self) -> "AnswersSettings":
        if (self.url is None) != (self.keys is None):
            raise ValueError("url and keys come together: set both or neither")
        # Here and not on the field: of what is wrong with a secret itself nothing is told.
        if self.keys is not None and any(len(key) < MIN_KEY for key in self.signing_keys or ("",)):
            raise ValueError(f"keys hold one that is too short to be safe; write at least {MIN_KEY} characters a line")
        return self

    def links(self) -> Links | None:
        """Return what makes the links in letters; None when there are to be none."""
        return None if self.url is None else Links(self.url, self.signing_keys)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """Return the keys, the one that signs first; empty when there are none."""
        return () if self.keys is None else _lines(self.keys)


def _lines(keys: SecretStr) -> tuple[str, ...]:
    return tuple(line.strip() for line in keys.get_secret_value().splitlines() if line.strip())
