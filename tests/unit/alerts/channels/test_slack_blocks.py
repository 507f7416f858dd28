import json
from dataclasses import replace

import pytest

from alerts.channels.slack.blocks import HEADER_LIMIT, TEXT_LIMIT, Message, compose
from alerts.channels.slack.controls import APPROVE
from domain.alert import Severity
from domain.identity import ClientId
from domain.notice import Phase, SquadFacts
from streams.demo.slack_rules import complaints, refusal
from tests.support.notices import CLIENT_FACTS, SQUAD_FACTS, T0, a_notice, evidence, forecast, journey


def said(message: Message) -> str:
    texts = [block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in message.blocks]
    return "\n".join(texts)


def test_a_warning_tells_what_since_when_until_when_whom_and_why() -> None:
    text = said(compose(a_notice()))
    for part in (
        "🟠 ledger-db: db_connections is expected above its limit of 100",
        "*Warning*",
        "since <!date^1763819880^",
        "`db_connections` above its limit of *100* in about *9 min* (6 min to 14 min), at <!date^1763820660^",
        "80% sure",
        "`db_connections` *87*, expected 20 to 45",
        "has risen without a break for 4 min",
        "`latency_p95_ms (endpoint=/payments)` *312*, expected 80 to 140",
        "*Impact:* 2 journeys, 2 clients depend on them",
        "*Payment initiation* / submit / POST /payments: meets `payments-api`, which needs `ledger-db`",
        "Fintech Seven (fintech-7): held: approval required",
        "Why your squad: answers for ledger-db",
        "<https://wiki.example/runbooks/ledger-db|Runbook>",
    ):
        assert part in text


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_and_severity_is_a_message_that_slack_takes(phase: Phase, severity: Severity) -> None:
    message = compose(a_notice(phase, facts=replace(SQUAD_FACTS, severity=severity)))
    shown = {"text": message.text, "blocks": list(message.blocks), "metadata": message.metadata}
    assert refusal(shown) is None
    assert refusal({"text": message.reply}) is None


def test_colour_and_words_of_an_ending_differ_from_those_of_a_warning() -> None:
    clear = compose(a_notice(Phase.ALL_CLEAR, 2, at=T0 + 1200))
    assert clear.text.startswith("🟢 All clear:")
    assert "24 min" in said(clear)
    assert "Forecast" not in said(clear)
    assert compose(a_notice(Phase.RETRACTION, 2)).text.startswith("⚪ Warning withdrawn:")


def test_the_metadata_carries_the_notice() -> None:
    notice = a_notice()
    assert compose(notice).metadata == {
        "event_type": "foreshock_notice",
        "event_payload": {"notice": notice.id, "alert": notice.alert, "thread": notice.thread, "sequence": 1},
    }


def test_nothing_that_arrived_is_said_as_nothing_and_a_zero_as_zero() -> None:
    facts = replace(SQUAD_FACTS, evidence=(evidence("heartbeat", None), evidence("throughput", 0.0)))
    text = said(compose(a_notice(facts=facts)))
    assert "`heartbeat` *nothing*" in text
    assert "`throughput` *0*" in text


def test_what_else_is_foreseen_has_a_line_of_its_own_in_the_message_and_in_the_thread() -> None:
    sooner = replace(forecast(T0 + 120, T0 + 60, T0 + 180), limit=30.0, confidence=0.61)
    message = compose(a_notice(facts=replace(SQUAD_FACTS, further=(sooner,))))
    for text in (said(message), message.reply):
        lines = text.splitlines()
        (line,) = (line for line in lines if line.startswith("also: "))
        assert line.startswith("also: `db_connections` above its limit of *30* in about *2 min* (60 s to 3 min)")
        assert line.endswith("61% sure")
        assert "its limit of *100*" in lines[lines.index(line) - 1]
    over = compose(a_notice(Phase.ALL_CLEAR, facts=replace(SQUAD_FACTS, further=(sooner,))))
    assert "also: " not in said(over)


def test_a_limit_that_is_passed_is_not_forecast_any_more() -> None:
    breached = evidence(actual=101.0, low=0.0, high=100.0, detector="objective")
    other = replace(forecast(), limit=120.0)
    facts = replace(SQUAD_FACTS, evidence=(breached,), further=(other,))
    message = compose(a_notice(facts=facts))
    for text in (said(message), message.reply):
        assert "above its limit of *100*" not in text
        assert "also: " not in text
        assert "above its limit of *120*" in text
    assert "*Forecast*" not in said(compose(a_notice(facts=replace(facts, further=()))))
    unusual = replace(facts, evidence=(replace(breached, detector="level"),))
    assert "above its limit of *100*" in said(compose(a_notice(facts=unusual)))  # for a moment only, as yet
    just = replace(facts, evidence=(replace(breached, actual=100.0),))
    assert "above its limit of *100*" in said(compose(a_notice(facts=just)))  # it is reached, and not passed


