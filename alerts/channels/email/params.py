"""How to reach the mail server, and who writes."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts.channels.email.dkim import DkimParams
from alerts.params import Duration

_SYNTAX = set(' <>,;:"\\')
UNSUBSCRIBE_PARTS = ("{client}", "{address}", "{token}")
_BRACED = re.compile(r"\{[^{}]*\}|[{}]")
_URL = re.compile(r"https://[!-;=?-~]+")  # visible ASCII without angle brackets: it stands between them in a header


class Security(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailParams(BaseModel):
    """How to reach the mail server, and who writes. A server that cannot do what ``security`` asks for is not used."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(min_length=1, description="Mail server that takes messages for delivery.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: usually 587 for starttls and 465 for tls.")
    security: Security = Field(
        default=Security.STARTTLS,
        description="starttls or tls; none only for a server on the same machine. Certificates are always checked.",
    )
    ca_file: Path | None = Field(default=None, description="Certificates to trust in place of the system's, as PEM.")
    username: str | None = Field(default=None, description="Account, when the server asks for one.")
    password: SecretStr | None = Field(default=None, description="Password of the account.")
    sender: str = Field(description="Address that notices come from, such as service-status@example.com.")
    sender_name: str = Field(
        default="Service status", max_length=100, description="Name shown beside the sender's address."
    )
    reply_to: str | None = Field(
        default=None, description="Address for answers; without it readers are not asked to answer."
    )
    contact: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description='Whom clients call, such as "Service desk, +49 69 1234 5678 (24 h)"; it is shown as it is written.',
    )
    unsubscribe_url: str | None = Field(
        default=None,
        description=(
            "Where one click ends notices that are optional for a client (RFC 8058): an https address with {client}, "
            "{address} and {token} in it. Contractual notices never carry it."
        ),
    )
    unsubscribe_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret that {token} is made with: HMAC-SHA256 of client, line break and address, in hex.",
    )
    helo: str | None = Field(
        default=None, description="Name to greet the server with; the domain of the sender if it is left out."
    )
    catalogues: Path | None = Field(
        default=None,
        description="Folder with own wordings, such as de/LC_MESSAGES/foreshock.po; what it leaves out stays ours.",
    )
    timeout: Duration = Field(default=30.0, gt=0, description="The longest that handing over one message may take.")
    dkim: DkimParams | None = Field(default=None, description="Sign letters here; null leaves it to the mail server.")

    @field_validator("sender", "reply_to")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return value if value is None else plain_address(value)

    @field_validator("contact")
    @classmethod
    def _is_one_line(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or not value.strip()):
            raise ValueError("is not one line of printable characters")
        return value

    @field_validator("unsubscribe_url")
    @classmethod
    def _is_a_template(cls, value: str | None) -> str | None:
        if value is not None and (
            _URL.fullmatch(value) is None or sorted(_BRACED.findall(value)) != sorted(UNSUBSCRIBE_PARTS)
        ):
            raise ValueError(f"is not an https address with {', '.join(UNSUBSCRIBE_PARTS)} in it, each once")
        return value

    @model_validator(mode="after")
    def _agrees(self) -> "EmailParams":
        if (self.unsubscribe_url is None) != (self.unsubscribe_key is None):
            raise ValueError("unsubscribe_url and unsubscribe_key come together: set both or neither")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password come together: set both or neither")
        if self.password is not None and self.security is Security.NONE:
            raise ValueError("a password would be sent in the clear: set security to starttls or tls")
        if not f".{self.domain}".lower().endswith(f".{self.signing_domain}"):
            raise ValueError("dkim.domain is not the sender's and not one that it is in: no reader's server would care")
        return self

    @property
    def domain(self) -> str:
        """Return the sender's domain: the right-hand side of every Message-ID."""
        return self.sender.rpartition("@")[2]

    @property
    def signing_domain(self) -> str:
        """Return the domain that signs, if letters are signed."""
        given = None if self.dkim is None else self.dkim.domain
        return self.domain.lower() if given is None else given


def plain_address(text: str) -> str:
    """Return a bare ASCII ``local@domain``, an international domain in its ASCII form; raises ValueError."""
    local, _, domain = text.rpartition("@")
    try:
        address = Address(username=local, domain=domain.encode("idna").decode("ascii"))
        bare = address.addr_spec
    except (ValueError, IndexError, HeaderParseError):
        bare = ""
    if not bare.partition("@")[0] or not domain or not bare.isascii() or not bare.isprintable() or _SYNTAX & set(bare):
        raise ValueError("is not a plain e-mail address such as name@example.com")
    return bare
