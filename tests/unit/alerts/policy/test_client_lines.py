"""A squad that answers for thousands of clients: their notice stays small, counts everybody, and hides nobody."""

import json

import pytest

from alerts.channels.slack.controls import controls
from alerts.decide import Decide
from alerts.params import AlertParams
from alerts.policy.client_lines import ASKING, LISTED, UNREACHED, client_lines
from alerts.policy.facts import NOTES_SHOWN, POINTS_SHOWN
from alerts.policy.impact import Routes
from alerts.policy.threads import REASONS
from domain.feedback import FeedbackKind
from domain.identity import ServiceId
from domain.journeys import Client, Journey, Landscape
from domain.notice import Notice, Notify, SquadFacts
from streams.records import decode, encode
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_journey,
    a_landscape,
    a_service,
    a_squad,
    a_stage,
    an_anomaly,
)

MANY = 1500
LARGEST = 50_000  # bytes of a squad's notice; Kafka takes a million
PARAMS = AlertParams.model_validate({"group_wait": "0s"})


def crowd(count: int = MANY) -> list[Client]:
    """Every third is told, asks first, or never wants to be told; the last one uses the important journey, too."""
    wishes = ("automatic", "required", "never")
    return [
        a_client(
            f"bank-{number:04d}",
            f"Bank {number}",
            ["reports", "cards"] if number == count - 1 else ["reports"],
            [f"ops@bank-{number:04d}.example"],
            wishes[number % 3],
        )
        for number in range(count)
    ]


def journeys() -> list[Journey]:
    return [
        a_journey("reports", a_stage("send", "payments-api"), title="Reports"),
        a_journey("cards", a_stage("pay", "payments-api"), title="Cards", important=True),
    ]


def town(clients: list[Client]) -> Landscape:
    return a_landscape(services=[a_service()], journeys=journeys(), squads=[a_squad()], clients=clients)


def warned(landscape: Landscape) -> tuple[tuple[Notice, ...], SquadFacts]:
    notices = Decide(landscape, PARAMS).handle(an_anomaly()).notices
    facts = next(notice.facts for notice in notices if notice.squad is not None)
    assert isinstance(facts, SquadFacts)
    return notices, facts


def test_the_notice_of_a_squad_stays_small_however_many_clients_there_are() -> None:
    notices, _ = warned(town(crowd()))

    sizes = [len(encode(notice)) for notice in notices]

    assert max(sizes) < LARGEST
    assert decode(Notice, encode(notices[0])) == notices[0]


def test_everybody_is_counted_by_journey_and_the_most_affected_are_named_first() -> None:
    _, facts = warned(town(crowd()))

    assert facts.clients[0] == "bank-1499"
    assert len(facts.clients) == len(facts.client_decisions) == LISTED
    assert facts.more_clients == MANY - LISTED
    assert facts.client_tally == (
        "Reports: 1,500 clients: 500 told, 500 waiting for approval, 500 not told",
        "Cards: 1 client: 1 not told",
    )
    assert (len(facts.waiting), facts.more_waiting) == (ASKING, 500 - ASKING)


def test_nobody_is_lost_to_the_record_when_a_squad_reads_counts() -> None:
    notices, _ = warned(town(crowd()))

    clients = [notice for notice in notices if notice.client is not None]

    assert {notice.client for notice in clients} == {client.id for client in crowd()}
    assert sum(isinstance(notice.decision, Notify) for notice in clients) == MANY / 3
    assert not any(b"bank-" in encode(notice).replace(str(notice.client).encode(), b"") for notice in clients)


def test_of_a_few_clients_each_has_a_line_in_the_order_of_the_configuration() -> None:
    clients = crowd(LISTED)

    _, facts = warned(town(clients))

    assert facts.clients == tuple(client.id for client in clients)
    assert (facts.more_clients, facts.more_waiting, facts.client_tally) == (0, 0, ())


