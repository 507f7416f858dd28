"""Messages that a source must never send and some day will. Every codec refuses every one of them.

Deterministic: the same seed gives the same messages. All fit a broker's usual limit of 1 MiB.
"""

import json
import random
from collections.abc import Callable, Iterator

FAR_FUTURE = 32_503_680_000.0  # the year 3000
RARE = 1_000  # one message of each label in so many is large: ten thousand together stay below 30 MB

Rng = random.Random


def hostile_messages(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Give ``count`` pairs of label and payload; every label comes up once in ``len(KINDS)`` messages."""
    rng = Rng(seed)
    for index in range(count):
        label, make = KINDS[index % len(KINDS)]
        yield label, make(rng, index % RARE < len(KINDS))


def _message(rng: Rng, **changes: object) -> dict[str, object]:
    message: dict[str, object] = {
        "v": 1,
        "service": f"service-{rng.randrange(20)}",
        "metric": f"metric_{rng.randrange(50)}",
        "value": rng.uniform(-1e6, 1e6),
        "at": 1_795_301_265.0 + rng.random(),
    }
    return message | changes


def _json(message: object) -> bytes:
    return json.dumps(message).encode()


def _random_bytes(rng: Rng, large: bool) -> bytes:
    return bytes([0xFF]) + rng.randbytes(rng.randrange(0, 4_000 if large else 200))  # 0xff begins no JSON, no protobuf


def _truncated(rng: Rng, _large: bool) -> bytes:
    whole = _json(_message(rng))
    return whole[: rng.randrange(1, len(whole))]


def _wrong_type(rng: Rng, _large: bool) -> bytes:
    wrongs: list[dict[str, object]] = [
        {"service": 7},
        {"service": ["a"]},
        {"metric": {}},
        {"metric": 3.5},
        {"value": "12"},
        {"value": True},
        {"value": [1]},
        {"value": None},
        {"at": [1]},
        {"at": True},
        {"attributes": ["a"]},
        {"attributes": {"a": 1}},
        {"kind": 1},
        {"kind": "histogram"},
        {"metric": None, "samples": {"metric": "m", "value": 1}},
        {"metric": None, "value": None, "samples": [1, "a", None, [], {}]},
    ]
    return _json(_message(rng, **rng.choice(wrongs)))


def _not_an_object(rng: Rng, _large: bool) -> bytes:
    return rng.choice([b"null", b"true", b"[]", b"0", b'""', b"{}", b"[{}]", b'"v"', b"-1", b"1e400"])


def _nan_token(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng, value=rng.choice([float("nan"), float("inf"), float("-inf")])))


def _nan_text(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng, value=rng.choice(["NaN", "nan", "Infinity", "-inf", "+Inf"])))


def _huge_number(rng: Rng, large: bool) -> bytes:
    digits = "9" * (100_000 if large else rng.randrange(310, 5_000))
    return _json(_message(rng, value="@")).replace(b'"@"', rng.choice(["1e999", "-1e400", digits]).encode())


def _huge_text(rng: Rng, large: bool) -> bytes:
    return _json(_message(rng, **{rng.choice(["service", "metric"]): "x" * (700_000 if large else 2_000)}))


def _many_attributes(rng: Rng, large: bool) -> bytes:
    return _json(_message(rng, attributes={f"name-{i}": "x" for i in range(5_000 if large else 33)}))


def _far_future(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng, at=rng.choice([FAR_FUTURE, "9999-12-31T23:59:59Z", 1_795_301_265_000, 1e300])))


def _bad_time(rng: Rng, _large: bool) -> bytes:
    times = ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "", -1.0, float("nan"), None, "\ud800"]
    return _json(_message(rng, at=rng.choice(times)))


def _deep(rng: Rng, large: bool) -> bytes:
    depth = 100_000 if large else 1_500
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inside = opening * depth + b"1" + closing * depth
    return rng.choice([inside, opening * depth, b'{"v":1,"service":"s","samples":' + inside + b"}"])


def _wrong_version(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng, v=rng.choice([0, 2, 99, -1, "1", 1.5, None, [], 10**30])))


def _bad_name(rng: Rng, _large: bool) -> bytes:
    name = rng.choice(["", " ", " padded", "a\nb", "a\x00b", "\ud800", "\u202egnp", "x" * 201])
    return _json(_message(rng, **{rng.choice(["service", "metric"]): name}))


def _missing(rng: Rng, _large: bool) -> bytes:
    message = _message(rng)
    del message[rng.choice(list(message))]
    return _json(message)


def _empty(_rng: Rng, _large: bool) -> bytes:
    return b""


def _no_samples(rng: Rng, _large: bool) -> bytes:
    return _json({"v": 1, "service": f"service-{rng.randrange(20)}", "at": 1_795_301_265.0, "samples": []})


def _too_many_samples(rng: Rng, large: bool) -> bytes:
    row = {"metric": "m", "value": 1} if large else {"metric": "", "value": 1}
    return _json({"v": 1, "service": "s", "at": rng.randrange(10), "samples": [row] * (10_001 if large else 10)})


def _not_utf8(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng, service="@")).replace(b"@", rng.choice([b"\xff", b"\xc3\x28", b"\xed\xa0\x80"]))


def _utf16(rng: Rng, _large: bool) -> bytes:
    return _json(_message(rng)).decode().encode("utf-16")


def _all_bad(rng: Rng, _large: bool) -> bytes:
    rows: list[object] = [
        {"metric": "m", "value": rng.choice([None, "x", [], {}])} for _ in range(rng.randrange(1, 30))
    ]
    return _json({"v": 1, "service": "s", "at": 1_795_301_265.0, "samples": rows})


KINDS: tuple[tuple[str, Callable[[Rng, bool], bytes]], ...] = (
    ("random bytes", _random_bytes),
    ("truncated JSON", _truncated),
    ("wrong type", _wrong_type),
    ("not an object", _not_an_object),
    ("NaN as a token", _nan_token),
    ("NaN as text", _nan_text),
    ("huge number", _huge_number),
    ("huge text", _huge_text),
    ("many attributes", _many_attributes),
    ("far future", _far_future),
    ("bad time", _bad_time),
    ("deep nesting", _deep),
    ("wrong version", _wrong_version),
    ("bad name", _bad_name),
    ("missing field", _missing),
    ("empty", _empty),
    ("no samples", _no_samples),
    ("too many or empty names", _too_many_samples),
    ("not UTF-8", _not_utf8),
    ("UTF-16", _utf16),
    ("every sample bad", _all_bad),
)