def test_a_breach_that_is_due_already_is_not_forecast_into_the_past() -> None:
    facts = replace(SQUAD_FACTS, forecast=forecast(breach_at=T0 - 1))
    assert "`db_connections` above its limit of *100* by now, 80% sure" in said(compose(a_notice(facts=facts)))


def test_what_may_come_at_once_is_said_by_the_end_of_its_interval() -> None:
    facts = replace(SQUAD_FACTS, forecast=forecast(earliest_at=SQUAD_FACTS.changed_at))
    assert "in about *9 min* (at most 14 min), at" in said(compose(a_notice(facts=facts)))


@pytest.mark.parametrize("when", [float("inf"), float("nan"), 1e300])
def test_a_breach_at_no_real_time_is_still_a_message(when: float) -> None:
    facts = replace(SQUAD_FACTS, forecast=forecast(when, T0, when), changed_at=T0)
    message = compose(a_notice(facts=facts))
    assert complaints({"blocks": list(message.blocks)}) == []


def test_a_service_that_no_journey_needs_says_so() -> None:
    facts = replace(SQUAD_FACTS, journeys=(), clients=(), client_decisions=())
    assert "No journey is known to depend on this service." in said(compose(a_notice(facts=facts)))


@pytest.mark.parametrize("times", [1, 40, 4000])
def test_over_long_facts_are_cut_and_the_message_says_so(times: int) -> None:
    long = "word & <tag> " * times
    facts = SquadFacts(
        service=SQUAD_FACTS.service,
        severity=Severity.CRITICAL,
        headline=long,
        opened_at=T0,
        changed_at=T0,
        evidence=tuple(evidence(f"metric {long}", detail=long, detector=long, label=long) for _ in range(50)),
        forecast=forecast(),
        journeys=tuple(journey(f"{number} {long}", long, long) for number in range(50)),
        clients=tuple(ClientId(f"client-{number}") for number in range(200)),
        client_decisions=tuple(f"{number} {long}" for number in range(200)),
        reason=long,
        runbook=f"https://wiki.example/{long}",
    )
    message = compose(a_notice(facts=facts))
    assert complaints({"blocks": list(message.blocks)}) == []
    assert all(len(text) <= TEXT_LIMIT for text in (message.text, message.reply))
    text = said(message)
    assert "more findings" in text
    assert "more" in text.rpartition("*Clients*")[2]
    assert ("(cut)" in text) == (times > 1)


def test_a_headline_too_long_for_the_header_is_said_in_full_below_it() -> None:
    headline = "very " * 40 + "long"
    message = compose(a_notice(facts=replace(SQUAD_FACTS, headline=headline)))
    assert len(message.blocks[0]["text"]["text"]) <= HEADER_LIMIT
    assert message.blocks[0]["text"]["text"].endswith("(cut)")
    assert headline in message.blocks[1]["text"]["text"]


def test_a_client_on_slack_reads_nothing_internal() -> None:
    text = said(compose(a_notice(facts=CLIENT_FACTS)))
    assert text == "Payment initiation may be disrupted"


def test_other_services_in_the_episode_its_probable_cause_and_what_people_said_are_shown_until_it_is_over() -> None:
    facts = replace(
        SQUAD_FACTS,
        also_affected=("payments-api (needs ledger-db): latency_p95_ms is 312, expected 80 to 140 <!channel>",),
        probable_cause=SQUAD_FACTS.service,
        notes=("acknowledged by anna", "ledger-db is suspended: its trouble comes and goes"),
    )

    warning = compose(a_notice(facts=facts))

    assert "*Also affected*, probable cause: `ledger-db`\n• payments-api (needs ledger-db): latency" in said(warning)
    assert "acknowledged by anna  ·  ledger-db is suspended: its trouble comes and goes" in said(warning)
    assert "<!channel>" not in said(warning)
    assert complaints({"blocks": list(warning.blocks)}) == []
    assert "Also affected" not in said(compose(a_notice(Phase.ALL_CLEAR, facts=facts)))


def test_of_thousands_of_clients_a_squad_reads_counts_and_the_most_affected() -> None:
    facts = replace(
        SQUAD_FACTS,
        more_points=300,
        more_clients=4980,
        client_tally=("Reports: 5,000 clients: 4,000 told, 1,000 held",),
    )
    text = said(compose(a_notice(facts=facts)))
    assert "4982 clients depend on them" in text
    assert "… and 300 more" in text
    assert "*Clients by journey*\n• Reports: 5,000 clients: 4,000 told, 1,000 held" in text
    assert "… and 4,980 more" in text.rpartition("*Clients*, the most affected")[2]


def test_the_button_approves_all_when_more_clients_wait_than_are_named() -> None:
    facts = replace(SQUAD_FACTS, waiting=SQUAD_FACTS.clients, more_waiting=1000)
    (button,) = [
        element
        for block in compose(a_notice(facts=facts), buttons=True).blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == APPROVE
    ]
    assert button["text"]["text"] == "Approve 1002 client notices …"
    assert json.loads(button["value"]) == [a_notice().alert]