def test_without_contact_clients_are_named_beyond_the_lines_for_nothing_else_names_them() -> None:
    unreached = [a_client(f"api-{number}", "Api", ["reports"], [], "never") for number in range(UNREACHED + 5)]

    notices, facts = warned(town([*crowd(LISTED), *unreached]))

    assert facts.without_contact == tuple(client.id for client in unreached[:UNREACHED])
    assert not {notice.client for notice in notices} & {*facts.without_contact}
    assert len(encode(notices[0])) < LARGEST


def test_a_client_with_contacts_about_whom_nothing_is_decided_yet_is_not_said_to_have_none() -> None:
    landscape = town([*crowd(1), a_client("api-1", "Api", ["reports"], [], "never")])
    routes = Routes(landscape)

    found = client_lines((), routes.impact(ServiceId("payments-api")), routes)

    assert [line for _, line in found.lines] == [
        "Bank 0 (bank-0000): not told: not decided yet",
        "Api (api-1): not told: no contact",
    ]


@pytest.mark.parametrize("count", [0, 1, LISTED, LISTED + 1, ASKING + 1, MANY])
def test_all_who_wait_are_approved_from_slack_and_counted_on_the_button_whether_they_have_a_line_or_not(
    count: int,
) -> None:
    clients = [
        a_client(f"bank-{number:04d}", "Bank", ["reports"], [f"ops@bank-{number:04d}.example"], "required")
        for number in range(count)
    ]
    decide = Decide(town(clients), PARAMS)
    notice = next(notice for notice in decide.handle(an_anomaly()).notices if notice.squad is not None)
    assert isinstance(notice.facts, SquadFacts)

    buttons = [button for row in controls(notice, notice.facts) for button in row["elements"]]
    offered = [button for button in buttons if button["text"]["text"].startswith("Approve")]
    assert [button["text"]["text"].split()[1] for button in offered] == ([str(count)] if count else [])
    alert, *named = json.loads(offered[0]["value"]) if count else (str(notice.alert),)
    assert len(named) == (count if count <= ASKING else 0)
    told = set()
    for number, client in enumerate(named or [None]):
        decided = decide.handle(a_feedback(FeedbackKind.APPROVE, alert, T0 + 60 + number, client))
        told |= {each.client for each in decided.notices if isinstance(each.decision, Notify)}
    assert told - {None} == {each.id for each in clients}


def test_of_more_touchpoints_than_a_notice_holds_each_journey_has_one() -> None:
    services = [f"service-{number}" for number in range(2 * POINTS_SHOWN)]
    landscape = a_landscape(
        services=[a_service("ledger-db"), *(a_service(name, depends_on=["ledger-db"]) for name in services)],
        journeys=[
            a_journey("large", *(a_stage(f"stage {name}", name) for name in services)),
            a_journey("small", a_stage("only", services[0])),
        ],
        clients=[],
    )

    facts = Decide(landscape, PARAMS).handle(an_anomaly("ledger-db")).notices[0].facts

    assert isinstance(facts, SquadFacts)
    assert (len(facts.journeys), facts.more_points) == (POINTS_SHOWN, POINTS_SHOWN + 1)
    assert {affected.journey for affected in facts.journeys} == {"large", "small"}
    assert facts.reason.count("; ") == REASONS
    assert facts.reason.endswith(f"; and {2 * POINTS_SHOWN + 2 - REASONS} more")


def test_notes_are_bounded_when_people_speak_of_many_clients() -> None:
    decide = Decide(town(crowd(3 * NOTES_SHOWN)), PARAMS)
    alert = decide.handle(an_anomaly()).transitions[0].alert
    for number in range(1, 3 * NOTES_SHOWN, 3):
        answer = a_feedback(FeedbackKind.HOLD, alert, T0 + number, f"bank-{number:04d}")
        notices = decide.handle(answer).notices
    for number in range(2, 3 * NOTES_SHOWN, 3):
        answer = a_feedback(FeedbackKind.HOLD, alert, T0 + 500 + number, f"bank-{number:04d}")
        notices = decide.handle(answer).notices

    facts = next(notice.facts for notice in notices if notice.squad is not None)

    assert isinstance(facts, SquadFacts)
    assert len(facts.notes) == NOTES_SHOWN + 1
    assert facts.notes[-1] == "50 more notes"
