"""Addresses that mail comes back from, contacts who unsubscribe, and what becomes of an ending that they were owed."""

from dataclasses import replace

import pytest

from alerts.decide import Decide, Decided
from domain.anomaly import AnomalyPhase
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Phase, Suppress
from tests.support.builders import T0, a_client, a_feedback, a_landscape, a_watermark, an_anomaly
from tests.support.decide import BANK, PARAMS, SQUAD, facts_of, feed, held_back, sent

UNDELIVERABLE, UNSUBSCRIBE, READMIT = FeedbackKind.UNDELIVERABLE, FeedbackKind.UNSUBSCRIBE, FeedbackKind.READMIT
CAME_BACK = "mail to this address came back on 15 Jun 2025"
OVER = an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 100, opened_at=T0)


def say(decide: Decide, kind: FeedbackKind, address: str, at: float = T0 + 5, client: str | None = None) -> Decided:
    given = a_feedback(kind, None, at, client, name=f"{kind} {address} {at}")
    return decide.handle(replace(given, address=address))


def a_decide(*, optional: bool = False) -> Decide:
    shared = "desk@shared.example"
    clients = [
        replace(a_client(emails=[BANK, shared]), optional_notices=optional),
        replace(a_client("bank-7", "Other Bank", emails=[shared]), optional_notices=optional),
    ]
    return Decide(a_landscape(clients=clients), PARAMS)


def test_nothing_goes_to_an_address_that_mail_came_back_from_and_the_others_are_told() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0))
    say(decide, UNDELIVERABLE, BANK.upper())

    opened = decide.handle(an_anomaly(at=T0 + 10))

    assert held_back(opened) == [(BANK, CAME_BACK)]
    assert sent(opened)[1:] == [("desk@shared.example", Phase.WARNING)] * 2


def test_the_squads_of_the_episode_hear_whom_to_call_but_no_address() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())

    told = say(decide, UNDELIVERABLE, "desk@shared.example")

    (facts,) = facts_of(told)
    assert facts.headline == (
        "mail to 1 contact of Example Bank comes back: call them; mail to 1 contact of Other Bank comes back: call them"
    )
    assert facts.notes == tuple(facts.headline.split("; "))
    assert "desk@" not in repr(told.transitions)
    assert "desk@" not in repr(facts)
    assert say(decide, UNDELIVERABLE, "desk@shared.example", T0 + 9) == Decided()


def test_an_ending_owed_to_such_an_address_is_settled_on_record_and_owed_no_more() -> None:
    decide = a_decide()
    feed(decide, an_anomaly())
    say(decide, UNDELIVERABLE, BANK)

    over = feed(decide, OVER, a_watermark(T0 + 200))[1]

    assert [notice.decision for notice in over.notices if notice.recipient == BANK] == [Suppress(CAME_BACK)]
    assert {notice.phase for notice in over.notices} == {Phase.ALL_CLEAR}
    assert [recipient for recipient, _ in sent(over)] == [SQUAD, "desk@shared.example", "desk@shared.example"]
    assert decide.debt() == 0


def test_an_address_that_is_readmitted_is_written_to_again_also_about_what_goes_on() -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0))
    say(decide, UNDELIVERABLE, BANK)
    feed(decide, an_anomaly(at=T0 + 10))

    say(decide, READMIT, BANK, T0 + 20)

    assert sent(decide.handle(a_watermark(T0 + 30))) == [(BANK, Phase.WARNING)]


@pytest.mark.parametrize("optional", [True, False])
def test_who_unsubscribes_hears_no_more_of_what_is_optional_and_of_the_rest_as_before(optional: bool) -> None:
    decide = a_decide(optional=optional)
    feed(decide, an_anomaly())

    say(decide, UNSUBSCRIBE, "desk@shared.example", client="bank-7")
    over = feed(decide, OVER, a_watermark(T0 + 200))[1]

    told = [client for notice in over.notices if (client := notice.client) and notice.decision.kind == "notify"]
    assert told == [ClientId("bank-042")] * 2 + ([] if optional else [ClientId("bank-7")])
    unsubscribed = ("desk@shared.example", "this contact has unsubscribed from optional notices on 15 Jun 2025")
    assert held_back(over) == ([unsubscribed] if optional else [])


def test_what_is_known_of_addresses_survives_a_restart_and_nonsense_is_not_kept() -> None:
    one, other = a_decide(), a_decide()
    feed(one, a_watermark(T0))
    say(one, UNDELIVERABLE, BANK, at=-1e300)
    say(one, UNDELIVERABLE, " ")
    say(one, READMIT, "nobody@nowhere.example")

    other.restore(one.snapshot())

    assert held_back(other.handle(an_anomaly(at=T0 + 10))) == [
        (BANK, "mail to this address came back on an unknown day")
    ]
    assert len(one._memory.bars) == 1


def test_a_client_without_an_address_that_works_is_told_of_as_such() -> None:
    decide = Decide(a_landscape(), PARAMS)
    feed(decide, a_watermark(T0))
    say(decide, UNDELIVERABLE, BANK)

    (facts,) = facts_of(decide.handle(an_anomaly(at=T0 + 10)))

    assert facts.client_decisions == (f"Example Bank (bank-042): not told: {CAME_BACK}",)
    assert facts.waiting == ()
