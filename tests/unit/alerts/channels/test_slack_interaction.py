"""What a press means, without a workspace: ids, names, and everything that is refused."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.slack import modal
from alerts.channels.slack.blocks import compose
from alerts.channels.slack.controls import APPROVE, MOST_LISTED, OFFERED, PREFIX, SILENCE_S
from alerts.channels.slack.interaction import AHEAD_S, Denied, Nothing, Opens, RefusedError, Rules, Said, read
from alerts.policy.answers import TEXT_KEPT
from domain.feedback import FeedbackKind
from domain.identity import ClientId
from domain.notice import Phase
from streams.demo.slack_controls import view_complaints
from streams.demo.slack_rules import refusal
from tests.support.notices import SQUAD_FACTS, T0, a_notice

ALERT = a_notice().alert
RULES = Rules("T1", frozenset({"#squad-payments", "C012345678"}), frozenset(), frozenset({"bank-042", "fintech-7"}))


def a_press(kind: str = "acknowledge", *clients: str, **more: Any) -> dict[str, Any]:
    action = {
        "action_id": PREFIX + kind,
        "value": json.dumps([ALERT, *clients], ensure_ascii=False),
        "action_ts": f"{T0:.6f}",
    }
    return {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U0ANNA", "name": "anna"},
        "channel": {"id": "C0000000001", "name": "squad-payments"},
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [action],
    } | more


def a_submission(*clients: str, chosen: tuple[str, ...] | None = None, **values: Any) -> dict[str, Any]:
    state: dict[str, Any] = {
        "lasts": {"lasts": {"selected_option": {"value": "1 hour"}}},
        "text": {"text": {"value": None}},
    }
    if clients:
        picked = clients if chosen is None else chosen
        state["whom"] = {"whom": {"selected_options": [{"value": client} for client in picked]}}
    view = {**modal.approval(ALERT, clients), "id": "V1", "state": {"values": state | values}}
    return {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U0ANNA", "name": "anna"}, "view": view}


def said(payload: object, rules: Rules = RULES, now: float = T0 + 1) -> Said:
    reading = read(payload, rules, now)
    assert isinstance(reading, Said)
    return reading


def refused(payload: object, rules: Rules = RULES) -> str:
    with pytest.raises(RefusedError) as caught:
        read(payload, rules, T0 + 1)
    return str(caught.value)


@pytest.mark.parametrize("kind", OFFERED.values())
def test_each_button_says_what_is_on_it(kind: FeedbackKind) -> None:
    (answer,) = said(a_press(kind)).answers
    assert (answer.kind, answer.alert, answer.by, answer.at) == (kind, ALERT, "anna (Slack U0ANNA)", T0)
    assert answer.lasts_s == (SILENCE_S if kind is FeedbackKind.SILENCE else None)


def test_the_same_press_is_the_same_answer_whenever_it_is_read() -> None:
    assert said(a_press(), now=T0 + 1) == said(a_press(), now=T0 + 3000)
    other = a_press()
    other["actions"][0]["action_ts"] = f"{T0 + 1:.6f}"
    assert said(other).answers[0].id != said(a_press()).answers[0].id
    assert said(a_press(user={"id": "U0BEN", "name": "anna"})).answers[0].id != said(a_press()).answers[0].id


def test_a_name_is_one_short_line_and_cannot_pass_for_the_id_of_another() -> None:
    hostile = "anna (Slack U0BOSS)\n\u202egpj.exe <!channel>" + "x" * 100
    (answer,) = said(a_press(user={"id": "U0EVE", "name": hostile})).answers
    assert answer.by.startswith("anna Slack U0BOSS gpj.exe <!channel>")  # escaped where it is shown
    assert answer.by.endswith("… (Slack U0EVE)")
    assert answer.by.isprintable()
    assert len(answer.by) < 90
    message = compose(a_notice(facts=replace(SQUAD_FACTS, notes=(f"acknowledged by {answer.by}",))))
    assert "<!channel>" not in json.dumps(message.blocks)


@pytest.mark.parametrize("name", ["\ud7fc", "\x00\x1b[31m", "\u200b", "", "()"])
def test_a_name_that_cannot_be_shown_is_left_out(name: str) -> None:
    assert said(a_press(user={"id": "U0EVE", "name": name})).answers[0].by in {"Slack U0EVE", "[31m (Slack U0EVE)"}


def test_a_press_from_a_private_channel_counts_though_slack_tells_no_name() -> None:
    assert said(a_press(channel={"id": "G0000000009", "name": "privategroup"}))
    assert said(a_press(channel={"id": "C012345678", "name": "renamed"}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"team": {"id": "T2"}}, "wrong_team"),
        ({"team": None}, "malformed"),
        ({"user": {"id": "U0ANNA", "name": "anna", "team_id": "T2"}}, "wrong_team"),
        ({"user": {"id": "U0ANNA", "name": "anna", "team_id": None}}, "malformed"),
        ({"type": "shortcut"}, "unknown_type"),
        ({"type": ["block_actions"]}, "unknown_type"),
        ({"channel": {"id": "C0000000001", "name": "random"}}, "wrong_channel"),
        ({"channel": {"id": "../etc", "name": "squad-payments"}}, "malformed"),
        ({"user": {"id": "<@U1>", "name": "anna"}}, "malformed"),
        ({"user": {"id": "U0ANNA", "name": ["anna"]}}, "malformed"),
        ({"user": {"id": "U0ANNA", "name": "a" * 201}}, "malformed"),
        ({"actions": []}, "malformed"),
        ({"actions": "x"}, "malformed"),
        ({"actions": {"0": {}}}, "malformed"),
        ({"response_url": 7}, "malformed"),
    ],
)
def test_a_payload_that_is_not_ours_is_refused(change: dict[str, Any], reason: str) -> None:
    assert refused(a_press() | change) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action_id": "foreshock.delete"}, "unknown_action"),
        ({"action_id": "foreshock.undeliverable"}, "unknown_action"),
        ({"action_id": None}, "malformed"),
        ({"value": "alert-1"}, "malformed"),
        ({"value": "[]"}, "malformed"),
        ({"value": "[" * 2000}, "malformed"),
        ({"value": json.dumps([ALERT + "\n"])}, "malformed"),
        ({"value": json.dumps(["notice-5f0c"])}, "malformed"),
        ({"value": json.dumps([ALERT, 7])}, "malformed"),
        ({"value": json.dumps([ALERT, *(["x"] * (MOST_LISTED + 1))])}, "malformed"),
        ({"value": json.dumps([ALERT, "x" * 2000])}, "malformed"),
        ({"action_ts": "nan"}, "malformed"),
        ({"action_ts": "\ud800"}, "malformed"),
        ({"value": json.dumps([ALERT, "\ud800"])}, "malformed"),
        ({"action_ts": "-1"}, "malformed"),
        ({"action_ts": f"{T0 + AHEAD_S + 2:.6f}"}, "malformed"),
    ],
)
def test_a_button_that_is_not_ours_is_refused(change: dict[str, Any], reason: str) -> None:
    payload = a_press()
    payload["actions"][0] |= change
    assert refused(payload) == reason


def test_approving_opens_a_dialogue_that_slack_takes_whatever_the_clients_are_called() -> None:
    for clients in ((), ("bank-042",), tuple(f"client {n} {'ü' * 80}" for n in range(10)), ("x" * 160, "bank-042")):
        reading = read(a_press("approve", *clients), RULES, T0)
        assert isinstance(reading, Opens)
        assert view_complaints(reading.view) == []
        assert reading.trigger not in repr(reading)
    assert APPROVE not in OFFERED


def test_an_approval_names_each_client_and_only_those_that_were_offered() -> None:
    assert [each.client for each in said(a_submission("bank-042", "fintech-7")).answers] == ["bank-042", "fintech-7"]
    assert [each.client for each in said(a_submission("bank-042", "fintech-7", chosen=("fintech-7",))).answers] == [
        "fintech-7"
    ]
    assert refused(a_submission("bank-042", chosen=("fintech-7",))) == "unknown_client"
    assert refused(a_submission("stranger")) == "unknown_client"
    assert refused(a_submission("bank-042", chosen=())) == "malformed"


def test_an_approval_without_a_list_is_for_all_and_cannot_be_narrowed_by_a_payload() -> None:
    forged = a_submission(whom={"whom": {"selected_options": [{"value": "fintech-7"}]}})
    assert [each.client for each in said(forged).answers] == [None]


def test_a_dialogue_that_is_sent_twice_is_one_approval() -> None:
    first, again = (said(a_submission("bank-042"), now=T0 + n).answers[0] for n in (1, 2))
    assert first.id == again.id


@pytest.mark.parametrize(
    "change",
    [
        {"lasts": {"lasts": {"selected_option": {"value": "100 years"}}}},
        {"lasts": {}},
        {"text": {"text": {"value": "x" * (modal.LONGEST_TEXT + 1)}}},
        {"text": {"text": {"value": ["x"]}}},
    ],
)
def test_a_dialogue_with_other_fields_than_ours_is_refused(change: dict[str, Any]) -> None:
    assert refused(a_submission("bank-042", **change)) == "malformed"


def test_a_dialogue_of_another_app_or_a_closed_one_leads_to_nothing() -> None:
    foreign = a_submission("bank-042")
    foreign["view"]["callback_id"] = "other"
    assert refused(foreign) == "unknown_action"
    assert read({"type": "view_closed", "team": {"id": "T1"}}, RULES, T0) == Nothing()
    assert read(a_press("whom") | {"view": {}}, RULES, T0) == Nothing()


def test_who_is_no_approver_cannot_send_a_dialogue_in_either() -> None:
    rules = replace(RULES, approvers=frozenset({"U0BEN"}))
    assert isinstance(read(a_submission("bank-042"), rules, T0), Denied)
    assert isinstance(read(a_press("hold"), rules, T0), Denied)
    assert isinstance(read(a_press("acknowledge"), rules, T0), Said)


def test_as_much_may_be_added_as_the_feedback_topic_takes() -> None:
    assert modal.LONGEST_TEXT == TEXT_KEPT


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("count", [0, 1, 7, 50, 51, 500])
def test_a_message_with_buttons_is_one_that_slack_takes(phase: Phase, count: int) -> None:
    clients = tuple(ClientId(f"client-{number}") for number in range(count))
    facts = replace(SQUAD_FACTS, clients=clients, waiting=clients, similar=("yesterday: it passed",) * 9)
    message = compose(a_notice(phase, facts=facts), buttons=True)
    assert refusal({"text": message.text, "blocks": list(message.blocks)}) is None
    assert len(message.blocks) <= 15


def test_the_buttons_are_those_that_can_do_something() -> None:
    def labels(**facts: Any) -> list[list[str]]:
        blocks = compose(a_notice(facts=replace(SQUAD_FACTS, **facts)), buttons=True).blocks
        return [[each["text"]["text"] for each in row["elements"]] for row in blocks if row["type"] == "actions"]

    episode = ["Acknowledge", "Silence 1 h", "Resolve", "Useful", "Not useful"]
    assert labels() == [episode, ["Hold client notices"]]
    assert labels(clients=()) == [episode]
    assert labels(acknowledged_by="ben")[0] == episode[1:]
    assert labels(waiting=(ClientId("a"),))[1] == ["Approve 1 client notice …", "Hold client notices"]
    assert labels(waiting=(ClientId("a"), ClientId("b")))[1][0] == "Approve 2 client notices …"


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just("\ud800")
FLAT = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=8), SCALARS, max_size=3)
JSON = FLAT | st.lists(FLAT, max_size=3) | st.dictionaries(st.sampled_from(["id", "value", "type"]), FLAT, max_size=3)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(place for key, each in inside for place in _places(each, (*path, key)))]


@settings(deadline=None)
@given(data=st.data(), dialogue=st.booleans(), junk=JSON)
def test_whatever_stands_anywhere_in_a_payload_it_is_read_or_refused(
    data: st.DataObject, dialogue: bool, junk: object
) -> None:
    payload: Any = copy.deepcopy(a_submission("bank-042") if dialogue else a_press())
    path = data.draw(st.sampled_from(_places(payload)))
    if path:
        target = payload
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = junk
    else:
        payload = junk
    try:
        reading = read(payload, RULES, T0 + 1)
    except RefusedError as error:
        assert str(error).isidentifier()  # noqa: PT017 - only those of ours may come out, and each is a word
        return
    for answer in reading.answers if isinstance(reading, Said) else ():
        assert answer.alert == ALERT
        assert answer.client in {None, "bank-042"}
        assert answer.by.isprintable()
