import re

import pytest

from alerts.channels.slack.mrkdwn import code, cut, date, link, say
from alerts.channels.text import CUT


@pytest.mark.parametrize(
    "hostile",
    ["<!channel>", "<@U123>", "<#C123>", "<https://evil.example|login>", "<!date^0^x|y>", "a & b", "&lt;!here&gt;"],
)
def test_nothing_foreign_becomes_a_tag(hostile: str) -> None:
    shown = say(hostile)
    assert "<" not in shown
    assert ">" not in shown
    assert re.search(r"&(?!amp;|lt;|gt;)", shown) is None


@pytest.mark.parametrize("hostile", ["*bold*", "~struck~", "`code`", "_italic_", "*a* _b_ ~c~ `d`"])
def test_nothing_foreign_switches_a_style_on(hostile: str) -> None:
    assert not set("*~`_") & set(say(hostile))


def test_an_underscore_inside_a_name_stays() -> None:
    assert say("latency_p95_ms") == "latency_p95_ms"


@pytest.mark.parametrize("word", ["@channel", "@here", "@everyone", "@HERE"])
def test_a_broadcast_written_out_is_not_one(word: str) -> None:
    assert word not in say(f"look {word} now")
    assert "ops@bank.example" in say("ops@bank.example")


def test_a_name_in_fixed_width_cannot_end_it() -> None:
    assert code("a`b` <@U1>") == "`a\u02cbb\u02cb &lt;@U1&gt;`"
    assert code("") == "`?`"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "slack://open", "https://", "http:/no-host", "runbook.md", "https://[", "x" * 5000],
)
def test_only_a_web_address_becomes_a_link(address: str) -> None:
    assert "<" not in link(address, "Runbook")


def test_an_address_cannot_end_its_own_tag() -> None:
    shown = link("https://wiki.example/a|b>c<d e?q=1&r=2", "Runbook")
    assert shown == "<https://wiki.example/a%7Cb%3Ec%3Cd%20e?q=1&amp;r=2|Runbook>"


def test_a_time_is_shown_in_the_readers_zone_and_in_utc_for_the_rest() -> None:
    assert date(1_763_820_120.9) == "<!date^1763820120^{date_short_pretty}, {time}|2025-11-22 14:02 UTC>"
    assert date(float("inf")) == "at an unknown time"


@pytest.mark.parametrize("limit", range(12, 90))
def test_marked_up_text_is_never_cut_inside_a_tag_an_entity_or_a_name(limit: int) -> None:
    text = "say `a name` and <!date^1^{time}|then> or &amp; and &lt;this&gt; and `another one`"
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert shown == text or shown.endswith(CUT)
    assert shown.count("<") == shown.count(">")
    assert shown.count("`") % 2 == 0
    assert re.search(r"&(?!amp;|lt;|gt;)", shown) is None
