"""The records on Foreshock's own topics, byte by byte: other tools read them, and so do the releases before and after.

``earlier`` holds what a release before wrote. Those files are never written anew: whoever updates a worker finds such
records on the topics.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, get_origin

import pytest

from domain.telemetry import SourceRef
from streams.record import anchors
from streams.records import decode_any, decode_dead_letter, encode, encode_dead_letter
from tests.conftest import GOLDEN, Golden
from tests.support import full_records
from tests.support.builders import T0

RECORDS: dict[str, tuple[Any, ...]] = {
    "anomaly": full_records.anomalies(),
    "watermark": full_records.watermarks(),
    "incident": full_records.incidents(),
    "feedback": full_records.answers(),
    "transition": full_records.transitions(),
    "notice": full_records.notices(),
    "receipt": full_records.receipts(),
}
EARLIER = GOLDEN / "records" / "earlier"


def lines(records: Iterable[bytes]) -> bytes:
    return b"".join(record + b"\n" for record in records)


@pytest.mark.parametrize("name", RECORDS)
def test_the_records_of_a_type(name: str, golden: Golden) -> None:
    golden(f"records/{name}.jsonl", lines(map(encode, RECORDS[name])))


def test_the_records_of_input_that_was_refused_and_of_the_ends_of_the_records_chains(golden: Golden) -> None:
    golden("records/dead-letter.jsonl", lines(map(encode_dead_letter, full_records.dead_letters())))
    golden("records/record-heads.jsonl", lines([anchors.encode(full_records.heads(), T0)]))


def test_no_field_that_may_be_left_out_is_left_out_of_these_files() -> None:
    known: set[tuple[str, str]] = set()
    filled: set[tuple[str, str]] = set()
    for value in inner((*RECORDS.values(), full_records.dead_letters())):
        for field in fields(value):
            if has_default(field):
                known.add((type(value).__name__, field.name))
                if getattr(value, field.name) != field.default:
                    filled.add((type(value).__name__, field.name))

    assert known - filled == set()


@pytest.mark.parametrize("name", RECORDS)
def test_what_an_earlier_release_wrote_is_read_whole(name: str) -> None:
    written = (EARLIER / f"{name}.jsonl").read_bytes().splitlines()

    assert written
    for line in written:
        assert_within(json.loads(line), json.loads(encode(decode_any(line))))


def test_refused_input_and_ends_that_an_earlier_release_wrote_are_read() -> None:
    whole, _ = full_records.dead_letters()
    assert decode_dead_letter((EARLIER / "dead-letter.jsonl").read_bytes()) == whole
    anchor = anchors.decode(SourceRef("foreshock.record-heads", 0, 0), (EARLIER / "record-heads.jsonl").read_bytes())
    assert tuple(anchor.heads.values()) == full_records.heads()


@pytest.mark.parametrize("name", RECORDS)
def test_what_a_later_release_adds_is_passed_over(name: str) -> None:
    for value in RECORDS[name]:
        assert decode_any(json.dumps(with_more(json.loads(encode(value)))).encode()) == value


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING and get_origin(field.type) is not Literal


def inner(value: object) -> Iterator[Any]:
    """Yield every dataclass inside a value."""
    if isinstance(value, tuple):
        for each in value:
            yield from inner(each)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from inner(getattr(value, field.name))


def assert_within(before: Any, after: Any, place: str = "") -> None:
    """Assert that all that stood in a record still stands where it was."""
    if isinstance(before, dict):
        assert isinstance(after, dict), place
        for name, value in before.items():
            assert name in after, f"{place}.{name}"
            assert_within(value, after[name], f"{place}.{name}")
    elif isinstance(before, list):
        assert isinstance(after, list), place
        assert len(before) == len(after), place
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            assert_within(one, other, f"{place}[{number}]")
    else:
        assert before == after, place


def with_more(value: Any) -> Any:
    """Add a field that this release does not know to every object."""
    if isinstance(value, dict):
        return {**{name: with_more(each) for name, each in value.items()}, "not known yet": 1}
    return [with_more(each) for each in value] if isinstance(value, list) else value
