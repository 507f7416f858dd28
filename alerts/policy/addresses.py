"""Addresses that get no mail: those that it came back from, and contacts who want no more of what is optional."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.policy import wording
from domain.feedback import Feedback, FeedbackKind
from domain.identity import ClientId
from domain.notice import Suppress


@dataclass(frozen=True, slots=True)
class Barred:
    """One address, since ``at``: it takes no mail at all or, if it ``unsubscribed``, one client's optional notices."""

    address: str  # in lower case
    at: float
    unsubscribed: bool = False
    client: ClientId | None = None  # None: whoever's


Bars = Mapping[str, Barred]


def folded(address: str) -> str:
    """Return an address as it is compared: hosts that tell capitals apart before the @ are not met in practice."""
    return address.strip().casefold()


def bar(feedback: Feedback, now: float) -> tuple[str, Barred]:
    """Return what an answer says of an address, under the name by which it is remembered."""
    address, unsubscribed = folded(feedback.address), feedback.kind is FeedbackKind.UNSUBSCRIBE
    client = feedback.client if unsubscribed else None
    return _name(address, unsubscribed, client), Barred(address, min(feedback.at, now), unsubscribed, client)


def refusal(bars: Bars, address: str, client: ClientId, *, optional: bool) -> Suppress | None:
    """Return why nothing is sent to a client's contact; None when it may be. The reason never names the address."""
    if not bars:
        return None
    address = folded(address)
    returned = bars.get(_name(address, False, None))
    if returned is not None:
        return Suppress(f"mail to this address came back on {wording.day(returned.at)}")
    if not optional:
        return None
    for whose in (client, None):
        left = bars.get(_name(address, True, whose))
        if left is not None:
            return Suppress(f"this contact has unsubscribed from optional notices on {wording.day(left.at)}")
    return None


def without(bars: Bars, address: str, client: ClientId | None) -> dict[str, Barred]:
    """Return what is left when an address is written to again, by everybody or by one client only."""
    address = folded(address)
    return {
        name: known
        for name, known in bars.items()
        if known.address != address or (client is not None and known.client not in {client, None})
    }


def contacts(number: int) -> str:
    """Count people to be called."""
    return f"{number} contact" if number == 1 else f"{number} contacts"


def returned_lines(bars: Bars, reached: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Return one line for each client whose mail comes back; of ``reached`` as names and addresses."""
    lost: dict[str, set[str]] = {}
    for name, address in reached:
        if _name(folded(address), False, None) in bars:
            lost.setdefault(name, set()).add(folded(address))
    for name, addresses in lost.items():
        yield f"mail to {contacts(len(addresses))} of {name} comes back: call them"


def _name(address: str, unsubscribed: bool, client: ClientId | None) -> str:
    return f"{'unsubscribed' if unsubscribed else 'returned'} {client or ''} {address}"
