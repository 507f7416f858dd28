from collections.abc import Callable

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import MAX_CHARACTERS, MAX_DEPTH, parse, parse_value
from config.origins import Written, leaves, origin_of

keys = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(keys, below, max_size=3),
    max_leaves=12,
)  # fmt: skip


class _Dumper(yaml.SafeDumper):
    """Quotes every text: what is a number differs between YAML 1.1, which this writes, and 1.2, which we read."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _messages(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "f").problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'null'", "null"),
        ("!!str 12", "12"),
        ("-3", -3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.e", "1.e"),
        ("9" * 40, 1e40),
        ("${PORT:-25}", "${PORT:-25}"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text: str, value: object) -> None:
    data = parse(f"key: {text}\n", "f").data

    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_every_value_keeps_its_line_and_column() -> None:
    document = parse("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n", "f")

    assert document.marks[("a",)] == Written(1, 1)
    assert document.marks["a", "b"] == Written(2, 3)
    assert document.marks["a", "c", 0] == Written(4, 7)
    assert document.marks["a", "c", 1, "d"] == Written(5, 8)


def test_what_an_alias_stands_for_has_the_line_of_its_anchor() -> None:
    document = parse("a: &x\n  b: 1\nc: *x\n", "f")

    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.marks[("c",)].line == 3
    assert document.marks["c", "b"].line == 2


def test_a_merge_gives_way_to_what_is_written_and_the_first_of_several_wins() -> None:
    text = "a: &a {x: 1, y: 1, z: 1}\nb: &b {x: 2, y: 2, w: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n"

    assert parse(text, "f").data["c"] == {"x": 3, "y": 1, "z": 1, "w": 2}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse("1: a\ntrue: b\nno: c\n", "f").data == {"1": "a", "true": "b", "no": "c"}


def test_a_byte_order_mark_and_comments_alone_are_an_empty_document() -> None:
    assert parse("\ufeff# nothing\n", "f").data == {}


def test_a_number_too_large_for_a_float_is_refused() -> None:
    assert _messages("key: 1e999\n") == ["f:1: key: 1e999 is not a finite number; write one that is"]


def test_a_key_that_is_no_text_is_refused() -> None:
    assert "a key must be plain text" in _messages("? [a, b]\n: 1\n")[0]


def test_a_file_that_is_too_long_is_refused_unread() -> None:
    assert "longer than" in _messages("#" * (MAX_CHARACTERS + 1))[0]


def test_depth_is_allowed_up_to_its_limit() -> None:
    assert not _messages("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert "nested deeper" in _messages("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)[0]


@pytest.mark.parametrize("hostile", [lambda: "[" * 300_000, lambda: "a: " + "{b: " * 100_000, lambda: "- " * 300_000])
def test_deep_nesting_is_told_and_does_not_crash(hostile: Callable[[], str]) -> None:
    assert _messages(hostile())


def test_aliases_cannot_blow_the_document_up() -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]

    messages = _messages("\n".join(["a0: &a0 [x]", *rows]))

    assert "more than" in messages[0]


def test_a_merge_counts_too() -> None:
    rows = [f"a{n}: &a{n} {{b{n}: [{', '.join([f'*a{n - 1}'] * 9)}], <<: *a{n - 1}}}" for n in range(1, 60)]

    assert "more than" in _messages("\n".join(["a0: &a0 {x: 1}", *rows]))[0]


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300))
def test_any_text_gives_a_document_or_says_what_is_wrong(text: str) -> None:
    document = parse(text, "f")

    assert isinstance(document.data, dict)
    assert all(str(problem).startswith("f:") for problem in document.problems)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(keys, plain, min_size=1, max_size=4))
def test_what_a_yaml_writer_writes_is_read_back_with_an_origin_for_every_value(data: dict[str, object]) -> None:
    document = parse(yaml.dump(data, Dumper=_Dumper, allow_unicode=True), "f")

    assert document.problems == ()
    assert document.data == data
    assert all(origin_of(path, document.marks) is not None for path, _ in leaves(document.data))


@pytest.mark.parametrize(
    ("text", "value"), [("[a, 1]", ["a", 1]), ("{a: 1}", {"a": 1}), ("", None), ("a:\n  b: 1", {"a": {"b": 1}})]
)
def test_one_value_can_be_read_alone(text: str, value: object) -> None:
    assert parse_value(text) == value


def test_one_value_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(ValueError, match="not YAML"):
        parse_value("[a")
