"""One click out of notices that a client may do without (RFC 8058). Notices under a contract never carry it."""

import hashlib
import hmac
from email.message import EmailMessage
from urllib.parse import quote

from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from domain.notice import ClientFacts, Notice

ONE_CLICK = "List-Unsubscribe=One-Click"


def offer(mail: EmailMessage, link: str | None) -> None:
    """Add the two headers, if there is an address to click."""
    if link is not None:
        mail["List-Unsubscribe"] = f"<{link}>"
        mail["List-Unsubscribe-Post"] = ONE_CLICK


def address(notice: Notice, params: EmailParams, links: Links | None = None) -> str | None:
    """Return where a click unsubscribes this recipient, the same in every notice; None where there is no way out.

    A page of the users' own comes before ours.
    """
    facts, key = notice.facts, params.unsubscribe_key
    if not isinstance(facts, ClientFacts) or not facts.optional:
        return None
    if params.unsubscribe_url is None or key is None:
        return None if links is None else links.unsubscribe(notice)
    client = str(notice.client or "")
    parts = {
        "{client}": quote(client, safe=""),
        "{address}": quote(notice.recipient, safe=""),
        "{token}": token(client, notice.recipient, key.get_secret_value()),
    }
    link = params.unsubscribe_url
    for name, value in parts.items():
        link = link.replace(name, value)
    return link


def token(client: str, recipient: str, key: str) -> str:
    """Return what proves that the link is ours: nobody can make it for somebody else."""
    return hmac.new(key.encode(), f"{client}\n{recipient}".encode(), hashlib.sha256).hexdigest()
