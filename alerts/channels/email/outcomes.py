"""What a mail server's answers mean for a notice.

Reply codes: RFC 5321 4.2; enhanced codes: RFC 3463. 4yz is "not now", 5yz is "never".
"""

import base64
import re
import ssl

from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from alerts.channels.text import clean
from domain.notice import Deferred, Failure, Rejected

# 530 authentication required, 534 mechanism too weak, 535 credentials invalid, 538 encryption required.
AUTHENTICATION = frozenset({530, 534, 535, 538})
# 551 not a user of theirs, 556 the domain takes no mail. A bare 550 or 553 may as well be a policy, or our own relay
# that does not know us: an address that is given up for that would be given up for an operator's mistake.
NO_SUCH_MAILBOX = frozenset({551, 556})
SOMETHING_ABOUT_AN_ADDRESS = "5.1.0"  # whose, and what, is not said: Exchange says it of senders
OUR_ADDRESS = frozenset({"5.1.7", "5.1.8"})  # said of the recipient, meant of the sender
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


def of_error(error: Exception, password: str | None = None) -> Deferred | Rejected:
    """Turn whatever came out of the exchange into an outcome; the server's words are shown without the password."""
    match error:
        case SMTPRecipientsRefused(recipients=[first, *_]):
            return of_reply(first.code, first.message, _words(first, password))
        case SMTPDataError():
            return of_reply(error.code, error.message, _words(error, password))
        case SMTPResponseException():
            return _about_us(error, password)
        case TimeoutError():
            return Deferred(Failure.TIMEOUT, "the mail server did not answer in time")
        case _:
            return _without_a_reply(error)


def of_reply(code: int, message: str, words: str) -> Deferred | Rejected:
    """Return the outcome of a reply to a recipient or to the message. The enhanced code is the more exact one."""
    if code < 500:
        return Deferred(Failure.UNAVAILABLE, words)
    if code in AUTHENTICATION:
        return Deferred(Failure.UNAUTHORISED, words)
    found = _ENHANCED.match(message)
    enhanced = found[1] if found else ""
    if enhanced in OUR_ADDRESS:
        return Deferred(Failure.UNAUTHORISED, words)
    if enhanced == "5.2.1" or (enhanced.startswith("5.1.") and enhanced != SOMETHING_ABOUT_AN_ADDRESS):
        return Rejected(Failure.UNKNOWN_RECIPIENT, words)
    if not enhanced and code in NO_SUCH_MAILBOX:
        return Rejected(Failure.UNKNOWN_RECIPIENT, words)
    return Rejected(Failure.REFUSED, words)


def _about_us(error: SMTPResponseException, password: str | None) -> Deferred:
    # A refused connection, greeting, password or sender is no fault of message or recipient: an operator mends it.
    if isinstance(error, SMTPAuthenticationError):
        # Its words are left out: some servers repeat what they were given.
        failure = Failure.UNAUTHORISED if error.code >= 500 else Failure.UNAVAILABLE
        return Deferred(failure, f"the mail server did not accept user name and password ({error.code})")
    ours = error.code in AUTHENTICATION or (error.code >= 500 and isinstance(error, SMTPSenderRefused))
    return Deferred(Failure.UNAUTHORISED if ours else Failure.UNAVAILABLE, _words(error, password))


def _without_a_reply(error: Exception) -> Deferred:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLError):
        return Deferred(Failure.UNAVAILABLE, f"no trusted connection to the mail server ({_reason(cause)})")
    if isinstance(error, OSError):
        return Deferred(Failure.UNAVAILABLE, f"no connection to the mail server ({type(error).__name__})")
    if isinstance(error, SMTPException) and "STARTTLS" in error.message:
        return Deferred(Failure.UNAVAILABLE, "the mail server offers no STARTTLS, and nothing is sent in the clear")
    if isinstance(error, SMTPException) and "AUTH" in error.message:
        return Deferred(Failure.UNAUTHORISED, "the mail server takes no user name and password")
    return Deferred(Failure.UNAVAILABLE, f"the exchange with the mail server failed ({type(error).__name__})")


def _words(error: SMTPResponseException | SMTPRecipientRefused, password: str | None) -> str:
    said = error.message
    if password:
        for secret in (password, base64.b64encode(password.encode()).decode()):
            said = said.replace(secret, "***")
    return f"the mail server answered {error.code} {clean(said, 200)}"


def _reason(error: ssl.SSLError) -> str:
    return clean(
        str(getattr(error, "verify_message", None) or getattr(error, "reason", None) or type(error).__name__), 80
    )
