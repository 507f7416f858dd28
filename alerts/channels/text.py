"""Foreign text made fit to be shown: no control characters, no tricks of direction, never too long for its place."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

CUT = " … (cut)"
_BREAKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
# Lone surrogates cannot be encoded; the others reverse or hide what follows them.
_UNFIT = re.compile("[\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_YEAR_9999 = 253_402_300_800.0


def clean(text: str, limit: int = 500, mark: str = CUT) -> str:
    """Return the text on one line, without control characters, at most ``limit`` characters long."""
    line = _BREAKS.sub(" ", _UNFIT.sub("", text[: 4 * limit])).strip()
    return clip(line, limit, mark, longer=len(text) > 4 * limit)


def clip(text: str, limit: int, mark: str = CUT, *, longer: bool = False) -> str:
    """Return the text cut before a word, with a mark that says so; ``longer`` when it was cut before already."""
    if len(text) <= limit and not longer:
        return text
    room = max(limit - len(mark), 0)
    boundary = text.rfind(" ", room // 2, room + 1)
    return (text[: boundary if boundary > 0 else room].rstrip() + mark)[:limit]


def fitting(lines: Iterable[str], limit: int, joint: str = "\n", *, more: int = 0) -> str:
    """Return as many whole lines as fit into ``limit``, and how many are left out; ``more`` were left out before."""
    every = list(lines)
    text = joint.join([*every, f"… and {more:,} more"] if more else every)
    for count in range(len(every) - 1, -1, -1):
        if len(text) <= limit:
            return text
        text = joint.join([*every[:count], f"… and {len(every) - count + more:,} more"])
    return text


def moment(at: float, zone: tzinfo = UTC) -> datetime | None:
    """Return the moment in a time zone; None when no calendar has it."""
    return datetime.fromtimestamp(at, tz=zone) if math.isfinite(at) and 0 <= at < _YEAR_9999 - 86400 else None
