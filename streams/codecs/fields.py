"""Reading JSON one field at a time, so that a refusal can say which field is wrong and how."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from domain.errors import DecodeError
from streams.codecs.base import Reason, shown

T = TypeVar("T")
Rfc3339 = Annotated[datetime, msgspec.Meta(tz=True)]
NOT_NUMBERS = {"nan", "inf", "infinity"}  # what printf and friends write in place of a number
VERSION_SHOWN = 1_000_000  # larger ones are noise, not versions


def parse_object(payload: bytes) -> Mapping[str, Any]:
    """Return the JSON object that UTF-8 bytes hold. NaN is read, so that it can be refused where it stands."""
    try:
        raw = json.loads(payload.decode())
    except RecursionError:
        raise DecodeError(Reason.TOO_DEEP, "nested too deeply to read") from None
    except json.JSONDecodeError as error:
        raise DecodeError(Reason.NOT_JSON, f"{error.msg} at character {error.pos}") from None
    except ValueError:  # an integer of thousands of digits
        raise DecodeError(Reason.BAD_NUMBER, "a number has too many digits") from None
    return an_object(raw, "message")


def check_version(found: object, version: int, name: str) -> None:
    """Refuse another version than the one given, naming both."""
    if found is None:
        raise DecodeError(Reason.MISSING_FIELD, f'v: missing; this release reads {name} "v": {version}')
    if type(found) is int and found == version:
        return
    text = found if type(found) is int and abs(found) < VERSION_SHOWN else shown(found)
    raise DecodeError(Reason.UNKNOWN_VERSION, f"v: {text}; this release reads {name} v{version}")


def required(raw: Mapping[str, Any], name: str, read: Callable[[object, str], T]) -> T:
    """Return a field as ``read`` understands it; null is as good as missing."""
    found = raw.get(name)
    if found is None:
        raise DecodeError(Reason.MISSING_FIELD, f"{name}: missing")
    return read(found, name)


def optional(raw: Mapping[str, Any], name: str, read: Callable[[object, str], T]) -> T | None:
    """Return a field as ``read`` understands it, or None if it is missing or null."""
    found = raw.get(name)
    return None if found is None else read(found, name)


def an_object(found: object, name: str) -> Mapping[str, Any]:
    """Read a JSON object."""
    if not isinstance(found, dict):
        raise DecodeError(Reason.WRONG_TYPE, f"{name}: an object is needed, not {shown(found)}")
    return found


def a_list(found: object, name: str) -> list[Any]:
    """Read a JSON array."""
    if not isinstance(found, list):
        raise DecodeError(Reason.WRONG_TYPE, f"{name}: a list is needed, not {shown(found)}")
    return found


def a_text(found: object, name: str) -> str:
    """Read a text."""
    if not isinstance(found, str):
        raise DecodeError(Reason.WRONG_TYPE, f"{name}: a text is needed, not {shown(found)}")
    return found


def a_number(found: object, name: str) -> float:
    """Read a number; it may still be NaN or infinite if the JSON had it bare."""
    if isinstance(found, str) and found.strip().lstrip("+-").lower() in NOT_NUMBERS:
        raise DecodeError(Reason.BAD_NUMBER, f"{name}: {shown(found)} is not a finite number")
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise DecodeError(Reason.WRONG_TYPE, f"{name}: a number is needed, not {shown(found)}")
    try:
        return float(found)
    except OverflowError:
        raise DecodeError(Reason.BAD_NUMBER, f"{name}: out of range") from None


def a_time(found: object, name: str) -> float:
    """Read a time: seconds since 1970, or text such as 2026-03-01T08:30:00Z."""
    if not isinstance(found, str):
        return a_number(found, name)
    try:
        return msgspec.convert(found, Rfc3339).timestamp()
    except (msgspec.ValidationError, UnicodeEncodeError):
        why = f"{name}: {shown(found)} is not a time; write seconds or 2026-03-01T08:30:00Z"
        raise DecodeError(Reason.BAD_TIME, why) from None
