"""Two hundred clients ask why they heard, or did not hear, of one episode: each gets the answer that is theirs."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.alert import AlertStatus
from domain.identity import ClientId
from domain.notice import Decision, Delivered, Hold, Notify, Phase, SquadFacts, Suppress
from streams.record.database import open_record
from streams.record.explain import explain_alert
from streams.record.moment import explain_client
from streams.record.story import as_text
from tests.support.builders import T0, an_anomaly
from tests.support.record import ALERT, Log, a_client_notice, a_receipt, a_record_file, a_squad_notice, a_transition

CLIENTS = 200
ANSWERS = (
    (Notify("90% sure reaches the client's 80%"), "to be told: 90% sure reaches"),
    (Hold("approval required: nobody has approved"), "held: approval required: nobody has approved"),
    (Hold("quiet hours until 06:00", T0 + 3600), "held: quiet hours until 06:00 (until 2025-06-15 16:06:40 UTC)"),
    (Suppress("the client is never written to"), "not to be told: the client is never written to"),
    (None, "not told: no contact"),  # affected, without a contact
    (None, "this client was not affected"),
)


def name_of(number: int) -> str:
    return f"client-{number:03d}"


def an_episode_of_many() -> Log:
    log = Log()
    anomaly = an_anomaly("ledger-db", at=T0)
    log.say(anomaly)
    log.say(a_transition(AlertStatus.OPEN, 1, 0, anomaly))
    affected: dict[ClientId, str] = {}
    for number in range(CLIENTS):
        kind = number % len(ANSWERS)
        decision: Decision | None = ANSWERS[kind][0]
        if decision is not None:
            notice = a_client_notice(Phase.WARNING, 1, 0, decision, client=name_of(number))
            log.say(notice, number % 4)
            if isinstance(decision, Notify):
                log.say(a_receipt(notice, Delivered(f"<{number}@x>")), number % 4)
        if kind < len(ANSWERS) - 1:
            affected[ClientId(name_of(number))] = "not told: no contact" if decision is None else "by their policy"
    notice = a_squad_notice(Phase.WARNING, 1, 0)
    facts = notice.facts
    assert isinstance(facts, SquadFacts)
    facts = replace(facts, clients=tuple(affected), client_decisions=tuple(affected.values()))
    log.say(replace(notice, facts=facts))
    return log


def test_each_of_two_hundred_clients_is_answered(tmp_path: Path) -> None:
    record = open_record(a_record_file(tmp_path, log=an_episode_of_many()))

    with record.reading() as connection:
        answers = [as_text(explain_client(connection, name_of(number), T0 + 60)) for number in range(CLIENTS)]

    wrong = [n for n, text in enumerate(answers) if ANSWERS[n % len(ANSWERS)][1] not in text]
    assert wrong == []
    delivered = [n for n, text in enumerate(answers) if f"delivered (<{n}@x>)" in text]
    assert delivered == list(range(0, CLIENTS, len(ANSWERS)))
    others = [n for n, text in enumerate(answers) if f"to client {name_of((n + 1) % CLIENTS)}" in text]
    assert others == []
    record.close()


def among_many(more: int) -> Log:
    """Three have a line, two have a notice, two no contact; ``more`` are counted besides the three."""
    log = Log()
    anomaly = an_anomaly("ledger-db", at=T0)
    log.say(anomaly)
    log.say(a_transition(AlertStatus.OPEN, 1, 0, anomaly))
    for name in ("bank-100", "bank-101"):
        log.say(a_client_notice(Phase.WARNING, 1, 0, Hold("approval required"), client=name))
    notice = a_squad_notice(Phase.WARNING, 1, 0)
    assert isinstance(notice.facts, SquadFacts)
    without = (ClientId("api-1"), ClientId("api-2"))
    log.say(replace(notice, facts=replace(notice.facts, more_clients=more, more_points=7, without_contact=without)))
    return log


@pytest.mark.parametrize(
    ("client", "more", "expected"),
    [
        ("bank-100", 4, "held: approval required"),
        ("api-2", 4, "not told: no contact"),
        ("bank-999", 4, "this client was not affected"),
        ("bank-999", 4980, "this client is one of 4,976 whom nothing in the record names, or was not affected"),
    ],
)
def test_a_client_without_a_line_is_answered_from_what_the_record_knows(
    tmp_path: Path, client: str, more: int, expected: str
) -> None:
    record = open_record(a_record_file(tmp_path, log=among_many(more)))

    with record.reading() as connection:
        answer = as_text(explain_client(connection, client, T0 + 60))

    assert expected in answer
    record.close()


@pytest.mark.parametrize(("more", "counted"), [(4, False), (4980, True)])
def test_the_story_of_an_alert_names_who_has_no_contact_and_counts_only_whom_nothing_names(
    tmp_path: Path, more: int, *, counted: bool
) -> None:
    record = open_record(a_record_file(tmp_path, log=among_many(more)))

    with record.reading() as connection:
        story = explain_alert(connection, str(ALERT))

    assert story is not None
    text = as_text(story)
    assert "clients api-1, api-2: not told: no contact" in text
    assert ("4,976 more clients were affected; nothing in the record names them" in text) == counted
    assert "and 7 more touchpoints" in text
    record.close()
