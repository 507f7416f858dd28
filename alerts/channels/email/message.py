"""The letter as an RFC 5322 message. Pure: the same notice gives the same bytes, so anyone can recognise a repeat."""

import textwrap
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alerts.channels.email.headers import MailPolicy
from alerts.channels.email.letter import Letter, Offers, compose
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams, plain_address
from alerts.channels.email.unsubscribe import address, offer
from alerts.channels.email.words import languages
from alerts.channels.text import clean, moment
from domain.identity import derive
from domain.notice import Notice, Phase

LINE_WIDTH = 72
POLICY = MailPolicy(linesep="\r\n")


def written(notice: Notice, params: EmailParams, links: Links | None = None) -> Letter:
    """Return the letter, with the links that its reader may follow."""
    leave = None if params.unsubscribe_url is not None else address(notice, params, links)
    answers = None if links is None else links.rating(notice)
    return compose(notice, params.contact, Offers(answers, leave), languages(params.catalogues))


def message(notice: Notice, params: EmailParams, links: Links | None = None) -> EmailMessage:
    """Return the message; raises ValueError for a recipient that is not a plain address."""
    letter = written(notice, params, links)
    mail = addressed(letter, notice.recipient, notice.decided_at, params)
    mail["Message-ID"] = message_id(notice, params)
    root = thread_id(notice, params)
    if notice.phase is not Phase.WARNING:
        mail["In-Reply-To"] = root
    mail["References"] = root
    offer(mail, address(notice, params, links))
    fill(mail, letter, params, notice.id)
    return mail


def addressed(letter: Letter, recipient: str, at: float, params: EmailParams) -> EmailMessage:
    """Return a message with sender, recipient, subject and date; raises ValueError like `message`."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(clean(params.sender_name, 100), addr_spec=params.sender)
    mail["To"] = Address(addr_spec=plain_address(recipient))
    if params.reply_to is not None:
        mail["Reply-To"] = Address(addr_spec=params.reply_to)
    mail["Subject"] = letter.subject
    decided = moment(at)
    if decided is not None:
        # When it was decided, not when it was tried: a repeat is the same message to the byte.
        mail["Date"] = format_datetime(decided.replace(microsecond=0, tzinfo=UTC))
    return mail


def fill(mail: EmailMessage, letter: Letter, params: EmailParams, identity: str) -> None:
    """Add the letter in both forms; ``identity`` names the message."""
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mail.set_content(text(letter, params), cte="quoted-printable")
    mail.add_alternative(html(letter, params), subtype="html", cte="quoted-printable")
    mail["Content-Language"] = letter.locale  # setting the content takes such headers away
    # The library would draw a boundary at random.
    mail.set_boundary(derive("part", identity))


def message_id(notice: Notice, params: EmailParams) -> str:
    """Return the Message-ID: derived from the notice, so that a repeat has the same."""
    return f"<{notice.id}@{params.domain}>"


def thread_id(notice: Notice, params: EmailParams) -> str:
    """Return the id that all messages of the thread refer to.

    No message has it: mail programs group by a common reference whether they have seen it or not (RFC 5256), and it
    needs no memory of which message was the first.
    """
    return f"<{notice.thread}@{params.domain}>"


def text(letter: Letter, params: EmailParams) -> str:
    """Return the plain-text part."""
    return _template("letter.txt").render(_context(letter, params)).strip() + "\n"


def html(letter: Letter, params: EmailParams) -> str:
    """Return the HTML part: no script, no picture, nothing fetched from anywhere."""
    return _template("letter.html").render(_context(letter, params))


def _context(letter: Letter, params: EmailParams) -> dict[str, object]:
    return {"letter": letter, "sender_name": clean(params.sender_name, 100), "reply_to": params.reply_to}


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("alerts.channels.email"),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fold"] = _fold
    environment.filters["quoted"] = _quoted
    return environment.get_template(name)


def _fold(value: str, indent: str = "") -> str:
    return textwrap.fill(value, LINE_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _quoted(value: str) -> str:
    """Return the lines as mail programs mark those of somebody else."""
    return textwrap.fill(
        value, LINE_WIDTH, initial_indent="> ", subsequent_indent="> ", break_long_words=False, break_on_hyphens=False
    )
