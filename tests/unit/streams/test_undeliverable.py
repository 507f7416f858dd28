"""Mail that can never arrive ends an address; mail that may arrive, or was only refused, does not."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from alerts.channels.email.bounce import parse_dsn
from alerts.outbox import CAUTIOUS_S
from alerts.params import DeliveryParams
from domain.feedback import Feedback, FeedbackKind
from domain.identity import NoticeId
from domain.notice import ChannelKind, Deferred, Failure, Notice, Outcome, Receipt, Rejected
from streams.agents.base import Output
from streams.agents.deliver import DeliverStage
from streams.agents.feedback import FeedbackStage
from streams.metrics import Metrics
from streams.records import decode, decode_any, encode
from streams.topics import Topic
from streams.undeliverable import came_back, undeliverable
from tests.support.channels import FakeChannel
from tests.support.clock import ManualClock
from tests.support.dsn import NOTICE, RECIPIENT, a_dsn
from tests.support.notices import T0, a_notice, an_email
from tests.support.stages import a_record

GONE = Rejected(Failure.UNKNOWN_RECIPIENT, "the mail server answered 550 5.1.1 no such user")


class Post:
    """A deliver stage, its two channels, and what it wrote."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.email, self.slack = FakeChannel(ChannelKind.EMAIL, can_look=False), FakeChannel(ChannelKind.SLACK)
        self.written: list[Output] = []
        self.refuse: Topic | None = None
        self.stage = DeliverStage(
            {ChannelKind.EMAIL: self.email, ChannelKind.SLACK: self.slack},
            DeliveryParams(),
            2,
            clock=self.clock,
            metrics=Metrics(),
            write=self._write,
            touch=lambda _: None,
        )

    async def _write(self, output: Output) -> None:
        if output.topic is self.refuse:
            self.refuse = None
            raise ConnectionError("the broker is away")
        self.written.append(output)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Post"]:
        await self.stage.open()
        await self.clock.advance(CAUTIOUS_S)
        try:
            yield self
        finally:
            await self.stage.close()

    async def deliver(self, notice: Notice, *outcomes: Outcome) -> None:
        (self.email if notice.channel is ChannelKind.EMAIL else self.slack).outcomes.extend(outcomes)
        self.stage.process(a_record(0, encode(notice), "notices"))
        await self.clock.advance(600)

    def said(self) -> list[Feedback]:
        return [decode(Feedback, output.value) for output in self.written if output.topic is Topic.FEEDBACK]


async def test_an_address_that_is_refused_for_good_is_told_before_its_receipt_is_stored() -> None:
    async with Post().open() as post:
        await post.deliver(an_email(), GONE)
        assert [output.topic for output in post.written] == [Topic.FEEDBACK, Topic.RECEIPTS]
        (said,) = post.said()
        assert (said.kind, said.address) == (FeedbackKind.UNDELIVERABLE, "ops@bank.example")
        assert (said.alert, said.client) == (an_email().alert, "bank-042")
        assert said.comment == GONE.detail
        assert post.written[0].partition == 0
        assert post.written[0].key == an_email().alert.encode()
        passed = FeedbackStage(Metrics()).process(a_record(0, post.written[0].value, "feedback"))
        assert Topic.ANOMALIES in {output.topic for output in passed} <= set(Topic) - {Topic.DEAD_LETTERS}


@pytest.mark.parametrize("away", [Topic.FEEDBACK, Topic.RECEIPTS])
async def test_it_is_told_again_with_the_same_id_until_the_broker_has_both(away: Topic) -> None:
    async with Post().open() as post:
        post.refuse = away
        await post.deliver(an_email(), GONE)
        assert {said.id for said in post.said()} == {undeliverable(an_email(), "", T0).id}
        receipts = [decode_any(output.value) for output in post.written if output.topic is Topic.RECEIPTS]
        assert [receipt.outcome for receipt in receipts if isinstance(receipt, Receipt)] == [GONE]
        assert post.stage.outbox.pending == 0


@pytest.mark.parametrize(
    ("notice", "outcome"),
    [
        (an_email(), Rejected(Failure.REFUSED, "554 5.7.1 looks like spam")),
        (an_email(), Deferred(Failure.UNAVAILABLE, "450 4.2.0 greylisted")),
        (an_email(), Deferred(Failure.UNAUTHORISED, "550 5.1.8 sender")),
        (a_notice(), Rejected(Failure.UNKNOWN_RECIPIENT, "channel_not_found")),
    ],
)
async def test_nothing_else_ends_an_address(notice: Notice, outcome: Outcome) -> None:
    async with Post().open() as post:
        await post.deliver(notice, outcome)
        assert post.said() == []
        assert Topic.RECEIPTS in {output.topic for output in post.written}


def test_what_comes_back_says_the_same_as_a_refusal_would_have() -> None:
    sent = replace(an_email(), id=NoticeId(NOTICE))
    (bounce,) = parse_dsn(a_dsn())
    said = came_back(bounce, sent, T0)
    assert isinstance(said, Feedback)
    assert said.id == undeliverable(sent, "", T0 + 999).id
    assert (said.kind, said.address, said.client) == (FeedbackKind.UNDELIVERABLE, "ops@bank.example", "bank-042")
    assert said.comment == "5.1.1 550 5.1.1 <ops@bank.example>: no such user"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (None, "no such notice was sent by e-mail"),
        (a_notice(), "no such notice was sent by e-mail"),
        (replace(an_email(), recipient="desk@bank.example"), "sent to another address"),
    ],
)
def test_what_fits_no_notice_that_was_sent_ends_no_address(sent: Notice | None, why: str) -> None:
    (bounce,) = parse_dsn(a_dsn())
    said = came_back(bounce, sent, T0)
    assert isinstance(said, str)
    assert why in said


@pytest.mark.parametrize(
    ("status", "action"), [("5.7.1", "failed"), ("4.4.7", "failed"), ("4.4.1", "delayed"), ("5.1.1", "delayed")]
)
def test_what_may_pass_or_is_no_fault_of_the_address_ends_no_address(status: str, action: str) -> None:
    (bounce,) = parse_dsn(a_dsn(RECIPIENT.replace("5.1.1", status, 1).replace("failed", action)))
    assert came_back(bounce, replace(an_email(), id=NoticeId(NOTICE)), T0) == "nothing is given up for that"


def test_an_address_is_the_same_however_its_letters_are_written() -> None:
    (bounce,) = parse_dsn(a_dsn(RECIPIENT.replace("ops@bank.example", "OPS@Bank.Example")))
    said = came_back(bounce, replace(an_email(), id=NoticeId(NOTICE)), T0)
    assert isinstance(said, Feedback)
    assert said.address == "ops@bank.example"
