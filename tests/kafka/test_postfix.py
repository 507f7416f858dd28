"""The e-mail channel against a real mail server: Postfix with STARTTLS, and Postgrey in front of its mailboxes."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.email.bounce import parse_dsn
from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.dkim import DkimParams, dns_record
from alerts.channels.email.params import EmailParams
from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.identity import NoticeId
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Notice, Phase, Receipt, Rejected
from streams.system import SystemClock
from tests.support.dkim import ED25519_KEY, an_rsa_key, is_genuine, opendkim_says
from tests.support.notices import CLIENT_FACTS, T0, a_notice, letters
from tests.support.postfix import Postfix, missing, running_postfix
from tests.support.processes import PATIENCE_S, wait_until

ABSENT = missing()
pytestmark = pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with running_postfix() as server:
        yield server


@pytest.fixture(autouse=True)
async def connections_that_end() -> AsyncIterator[None]:
    """Let the loop run until the TLS connections have said goodbye: it closes with the test."""
    yield
    loop: Any = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_S):
        while len(loop._selector.get_map()) > 1:  # noqa: ASYNC110 - nothing tells; its own wake-up is the one
            await asyncio.sleep(0.02)


def reaching(server: Postfix, **more: object) -> EmailChannel:
    fields = {"host": "127.0.0.1", "port": server.port, "sender": "status@hub.example", "ca_file": server.certificate}
    return EmailChannel(EmailParams.model_validate({**fields, **more}))


def to(recipient: str) -> Notice:
    return a_notice(channel=ChannelKind.EMAIL, recipient=recipient, facts=CLIENT_FACTS)


async def delivered(channel: EmailChannel, *notices: Notice) -> list[Receipt]:
    """Take notices through the outbox until nothing is left to do."""
    receipts: list[Receipt] = []

    async def keep(receipt: Receipt) -> None:
        receipts.append(receipt)

    params = DeliveryParams(backoff_base="1s", backoff_cap="2s")
    outbox = Outbox({ChannelKind.EMAIL: channel}, params, SystemClock(), keep)
    task = asyncio.create_task(outbox.run())
    for notice in notices:
        outbox.accept(notice)
    async with asyncio.timeout(PATIENCE_S):
        await outbox.idle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return receipts


async def test_a_greylisted_episode_arrives_whole_in_order_and_in_its_language(postfix: Postfix) -> None:
    every = letters("fr", "formal")
    episode = [every[name] for name in ("warning", "update-begun", "all-clear-begun")]
    receipts = await delivered(reaching(postfix), *episode)
    first = receipts[0].outcome
    assert isinstance(first, Deferred)
    assert "Greylisted" in first.detail
    assert [type(receipt.outcome) for receipt in receipts].count(Delivered) == len(episode)
    assert [r.notice for r in receipts if isinstance(r.outcome, Delivered)] == [notice.id for notice in episode]

    wait_until(lambda: len(postfix.mailbox("ops")) == len(episode), what="three messages in the mailbox")
    arrived = [message_from_bytes(raw, policy=default) for raw in postfix.mailbox("ops")]
    by_date = sorted(arrived, key=lambda message: message["Date"].datetime)
    assert [message["Message-ID"] for message in by_date] == [f"<{notice.id}@hub.example>" for notice in episode]
    assert len({message["References"] for message in by_date}) == 1
    assert [message["Content-Language"] for message in by_date] == ["fr"] * 3
    body = by_date[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == reaching(postfix).render(episode[0]).text


def to_the_desk(kind: str) -> Iterator[Notice]:
    """Every kind of letter in every language, each in a thread of its own."""
    for locale in ("de", "en", "fr"):
        for name, notice in letters(locale, "formal").items():
            one = f"{kind}-{locale}-{name}"
            yield replace(notice, id=NoticeId(f"notice-{one}"), thread=f"thread-{one}", recipient="desk@bank.example")


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
async def test_what_has_arrived_is_still_what_was_signed(postfix: Postfix, kind: str, tmp_path: Path) -> None:
    dkim = DkimParams.model_validate({"selector": kind, "private_key": an_rsa_key() if kind == "rsa" else ED25519_KEY})
    channel, record = reaching(postfix, dkim=dkim, sender_name="Störungen, täglich"), dns_record(dkim, "hub.example")
    sent = list(to_the_desk(kind))
    receipts = await delivered(channel, *sent)
    assert sum(isinstance(receipt.outcome, Delivered) for receipt in receipts) == len(sent)

    def arrived() -> list[bytes]:
        return [raw.replace(b"\n", b"\r\n") for raw in postfix.mailbox("desk") if f" s={kind};".encode() in raw]

    wait_until(lambda: len(arrived()) == len(sent), what="every letter in the mailbox")
    assert {raw[raw.index(b"DKIM-Signature") :] for raw in arrived()} == {channel.render(n).content for n in sent}
    assert all(is_genuine(raw, record) for raw in arrived())
    if kind == "rsa" and shutil.which("opendkim") is not None:  # its release of today fails on Ed25519
        said = [opendkim_says(raw, record, tmp_path) for raw in arrived()]
        assert all("verification (s=rsa, d=hub.example, 2048-bit key) succeeded" in each for each in said)
        changed = arrived()[0].replace(b"Subject: ", b"Subject: x", 1)
        assert "signature verification failed" in opendkim_says(changed, record, tmp_path)


async def test_an_unknown_mailbox_is_rejected_while_we_wait(postfix: Postfix) -> None:
    outcome = await reaching(postfix).send(to("nobody@bank.example"), None)
    assert isinstance(outcome, Rejected)
    assert outcome.failure is Failure.UNKNOWN_RECIPIENT


async def test_a_domain_that_is_not_served_is_refused_and_not_called_unknown(postfix: Postfix) -> None:
    outcome = await reaching(postfix).send(to("ops@elsewhere.example"), None)
    assert isinstance(outcome, Rejected)
    assert outcome.failure is Failure.REFUSED


async def test_nothing_is_sent_in_the_clear_nor_to_a_stranger(postfix: Postfix) -> None:
    plain = await reaching(postfix, security="none", ca_file=None).send(to("ops@bank.example"), None)
    assert isinstance(plain, Deferred)
    assert "530" in plain.detail
    stranger = await reaching(postfix, ca_file=None).send(to("ops@bank.example"), None)
    assert isinstance(stranger, Deferred)
    assert "no trusted connection" in stranger.detail


async def test_a_bounce_that_comes_back_later_names_the_notice_and_the_address(postfix: Postfix) -> None:
    notice = a_notice(Phase.WARNING, channel=ChannelKind.EMAIL, recipient="desk@gone.example", at=T0)
    receipts = await delivered(reaching(postfix), notice)
    assert isinstance(receipts[-1].outcome, Delivered)  # the server took it: only the bounce tells that it was lost
    wait_until(lambda: len(postfix.mailbox("status")) == 1, what="the bounce")
    [bounce] = parse_dsn(postfix.mailbox("status")[0])
    assert bounce.notice == notice.id
    assert bounce.address == "desk@gone.example"
    assert (bounce.status, bounce.final, bounce.permanent) == ("5.1.1", True, True)
    assert bounce.failure is Failure.UNKNOWN_RECIPIENT
    assert bounce.gives_up_address
    assert bounce.detail == "nobody of that name"
