"""The e-mail channel: the only user of aiosmtplib."""

import asyncio
import logging
import ssl
from email.message import EmailMessage

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException

from alerts.channels.base import Rendered
from alerts.channels.email import outcomes
from alerts.channels.email.letter import compose
from alerts.channels.email.message import html, message, message_id, text
from alerts.channels.email.params import EmailParams, Security, plain_address
from domain.notice import ChannelKind, Delivered, Failure, Notice, Outcome, Rejected

log = logging.getLogger(__name__)


class EmailChannel:
    """Hands each notice to a mail server over a connection of its own.

    Nobody can ask whether a mail arrived: after a crash it goes out again, the same to the byte and to the Message-ID.
    """

    kind = ChannelKind.EMAIL

    def __init__(self, params: EmailParams) -> None:
        self._params = params

    def render(self, notice: Notice) -> Rendered:
        """Return the message in both forms and as it goes over the wire."""
        letter = compose(notice, self._params.contact)
        mail = message(notice, self._params)
        return Rendered(
            self.kind, letter.subject, text(letter, self._params), mail.as_bytes(), html(letter, self._params)
        )

    async def send(self, notice: Notice, reference: str | None) -> Outcome:  # noqa: ARG002 - derived, not remembered
        """Hand the message over. Whatever goes wrong becomes an outcome."""
        try:
            recipient = plain_address(notice.recipient)
        except ValueError:
            return Rejected(Failure.UNKNOWN_RECIPIENT, "the recipient is not a plain e-mail address")
        try:
            mail = message(notice, self._params)
        except (TypeError, ValueError, ArithmeticError) as error:
            # A fault of ours: trying again would write the same message.
            log.exception("notice %s cannot be written as an e-mail", notice.id)
            return Rejected(Failure.REFUSED, f"the message could not be written ({type(error).__name__})")
        try:
            async with asyncio.timeout(self._params.timeout):
                await self._hand_over(mail, recipient)
        except Exception as error:  # noqa: BLE001 - no exception leaves a channel
            password = self._params.password
            outcome = outcomes.of_error(error, None if password is None else password.get_secret_value())
            log.warning("notice %s not delivered by e-mail: %s, %s", notice.id, outcome.failure, outcome.detail)
            return outcome
        return Delivered(message_id(notice, self._params))

    async def find(self, notice: Notice, reference: str | None) -> Outcome | None:  # noqa: ARG002 - the protocol's
        """Return None: there is nobody to ask."""
        return None

    async def close(self) -> None:
        """Do nothing: no connection outlives its message."""

    async def _hand_over(self, mail: EmailMessage, recipient: str) -> None:
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
            await smtp.sendmail(params.sender, [recipient], mail.as_bytes())
            await _leave(smtp)
        finally:
            smtp.close()


async def _leave(smtp: SMTP) -> None:
    # The server has taken the message: how it says goodbye changes nothing.
    try:
        await smtp.quit()
    except (SMTPException, OSError):
        log.debug("the mail server closed without a goodbye")
