"""The pages on which people answer: whatever a message, a dialogue or a letter holds, it stays text."""

import json
from dataclasses import asdict, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.slack.controls import APPROVE
from streams.demo.letters import in_order, render_letters
from streams.demo.portrait import first_letter, portrait
from streams.demo.slack_dialogue import answers, missing, render_dialogue
from streams.demo.slack_messages import Posted
from streams.demo.slack_page import Live, render_page
from streams.demo.slack_people import Dialogue, Person
from tests.support.forms import forms, tags

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
PLACE = ("C1", "1763820120.000001")


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def a_button(text: str = "Press", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": plain(text), "value": "v", **more}


def posted(*buttons: dict[str, Any]) -> Posted:
    rows: list[dict[str, Any]] = [{"type": "actions", "block_id": "b", "elements": list(buttons)}]
    return Posted(PLACE[0], "squad", PLACE[1], "now", rows, None)


def a_dialogue(text: str = "Words", *, optional: bool = False) -> Dialogue:
    option = {"text": plain(text), "value": text}
    elements: dict[str, dict[str, Any]] = {
        "whom": {"type": "multi_static_select", "options": [option], "initial_options": [option]},
        "lasts": {"type": "static_select", "options": [option], "initial_option": option},
        "text": {"type": "plain_text_input", "max_length": 500},
    }
    inputs = [
        {"type": "input", "block_id": name, "label": plain(text), "hint": plain(text), "optional": optional}
        | {"element": {**element, "action_id": name}}
        for name, element in elements.items()
    ]
    read = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "context", "elements": [plain(text)]},
    ]
    return Dialogue(
        "V1", {name: plain(text) for name in ("title", "submit", "close")} | {"blocks": read + inputs}, Person()
    )


def test_hostile_labels_stay_text_on_the_page_that_can_be_pressed() -> None:
    confirm = {name: plain(HOSTILE) for name in ("title", "text", "confirm", "deny")}
    message = posted(a_button(HOSTILE, action_id=HOSTILE, style=HOSTILE), a_button(HOSTILE, confirm=confirm))
    live = Live(HOSTILE, {PLACE: HOSTILE}, [("/letters", HOSTILE)])
    harmless = posted(a_button(style="primary"), a_button(confirm=dict.fromkeys(confirm, plain("x"))))
    page, calm = (render_page([each], {}, live) for each in (message, harmless))
    assert HOSTILE not in page
    assert page.count("<script>") == calm.count("<script>") == 1, "our own"
    assert "img" not in tags(page)
    assert forms(page)[0].pressed(HOSTILE)["action"] == HOSTILE


def test_hostile_words_stay_text_in_a_dialogue() -> None:
    dialogue = a_dialogue(HOSTILE)
    dialogue.errors = {"text": HOSTILE}
    page = render_dialogue(dialogue, {"text": [HOSTILE], "whom": [HOSTILE]})
    assert HOSTILE not in page
    assert not {"script", "img"} & tags(page)


def test_a_letter_stays_in_its_frame() -> None:
    message = EmailMessage()
    message["Subject"], message["To"] = HOSTILE.replace("\n", " "), "ops@bank.example"
    message.set_content("plain")
    message.add_alternative(HOSTILE, subtype="html")
    page = render_letters(in_order([message]))
    assert HOSTILE not in page
    assert not {"script", "img"} & tags(page)
    assert page.count(' sandbox="allow-popups allow-popups-to-escape-sandbox" ') == 1


def test_the_latest_letter_comes_first() -> None:
    messages = []
    for hour in (10, 12, 11):
        message = EmailMessage()
        message["Subject"], message["Date"] = f"at {hour}", f"Mon, 01 Jan 2029 {hour}:00:00 +0000"
        message.set_content("calm")
        messages.append(message)
    page = render_letters(in_order(messages))
    assert page.index("<h1>at 12") < page.index("<h1>at 11") < page.index("<h1>at 10")
    assert "No letter was sent yet" in render_letters(())


def test_only_a_page_with_an_app_has_forms_and_follows_what_happens() -> None:
    message = posted(a_button(style="primary"))
    dead, live = render_page([message]), render_page([message], {}, Live("1", {}))
    assert "form" not in tags(dead)
    assert "script" not in tags(dead)
    assert [form.fields for form in forms(live)] == [{"channel": ["C1"], "ts": ["1763820120.000001"]}]
    assert "Waiting for somebody" in live
    assert "Waiting for somebody" not in render_page([posted(a_button())], {}, Live("1", {}))


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"whom": ["Words"], "lasts": ["Words"], "text": ["x"]}, set()),
        ({"whom": ["Words"], "lasts": ["Words"], "text": [""]}, {"text"}),
        ({}, {"whom", "lasts", "text"}),
    ],
)
def test_what_must_be_filled_in_is_asked_for(given: dict[str, list[str]], lacking: set[str]) -> None:
    assert set(missing(a_dialogue(), given)) == lacking
    assert missing(a_dialogue(optional=True), given) == {}


def test_what_was_filled_in_is_said_by_field() -> None:
    assert answers(a_dialogue(), {"whom": ["a", "b"], "lasts": ["1 hour"]}) == {
        "whom": ["a", "b"],
        "lasts": "1 hour",
        "text": None,
    }


def test_the_portrait_of_a_run_is_the_first_version_with_a_picture_that_asks_for_an_approval(tmp_path: Path) -> None:
    picture = {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "how it went"}
    asking = {"type": "actions", "block_id": "b", "elements": [a_button(action_id=APPROVE)]}
    edits = [
        {"text": name, "blocks": [{"type": "header", "text": plain(name)}, *blocks]}
        for name, blocks in (("bare", [asking]), ("drawn", [picture, asking]), ("later", [picture, asking]))
    ]
    message = replace(posted(), blocks=[{"type": "header", "text": plain("over")}, picture], edits=edits)
    (tmp_path / "slack" / "files").mkdir(parents=True)
    (tmp_path / "slack" / "files" / "F1.png").write_bytes(b"\x89PNG")
    with pytest.raises(LookupError):
        portrait(tmp_path)
    (tmp_path / "slack" / "squad-1.json").write_text(json.dumps(asdict(message)))
    page = portrait(tmp_path)
    assert "drawn" in page
    assert "data:image/png;base64," in page
    assert not any(word in page for word in ("bare", "later", "over</div>", "nobody can press"))


def test_the_portrait_of_a_letter_is_the_first_to_its_reader(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    for name, day, reader in (("a", 2, "ops@bank.example"), ("b", 1, "ops@bank.example"), ("c", 1, "it@other.example")):
        letter = EmailMessage()
        letter["To"], letter["Date"] = reader, f"Mon, 0{day} Jan 2029 10:00:00 +0000"
        letter.set_content(f"letter {name}")
        (tmp_path / "mail" / f"{name}.eml").write_bytes(bytes(letter))
    assert "letter b" in first_letter(tmp_path, "ops@bank.example")
    with pytest.raises(LookupError, match=r"nobody@bank\.example"):
        first_letter(tmp_path, "nobody@bank.example")
