"""The stand-in refuses what Slack refuses, and its page shows what was said as text."""

from typing import Any

import pytest

from streams.demo.slack_messages import Posted
from streams.demo.slack_page import mrkdwn, render_page
from streams.demo.slack_rules import complaints, refusal


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": "header", "text": {"type": kind, "text": text}}


def context(count: int, text: str = "x") -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}] * count}


@pytest.mark.parametrize(
    "blocks",
    [
        "text",
        [section("x")] * 51,
        [section("x" * 3001)],
        [section("")],
        [{"type": "section"}],
        [{"type": "section", "fields": []}],
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}],
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
        [header("x" * 151)],
        [header("x", "mrkdwn")],
        [context(0)],
        [context(11)],
        [context(1, "x" * 3001)],
        [{"type": "marquee"}],
        ["text"],
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_slack_refuses_is_refused(blocks: object) -> None:
    assert complaints({"blocks": blocks})
    assert refusal({"text": "x", "blocks": blocks}) == "invalid_blocks"


def test_what_is_just_within_the_limits_is_taken() -> None:
    blocks = [header("x" * 150), *[section("x" * 3000)] * 48, context(10, "x" * 3000)]
    assert (
        refusal({"text": "x" * 40_000, "blocks": blocks, "metadata": {"event_type": "t", "event_payload": {}}}) is None
    )


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": "t"}, "invalid_metadata_format"),
    ],
)
def test_a_message_as_a_whole_is_checked(message: dict[str, Any], error: str) -> None:
    assert refusal(message) == error


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* and `code *not bold*`", "<b>bold</b> and <code>code *not bold*</code>"),
        ("a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"),
        ("&lt;https://evil.example|x&gt;", "&lt;https://evil.example|x&gt;"),
        (
            "<https://wiki.example/a?b=1&amp;c=2|Runbook>",
            '<a href="https://wiki.example/a?b=1&amp;c=2" rel="noreferrer">Runbook</a>',
        ),
        ("<!date^1763820120^{date_short_pretty}, {time}|then>", "22 Nov, 14:02 UTC"),
        ("<!date^99999999999999999^{time}|then>", "then"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (
            '<https://x.example/" onclick="evil|x>',
            '<a href="https://x.example/&quot; onclick=&quot;evil" rel="noreferrer">x</a>',
        ),
        ("latency_p95_ms", "latency_p95_ms"),
    ],
)
def test_marked_up_text_becomes_html_and_nothing_else(text: str, html: str) -> None:
    assert mrkdwn(text) == html


def test_the_page_shows_channels_threads_and_earlier_versions() -> None:
    first = Posted("C1", "squad", "1763820120.000001", "now", [section("*now* <b>")], None, edits=[{"text": "before"}])
    note = Posted("C1", "squad", "1763820121.000001", "note", [], None, thread_ts=first.ts)
    page = render_page([first, note])
    for part in ("# squad", "<b>now</b> &lt;b&gt;", "1 earlier version", "before", "1 reply", "note", "14:02:00 UTC"):
        assert part in page
    assert "No message was posted" in render_page([])


def test_the_page_says_that_its_buttons_cannot_be_pressed_and_only_where_there_are_some() -> None:
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Resolve <all>"}}
    rows = [{"type": "actions", "elements": [button]}] * 2
    live = Posted(channel="C1", channel_name="squad", ts="1.0", text="x", metadata=None, blocks=rows)
    plain = Posted(channel="C1", channel_name="squad", ts="1.0", text="x", metadata=None, blocks=[section("x")])
    page = render_page([live, live])
    assert page.count("nobody can press them") == 1
    assert "<button" not in page
    assert "Resolve &lt;all&gt;" in page
    assert "nobody can press them" not in render_page([plain])
    assert "http" not in page
