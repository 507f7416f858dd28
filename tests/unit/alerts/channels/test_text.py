import pytest

from alerts.channels.text import CUT, clean, clip, fitting, moment


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand\x00more", "two lines and more"),
        ("  wide   gaps ", "wide gaps"),
        ("reversed \u202etxet", "reversed txet"),
        ("half \ud800 a pair", "half a pair"),
        ("zero\u200bwidth", "zerowidth"),
        ("", ""),
    ],
)
def test_foreign_text_comes_on_one_line_without_tricks(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_long_text_is_cut_before_a_word_and_says_so() -> None:
    assert clip("one two three four five", 18) == "one two" + CUT
    assert clip("x" * 100, 20) == "x" * (20 - len(CUT)) + CUT
    assert clip("fits", 4) == "fits"


@pytest.mark.parametrize("limit", [0, 1, 5, 8, 9, 50])
def test_nothing_is_longer_than_its_limit(limit: int) -> None:
    assert len(clip("some words that are long " * 9, limit)) <= limit


def test_an_enormous_text_that_shrinks_when_cleaned_still_says_that_it_was_cut() -> None:
    assert clean("\x00" * 10_000 + "end", 50).endswith(CUT.strip())


def test_the_mark_of_a_cut_can_be_in_another_language() -> None:
    assert clean("one two three four five", 20, " … (gekürzt)") == "one two … (gekürzt)"


def test_lines_that_do_not_fit_are_counted() -> None:
    lines = [f"line {number}" for number in range(10)]
    text = fitting(lines, 30)
    assert text == "line 0\nline 1\n… and 8 more"
    assert fitting(lines[:2], 30) == "line 0\nline 1"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e18])
def test_a_time_that_no_calendar_has_is_none(at: float) -> None:
    assert moment(at) is None
