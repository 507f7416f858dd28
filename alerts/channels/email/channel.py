"""The e-mail channel: a letter for each notice, signed if need be, handed to a mail server over SMTP."""

import asyncio
import logging
import ssl
from email.message import EmailMessage

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException

from alerts.channels.base import Rendered
from alerts.channels.email import outcomes
from alerts.channels.email.links import Links
from alerts.channels.email.message import html, message, text, written
from alerts.channels.email.params import EmailParams, Security, plain_address
from alerts.channels.email.signature import Signer
from alerts.channels.email.trial import trial
from domain.notice import ChannelKind, ClientFacts, Delivered, Failure, Notice, Outcome, Rejected

log = logging.getLogger(__name__)


class EmailChannel:
    """Hands each notice to a mail server over a connection of its own.

    Nobody can ask whether a mail arrived: after a crash it goes out again, the same to the byte and to the Message-ID.
    """

    kind = ChannelKind.EMAIL

    def __init__(self, params: EmailParams, links: Links | None = None) -> None:
        """``links`` makes what readers may follow; without it letters hold no link."""
        self._params = params
        self._links = links
        self._signer = None if params.dkim is None else Signer(params.dkim, params.signing_domain)

    def render(self, notice: Notice) -> Rendered:
        """Return the message in both forms and as it goes over the wire."""
        letter = written(notice, self._params, self._links)
        mail = message(notice, self._params, self._links)
        return Rendered(
            self.kind, letter.subject, text(letter, self._params), self._wire(mail), html(letter, self._params)
        )

    async def send(self, notice: Notice, reference: str | None) -> Outcome:  # noqa: ARG002 - derived, not remembered
        """Hand the message over. Whatever goes wrong becomes an outcome."""
        try:
            recipient = plain_address(notice.recipient)
        except ValueError:
            return Rejected(Failure.UNKNOWN_RECIPIENT, "the recipient is not a plain e-mail address")
        try:
            mail = message(notice, self._params, self._links)
            content = self._wire(mail)
        except (TypeError, ValueError, ArithmeticError) as error:
            # A fault of ours: trying again would write the same message.
            log.exception("notice %s cannot be written as an e-mail", notice.id)
            return Rejected(Failure.REFUSED, f"the message could not be written ({type(error).__name__})")
        return await self._delivered(f"notice {notice.id}", content, str(mail["Message-ID"]), recipient)

    async def try_out(self, recipient: str, facts: ClientFacts, at: float) -> Outcome:
        """Send what is plainly a test, in the language of the client whose ``facts`` these are, the same way."""
        try:
            address = plain_address(recipient)
        except ValueError:
            return Rejected(Failure.UNKNOWN_RECIPIENT, "the recipient is not a plain e-mail address")
        mail = trial(address, facts, at, self._params)
        return await self._delivered("the test message", self._wire(mail), str(mail["Message-ID"]), address)

    async def find(self, notice: Notice, reference: str | None) -> Outcome | None:  # noqa: ARG002 - the protocol's
        """Return None: there is nobody to ask."""
        return None

    async def close(self) -> None:
        """Do nothing: no connection outlives its message."""

    def _wire(self, mail: EmailMessage) -> bytes:
        return mail.as_bytes() if self._signer is None else self._signer.signed(mail)

    async def _delivered(self, what: str, content: bytes, reference: str, recipient: str) -> Outcome:
        try:
            async with asyncio.timeout(self._params.timeout):
                await self._hand_over(content, recipient)
        except Exception as error:  # noqa: BLE001 - no exception leaves a channel
            password = self._params.password
            outcome = outcomes.of_error(error, None if password is None else password.get_secret_value())
            log.warning("%s not delivered by e-mail: %s, %s", what, outcome.failure, outcome.detail)
            return outcome
        return Delivered(reference)

    async def _hand_over(self, content: bytes, recipient: str) -> None:
        params = self._params
        smtp = SMTP(
            hostname=params.host,
            port=params.port,
            username=params.username,
            password=None if params.password is None else params.password.get_secret_value(),
            local_hostname=params.helo or params.domain,
            timeout=params.timeout,
            use_tls=params.security is Security.TLS,
            start_tls=params.security is Security.STARTTLS,
            tls_context=None if params.security is Security.NONE else ssl.create_default_context(cafile=params.ca_file),
        )
        try:
            await smtp.connect()
            await smtp.sendmail(params.sender, [recipient], content)
            await _leave(smtp)
        finally:
            smtp.close()


async def _leave(smtp: SMTP) -> None:
    # The server has taken the message: how it says goodbye changes nothing.
    try:
        await smtp.quit()
    except (SMTPException, OSError):
        log.debug("the mail server closed without a goodbye")
