"""The e-mail channel against a mail server, over a real connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams
from alerts.outbox import Outbox
from alerts.params import DeliveryParams
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Phase, Receipt, Rejected
from streams.demo.mail_server import MailFault, MailServer
from streams.system import SystemClock
from tests.support.dkim import ED25519_KEY, ED25519_RECORD, is_genuine
from tests.support.notices import CLIENT_FACTS, an_email
from tests.support.processes import PATIENCE_S
from tests.support.tls import a_certificate, a_server_context

pytestmark = pytest.mark.integration

SECRET = "a-very-secret-password"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_certificate(tmp_path_factory.mktemp("tls"))


def reaching(server: MailServer, **more: object) -> EmailChannel:
    fields = {"host": server.host, "port": server.port, "sender": "status@hub.example", "security": "none"}
    return EmailChannel(EmailParams.model_validate({**fields, **more}))


async def test_a_notice_arrives_in_both_forms(tmp_path: Path) -> None:
    async with MailServer(folder=tmp_path / "mail") as server:
        channel = reaching(server)
        outcome = await channel.send(an_email(), None)
    assert outcome == Delivered(f"<{an_email().id}@hub.example>")
    taken = server.messages[0]
    assert (taken.sender, taken.recipients) == ("status@hub.example", ("ops@bank.example",))
    assert taken.content == channel.render(an_email()).content
    assert [part.get_content_type() for part in taken.message.iter_parts()] == ["text/plain", "text/html"]
    assert server.notice_ids == [an_email().id]
    assert [path.read_bytes() for path in (tmp_path / "mail").glob("*.eml")] == [taken.content]


async def test_a_signed_notice_arrives_as_it_was_signed_and_so_does_its_repeat() -> None:
    notice = an_email(facts=replace(CLIENT_FACTS, journeys=("." * 80,)))  # lines that begin with a dot: SMTP adds one
    async with MailServer() as server:
        server.faults.append(MailFault("data"))
        channel = reaching(server, dkim={"selector": "s1", "private_key": ED25519_KEY})
        outcomes = [await channel.send(notice, None) for _ in range(3)]
    content = channel.render(notice).content
    assert b"\r\n.." in content
    assert [type(outcome) for outcome in outcomes] == [Deferred, Delivered, Delivered]
    assert [taken.content for taken in server.messages] == [content] * 2
    assert is_genuine(server.messages[0].content, f's1._domainkey.hub.example. IN TXT "{ED25519_RECORD}"')


@pytest.mark.parametrize(("implicit", "security"), [(False, "starttls"), (True, "tls")])
async def test_an_encrypted_connection_and_an_account(*, implicit: bool, security: str, certificate: Path) -> None:
    tls = a_server_context(certificate)
    async with MailServer(tls=tls, implicit_tls=implicit, credentials=("hub", SECRET)) as server:
        channel = reaching(server, security=security, ca_file=certificate, username="hub", password=SECRET)
        assert isinstance(await channel.send(an_email(), None), Delivered)
    assert server.messages[0].encrypted


async def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    async with MailServer() as server:
        outcome = await reaching(server, security="starttls").send(an_email(), None)
    assert outcome == Deferred(
        Failure.UNAVAILABLE, "the mail server offers no STARTTLS, and nothing is sent in the clear"
    )
    assert server.messages == []


@pytest.mark.parametrize(("implicit", "security"), [(False, "starttls"), (True, "tls")])
async def test_a_certificate_that_is_not_trusted_gets_nothing(
    *, implicit: bool, security: str, certificate: Path
) -> None:
    async with MailServer(tls=a_server_context(certificate), implicit_tls=implicit) as server:
        outcome = await reaching(server, security=security).send(an_email(), None)
    assert isinstance(outcome, Deferred)
    assert outcome.failure is Failure.UNAVAILABLE
    assert "no trusted connection" in outcome.detail
    assert server.messages == []


async def test_a_wrong_password_is_deferred_and_shown_nowhere(
    certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="alerts")
    caplog.set_level("DEBUG", logger="aiosmtplib")
    async with MailServer(tls=a_server_context(certificate), credentials=("hub", "another")) as server:
        channel = reaching(server, security="starttls", ca_file=certificate, username="hub", password=SECRET)
        outcome = await channel.send(an_email(), None)
    assert outcome == Deferred(Failure.UNAUTHORISED, "the mail server did not accept user name and password (535)")
    ours = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail"))
    assert SECRET not in repr(outcome) + ours
    assert an_email().id in ours


FAULTS = [
    (MailFault("rcpt", "450 4.2.1 mailbox busy"), Deferred, Failure.UNAVAILABLE),
    (MailFault("rcpt", "550 5.1.1 no such user"), Rejected, Failure.UNKNOWN_RECIPIENT),
    (MailFault("rcpt", "550 5.7.1 not welcome"), Rejected, Failure.REFUSED),
    (MailFault("data", "451 4.3.0 disk full"), Deferred, Failure.UNAVAILABLE),
    (MailFault("data", "554 5.7.1 looks like spam"), Rejected, Failure.REFUSED),
    (MailFault("rcpt"), Deferred, Failure.UNAVAILABLE),
    (MailFault("data"), Deferred, Failure.UNAVAILABLE),
    (MailFault("data", hang=True), Deferred, Failure.TIMEOUT),
]


@pytest.mark.parametrize(("fault", "kind", "failure"), FAULTS, ids=lambda value: str(value)[:70])
async def test_each_fault_has_its_outcome_and_a_log_line(
    fault: MailFault, kind: type[Deferred | Rejected], failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    async with MailServer() as server:
        server.faults.append(fault)
        outcome = await reaching(server, timeout="1s" if fault.hang else "60s").send(an_email(), None)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Delivered)
    assert outcome.failure is failure
    assert server.messages == []
    assert f"notice {an_email().id} not delivered by e-mail: {failure}" in caplog.text


async def test_nobody_listening_is_deferred() -> None:
    async with MailServer() as server:
        pass
    outcome = await reaching(server).send(an_email(), None)
    assert isinstance(outcome, Deferred)
    assert outcome.failure is Failure.UNAVAILABLE


async def test_an_address_that_is_none_is_rejected_before_anybody_is_called() -> None:
    async with MailServer() as server:
        notice = an_email()
        object.__setattr__(notice, "recipient", "ops@bank.example\r\nRCPT TO:<evil@x.example>")
        outcome = await reaching(server).send(notice, None)
    assert isinstance(outcome, Rejected)
    assert outcome.failure is Failure.UNKNOWN_RECIPIENT
    assert server.messages == []


@contextlib.asynccontextmanager
async def delivering(channel: EmailChannel, receipts: list[Receipt]) -> AsyncIterator[Outbox]:
    async def keep(receipt: Receipt) -> None:
        receipts.append(receipt)

    params = DeliveryParams(backoff_base="10ms", backoff_cap="50ms")
    outbox = Outbox({ChannelKind.EMAIL: channel}, params, SystemClock(), keep)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_greylisting_delays_and_loses_nothing() -> None:
    receipts: list[Receipt] = []
    async with MailServer(greylist=True) as server, delivering(reaching(server), receipts) as outbox:
        outbox.accept(an_email())
        outbox.accept(an_email(Phase.ALL_CLEAR, 2))
        async with asyncio.timeout(PATIENCE_S):
            await outbox.idle()
    assert server.notice_ids == [an_email().id, an_email(Phase.ALL_CLEAR, 2).id]
    assert [receipt.outcome.kind for receipt in receipts] == ["deferred", "delivered", "delivered"]


async def test_a_repeat_after_a_lost_answer_is_the_same_to_the_byte() -> None:
    receipts: list[Receipt] = []
    async with MailServer() as server, delivering(reaching(server), receipts) as outbox:
        server.faults.append(MailFault("data", accepted=True))
        outbox.accept(an_email())
        async with asyncio.timeout(PATIENCE_S):
            await outbox.idle()
    first, second = server.messages
    assert first.content == second.content
    assert set(server.notice_ids) == {an_email().id}
