"""The stand-in's files: Slack's order of calls, its refusals, and its pictures on the page."""

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.slack.chart import chart_of
from alerts.channels.slack.picture import draw
from streams.demo.slack_files import SlackFiles
from streams.demo.slack_messages import Posted
from streams.demo.slack_page import render_page
from streams.demo.slack_rules import SlackError
from tests.support.pictures import FORECAST_FACTS

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def files(folder: Path | None = None, slow: int = 0) -> SlackFiles:
    return SlackFiles(lambda: "http://127.0.0.1:1/", folder, slow=slow)


def upload(known: SlackFiles, content: bytes = PNG) -> str:
    answer = known.calls["files.getUploadURLExternal"]({"filename": "series.png", "length": str(len(content))})
    name = str(answer["file_id"])
    assert answer["upload_url"].endswith(f"upload/v1/{name}")
    assert known.take(name, content) == 200
    return name


def complete(known: SlackFiles, name: str) -> dict[str, Any]:
    return known.calls["files.completeUploadExternal"]({"files": json.dumps([{"id": name, "title": "latency"}])})


def image(name: str, **more: object) -> list[dict[str, object]]:
    return [{"type": "image", "slack_file": {"id": name}, "alt_text": "A chart"} | more]


def test_an_upload_is_a_picture_once_it_is_completed(tmp_path: Path) -> None:
    known = files(tmp_path / "files")
    name = upload(known)
    assert known.pictures == {}
    assert known.complaints(image(name)) == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]
    assert complete(known, name) == {"files": [{"id": name, "title": "latency"}]}
    assert known.pictures == {name: PNG}
    assert known.complaints(image(name)) == []
    assert (tmp_path / "files" / f"{name}.png").read_bytes() == PNG


def test_a_fresh_file_is_refused_while_it_is_looked_through() -> None:
    known = files(slow=2)
    complete(known, name := upload(known))
    assert [bool(known.complaints(image(name))) for _ in range(4)] == [True, True, False, False]


def test_an_upload_can_be_completed_only_once_and_only_with_its_bytes() -> None:
    known = files()
    complete(known, name := upload(known))
    with pytest.raises(SlackError, match="file_not_found"):
        complete(known, name)
    empty = known.calls["files.getUploadURLExternal"]({"filename": "a.png", "length": "9"})["file_id"]
    with pytest.raises(SlackError, match="file_not_found"):
        complete(known, empty)
    assert known.take(empty, b"short") == 400
    assert known.take("F404", PNG) == 404
    assert known.take(name, PNG) == 404


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "invalid_arguments"),
        ({"filename": "a.png", "length": "many"}, "invalid_arguments"),
        ({"filename": "a.png", "length": "0"}, "invalid_arguments"),
        ({"filename": "a.png", "length": "99999999"}, "file_upload_size_restricted"),
    ],
)
def test_an_address_needs_a_name_and_a_length(arguments: dict[str, str], error: str) -> None:
    with pytest.raises(SlackError, match=error):
        files().calls["files.getUploadURLExternal"](arguments)


@pytest.mark.parametrize("wanted", [None, "", "{", "[]", "[3]", '[{"title": "no id"}]'])
def test_completing_needs_a_list_of_files(wanted: str | None) -> None:
    with pytest.raises(SlackError):
        files().calls["files.completeUploadExternal"]({"files": wanted})


def test_what_is_no_image_or_has_no_words_is_refused() -> None:
    known = files()
    complete(known, text := upload(known, b"just words"))
    assert known.complaints(image(text)) == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]
    complete(known, name := upload(known))
    assert known.complaints(image(name, alt_text="")) == ["missing required field: alt_text [json-pointer:/blocks/0]"]
    assert known.complaints(image(name, alt_text="x" * 2001)) != []
    assert known.complaints([{"type": "image", "image_url": "https://a.example/b.png", "alt_text": "b"}]) == []
    assert known.complaints("blocks") == []


def test_the_page_shows_the_picture_of_a_message_and_of_its_earlier_versions() -> None:
    chart = chart_of(FORECAST_FACTS, over=False)
    assert chart is not None
    first, second = draw(chart), PNG
    message = Posted("C1", "squad", "1763820120.000001", "all clear", image("F2", alt_text='say "<b>"'), None)
    message.edits = [{"text": "warning", "blocks": []}, {"text": "warning", "blocks": image("F1")}]
    page = render_page([message], {"F1": first, "F2": second})
    assert page.count('<img src="data:image/png;base64,') == 2
    assert "say &quot;&lt;b&gt;&quot;" in page
    assert "1 earlier version<" in page
    assert render_page([message]).count("<img") == 0
