"""A stand-in for a mail server: takes every message and keeps it, and fails on request.

For the demo and the tests. Writes each message as .eml into a folder if it is given one.
"""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOSTNAME = "mail.stand-in.example"


@dataclass(frozen=True, slots=True)
class MailFault:
    """One thing that goes wrong, once: ``reply`` at ``stage`` (rcpt or data), or no reply at all."""

    stage: str
    reply: str | None = None  # None: the connection breaks
    accepted: bool = False  # with data and no reply: the message was taken, only the answer is lost
    hang: bool = False  # no answer until the server stops


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        """Return the parsed message."""
        return message_from_bytes(self.content, policy=default)

    @property
    def notice(self) -> str:
        """Return the id of the notice: the left-hand side of the Message-ID."""
        return _notice_of(self.content)


class MailServer:
    """Serves on loopback inside the caller's event loop: ``async with MailServer() as server``."""

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        credentials: tuple[str, str] | None = None,
        greylist: bool = False,
    ) -> None:
        """``tls`` offers STARTTLS, or speaks TLS from the start; ``greylist`` puts off every new pair of addresses."""
        self.host, self.port = host, port
        self.messages: list[Taken] = []
        self.faults: deque[MailFault] = deque()
        self._folder = folder
        self._tls = tls
        self._implicit = implicit_tls
        self._credentials = credentials
        self._greylist = greylist
        self._seen: set[tuple[str, str]] = set()
        self._stopping = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._protocols: list[SMTP] = []

    @property
    def notice_ids(self) -> list[str]:
        """Return the ids of the notices that have arrived, one for each message."""
        return [taken.notice for taken in self.messages]

    async def __aenter__(self) -> Self:
        """Start serving; a port of 0 becomes the one that was found."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, self.host, self.port, ssl=self._tls if self._implicit else None
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; the messages stay."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
        for protocol in self._protocols:
            _cut(protocol)
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        protocol = SMTP(
            self,
            hostname=HOSTNAME,
            loop=asyncio.get_running_loop(),
            tls_context=None if self._implicit else self._tls,
            authenticator=self._authenticate if self._credentials else None,
            auth_require_tls=not self._implicit,
        )
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, login: Any
    ) -> AuthResult:
        if not isinstance(login, LoginPassword) or self._credentials is None:
            return AuthResult(success=False)
        given = (login.login.decode(), login.password.decode())
        return AuthResult(success=given == self._credentials, handled=False)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        fault = self._next_fault("rcpt")
        if fault is not None:
            return await self._fail(server, fault)
        pair = (str(envelope.mail_from), address)
        if self._greylist and pair not in self._seen:
            self._seen.add(pair)
            return "450 4.2.0 Greylisted, please try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Answer the message."""
        fault = self._next_fault("data")
        if fault is None or fault.accepted:
            self._take(session, envelope)
        return "250 2.0.0 OK: taken" if fault is None else await self._fail(server, fault)

    async def _fail(self, server: SMTP, fault: MailFault) -> str:
        if fault.hang:
            await self._stopping.wait()
        elif fault.reply is not None:
            return fault.reply
        _cut(server)
        return "421 4.3.2 closing"

    def _next_fault(self, stage: str) -> MailFault | None:
        for fault in self.faults:
            if fault.stage == stage:
                self.faults.remove(fault)
                return fault
        return None

    def _take(self, session: Session, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        encrypted = session.ssl is not None or self._implicit
        taken = Taken(str(envelope.mail_from), tuple(envelope.rcpt_tos), content, encrypted)
        self.messages.append(taken)
        if self._folder is not None:
            name = "".join(c if c.isalnum() or c in "-." else "_" for c in taken.notice)[:100]
            (self._folder / f"{len(self.messages):04d}-{name}.eml").write_bytes(content)


@lru_cache(maxsize=4096)
def _notice_of(content: bytes) -> str:
    # Once for each message: the SMTP library looks at every property of its handler for each connection.
    return str(message_from_bytes(content, policy=default)["Message-ID"]).strip("<> ").partition("@")[0]


def _cut(server: SMTP) -> None:
    # What is closing already is left to it: aborting a TLS transport that was closed twice fails on Python 3.11.2.
    if isinstance(server.transport, asyncio.Transport) and not server.transport.is_closing():
        server.transport.abort()
