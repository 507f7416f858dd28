"""Two hundred clients ask why they heard, or did not hear, of one episode: each gets the answer that is theirs."""

from dataclasses import replace
from pathlib import Path

from domain.alert import AlertStatus
from domain.identity import ClientId
from domain.notice import Decision, Delivered, Hold, Notify, Phase, SquadFacts, Suppress
from streams.record.database import open_record
from streams.record.explain import explain_alert
from streams.record.moment import explain_client
from streams.record.story import as_text
from tests.support.builders import T0, an_anomaly
from tests.support.record import Log, a_client_notice, a_receipt, a_record_file, a_squad_notice, a_transition

CLIENTS = 200
ANSWERS = (
    (Notify("confidence 0.90 reaches the client's 0.80"), "to be told: confidence 0.90 reaches"),
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


def test_a_client_who_is_not_named_among_many_is_not_said_to_be_unaffected(tmp_path: Path) -> None:
    log = Log()
    anomaly = an_anomaly("ledger-db", at=T0)
    log.say(anomaly)
    log.say(a_transition(AlertStatus.OPEN, 1, 0, anomaly))
    notice = a_squad_notice(Phase.WARNING, 1, 0)
    assert isinstance(notice.facts, SquadFacts)
    log.say(replace(notice, facts=replace(notice.facts, more_clients=4980, more_points=7)))
    record = open_record(a_record_file(tmp_path, log=log))

    with record.reading() as connection:
        answer = as_text(explain_client(connection, "bank-9999", T0 + 60))
        story = explain_alert(connection, str(notice.alert))

    assert "this client has no contact, or was not affected" in answer
    assert "and 7 more touchpoints" in answer
    assert "and 4,980 more" in answer
    assert story is not None
    assert "4,980 more clients were affected" in as_text(story)
    record.close()
