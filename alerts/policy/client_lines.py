"""What a squad reads of the clients: a line each while they are few; of many, the most important, and counts.

Kafka takes messages of a megabyte, and nobody reads five thousand lines: the record has every client.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from alerts.policy.episode import Thread
from alerts.policy.gate import waits_for_approval
from alerts.policy.impact import Routes
from domain.identity import ClientId, JourneyId
from domain.journeys import Impact
from domain.notice import Hold, Notify, Suppress

LISTED: Final = 20  # clients with a line of their own
ASKING: Final = 50  # clients that are named because their notices wait: more are approved all at once
TALLIED: Final = 50  # journeys
UNREACHED: Final = 200  # clients that are named, without a line, because nothing else in the record names them
FATES: Final = ("told", "waiting for approval", "held", "not told")


@dataclass(frozen=True, slots=True)
class ClientLines:
    """The clients of an episode, the most important ones first, and how many there are besides."""

    lines: tuple[tuple[ClientId, str], ...]
    more: int
    tally: tuple[str, ...]  # a line a journey, when not every client has a line
    waiting: tuple[ClientId, ...]
    more_waiting: int
    without_contact: tuple[ClientId, ...]  # of those who have no line


def client_lines(threads: Iterable[Thread], impact: Impact, routes: Routes) -> ClientLines:
    """Return what is told of the clients that an episode affects or has affected."""
    contacts: dict[ClientId, list[Thread]] = {client: [] for client, _, _ in impact.clients}
    asking: dict[ClientId, None] = {}
    for thread in threads:
        if thread.client is not None:
            contacts.setdefault(thread.client, []).append(thread)
            if not thread.warned and waits_for_approval(thread.decision):
                asking[thread.client] = None
    theirs = {client: journeys for client, journeys, _ in impact.clients}
    # Among equals, the order of the configuration.
    ranked = sorted(contacts, key=lambda client: _weight(theirs.get(client, ()), routes), reverse=True)
    shown = contacts if len(contacts) <= LISTED else ranked[:LISTED]
    waiting = list(asking) if len(asking) <= ASKING else [client for client in ranked if client in asking][:ASKING]
    return ClientLines(
        lines=tuple((client, _line(client, contacts[client], routes)) for client in shown),
        more=len(contacts) - len(shown),
        tally=tuple(_tally(contacts, theirs, routes)) if len(contacts) > len(shown) else (),
        waiting=tuple(waiting),
        more_waiting=len(asking) - len(waiting),
        without_contact=tuple(client for client in ranked[len(shown) :] if not contacts[client])[:UNREACHED],
    )


def bounded(lines: Iterable[str], most: int, what: str) -> Iterator[str]:
    """Yield as many lines as there is room for, and then how many there are besides."""
    known = list(lines)
    yield from known[:most]
    if len(known) > most:
        yield f"{len(known) - most} more {what}"


def _weight(journeys: tuple[JourneyId, ...], routes: Routes) -> tuple[int, int]:
    important = sum(
        journey in routes.journeys and routes.journeys[journey].important_business_service for journey in journeys
    )
    return important, len(journeys)


def _tally(
    contacts: dict[ClientId, list[Thread]], theirs: dict[ClientId, tuple[JourneyId, ...]], routes: Routes
) -> Iterator[str]:
    """Yield a line for each journey: how many clients use it, and what became of them."""
    counts: dict[JourneyId, Counter[str]] = {}
    for client, threads in contacts.items():
        for journey in theirs.get(client, ()):
            counts.setdefault(journey, Counter())[_fate(threads)] += 1
    busiest = sorted(counts.items(), key=lambda each: -each[1].total())
    lines = (f"{_title(journey, routes)}: {_counted(count)}" for journey, count in busiest)
    yield from bounded(lines, TALLIED, "journeys")


def _title(journey: JourneyId, routes: Routes) -> str:
    known = routes.journeys.get(journey)
    return str(journey) if known is None else known.title


def _counted(count: Counter[str]) -> str:
    every = f"{count.total():,} {'client' if count.total() == 1 else 'clients'}"
    return f"{every}: " + ", ".join(f"{count[fate]:,} {fate}" for fate in FATES if count[fate])


def _fate(threads: list[Thread]) -> str:
    """Say in a word what became of a client: of several contacts, the one of whom there is most to say."""
    if any(thread.warned for thread in threads):
        return "told"
    if any(waits_for_approval(thread.decision) for thread in threads):
        return "waiting for approval"
    return "held" if any(isinstance(thread.decision, Hold) for thread in threads) else "not told"


def _line(client: ClientId, threads: list[Thread], routes: Routes) -> str:
    """Say whether a client was told, held or not told, and why."""
    if not threads:
        known = routes.clients[client]
        return f"{known.name} ({client}): not told: {'not decided yet' if known.emails else 'no contact'}"
    warned = sum(thread.warned for thread in threads)
    # Of several contacts, the one of whom there is most to say: told, then held, then not told.
    held = (thread for thread in reversed(threads) if isinstance(thread.decision, Hold))
    thread = next((thread for thread in threads if thread.warned), None) or next(held, threads[-1])
    name = str(client) if thread.facts is None else f"{thread.facts.client_name} ({client})"
    if warned:
        contacts = f"{warned} {'contact' if warned == 1 else 'contacts'}"
        kept = {Hold: "an update is kept back: ", Suppress: "an update is not sent: "}.get(type(thread.decision), "")
        return f"{name}: told, {contacts}: {kept}{thread.decision.reason}"
    match thread.decision:
        case Hold(reason=reason):
            return f"{name}: held: {reason}"
        case Suppress(reason=reason) | Notify(reason=reason):
            return f"{name}: not told: {reason}"
        case _:
            assert_never(thread.decision)
