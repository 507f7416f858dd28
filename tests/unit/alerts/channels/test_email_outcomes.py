"""Every answer of a mail server has one stated outcome."""

import base64
import ssl

import pytest
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from alerts.channels.email.outcomes import of_error
from domain.notice import Deferred, Failure, Rejected

TO = "ops@bank.example"


def recipient(code: int, message: str) -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused([SMTPRecipientRefused(code, message, TO)])


LATER = [
    (recipient(450, "4.2.0 greylisted"), Failure.UNAVAILABLE),
    (recipient(452, "4.2.2 mailbox full"), Failure.UNAVAILABLE),
    (recipient(421, "closing"), Failure.UNAVAILABLE),
    (recipient(530, "5.7.0 authentication required"), Failure.UNAUTHORISED),
    (recipient(550, "5.1.8 <us@x.example>: sender's domain not found"), Failure.UNAUTHORISED),
    (recipient(553, "5.1.7 bad sender's mailbox address"), Failure.UNAUTHORISED),
    (SMTPDataError(451, "4.3.0 try later"), Failure.UNAVAILABLE),
    (SMTPAuthenticationError(535, "5.7.8 bad credentials"), Failure.UNAUTHORISED),
    (SMTPAuthenticationError(534, "mechanism too weak"), Failure.UNAUTHORISED),
    (SMTPAuthenticationError(454, "4.7.0 temporary"), Failure.UNAVAILABLE),
    (SMTPSenderRefused(550, "5.7.1 not your address", "us@x.example"), Failure.UNAUTHORISED),
    (SMTPSenderRefused(530, "authentication required", "us@x.example"), Failure.UNAUTHORISED),
    (SMTPSenderRefused(451, "later", "us@x.example"), Failure.UNAVAILABLE),
    (SMTPConnectResponseError(554, "5.7.1 blocked"), Failure.UNAVAILABLE),
    (SMTPConnectResponseError(421, "busy"), Failure.UNAVAILABLE),
    (SMTPHeloError(501, "who are you"), Failure.UNAVAILABLE),
    (SMTPResponseException(-1, "malformed"), Failure.UNAVAILABLE),
    (SMTPServerDisconnected("gone"), Failure.UNAVAILABLE),
    (SMTPConnectError("refused"), Failure.UNAVAILABLE),
    (ConnectionResetError(), Failure.UNAVAILABLE),
    (ssl.SSLCertVerificationError("self-signed"), Failure.UNAVAILABLE),
    (SMTPException("SMTP STARTTLS extension not supported by server."), Failure.UNAVAILABLE),
    (SMTPException("The SMTP AUTH extension is not supported by this server."), Failure.UNAUTHORISED),
    (SMTPException("something else"), Failure.UNAVAILABLE),
    (TimeoutError(), Failure.TIMEOUT),
    (SMTPConnectTimeoutError("slow"), Failure.TIMEOUT),
    (SMTPReadTimeoutError("slow"), Failure.TIMEOUT),
]
NEVER = [
    (recipient(550, "no such user, or so it seems"), Failure.REFUSED),
    (recipient(550, "relay not permitted"), Failure.REFUSED),
    (recipient(553, "not allowed"), Failure.REFUSED),
    (recipient(550, "5.1.1 no such user"), Failure.UNKNOWN_RECIPIENT),
    (recipient(551, "not local"), Failure.UNKNOWN_RECIPIENT),
    (recipient(553, "5.1.3 bad address"), Failure.UNKNOWN_RECIPIENT),
    (recipient(501, "5.1.3 bad address"), Failure.UNKNOWN_RECIPIENT),
    (recipient(556, "takes no mail"), Failure.UNKNOWN_RECIPIENT),
    (recipient(550, "5.2.1 mailbox disabled"), Failure.UNKNOWN_RECIPIENT),
    (recipient(550, "5.1.0 sender denied"), Failure.REFUSED),
    (recipient(501, "syntax"), Failure.REFUSED),
    (recipient(550, "5.7.1 refused by policy"), Failure.REFUSED),
    (recipient(554, "transaction failed"), Failure.REFUSED),
    (SMTPDataError(552, "5.3.4 too large"), Failure.REFUSED),
    (SMTPDataError(554, "5.7.1 looks like spam"), Failure.REFUSED),
]


@pytest.mark.parametrize(("error", "failure"), LATER, ids=lambda value: str(value)[:40])
def test_what_may_pass_is_deferred(error: Exception, failure: Failure) -> None:
    outcome = of_error(error)
    assert isinstance(outcome, Deferred)
    assert outcome.failure is failure


@pytest.mark.parametrize(("error", "failure"), NEVER, ids=lambda value: str(value)[:40])
def test_what_will_not_pass_is_rejected(error: Exception, failure: Failure) -> None:
    outcome = of_error(error)
    assert isinstance(outcome, Rejected)
    assert outcome.failure is failure


def test_a_certificate_that_is_not_trusted_is_named_as_the_cause() -> None:
    error = SMTPConnectError("error connecting")
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert "no trusted connection" in of_error(error).detail


def test_a_server_that_repeats_the_password_is_not_repeated() -> None:
    password = "hunter2-but-longer"
    encoded = base64.b64encode(password.encode()).decode()
    said = recipient(550, f"5.7.1 you said {password} or {encoded}")
    assert password not in of_error(said, password).detail
    assert encoded not in of_error(said, password).detail
    assert password not in of_error(SMTPAuthenticationError(535, f"bad password {password}"), password).detail


def test_the_servers_words_are_cut_and_on_one_line() -> None:
    detail = of_error(SMTPDataError(554, "a\r\nb " * 999)).detail
    assert "\n" not in detail
    assert len(detail) < 260
