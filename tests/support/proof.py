"""What the record says happened, in the form in which the tests of the topics ask for it."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, select

from domain.alert import Transition
from domain.notice import Deferred, Delivered, Notice, Receipt
from streams.demo.mail_server import MailServer
from streams.demo.slack_server import SlackServer
from streams.record.database import read_entries
from streams.record.schema import entries
from streams.records import decode_any
from tests.support.story import Outcome

IN_ORDER = (entries.c.topic, entries.c.partition_no, entries.c.offset_no)


def recorded(connection: Connection, slack: SlackServer, mail: MailServer) -> Outcome:
    """Return the decisions and receipts of the record beside what arrived."""
    found: dict[str, list[Any]] = {"transition": [], "notice": [], "receipt": [], "dead-letter": []}
    raw = []
    for chained in read_entries(connection, select(entries).order_by(*IN_ORDER)):
        kind = chained.entry.columns.kind
        if kind == "dead-letter":
            found[kind].append((chained.entry.source.topic, chained.entry.columns.verdict or ""))
        elif kind in found:
            found[kind].append(decode_any(chained.entry.value))
            raw += [chained.entry.value or b""] if kind == "notice" else []
    transitions: list[Transition] = found["transition"]
    notices: list[Notice] = found["notice"]
    receipts: list[Receipt] = found["receipt"]
    return Outcome(
        transitions, notices, raw, receipts, found["dead-letter"], Counter(slack.notice_ids), Counter(mail.notice_ids)
    )


def confirmed_twice(outcome: Outcome) -> Counter[str]:
    """Return how many notices have two receipts of delivery, by channel: a repeat that a receipt could have saved."""
    found = Counter(
        (receipt.channel, receipt.notice) for receipt in outcome.receipts if isinstance(receipt.outcome, Delivered)
    )
    return Counter(channel for (channel, _), count in found.items() if count > 1)


def deferrals(outcome: Outcome) -> Counter[str]:
    """Return how often a channel said "not now", by channel and failure."""
    return Counter(
        f"{receipt.channel} {receipt.outcome.failure}"
        for receipt in outcome.receipts
        if isinstance(receipt.outcome, Deferred)
    )
