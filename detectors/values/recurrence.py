"""What surprises at the same time of the day, day after day, is known: a nightly job, a cache that is emptied at noon.

The largest surprises of the last days are kept with time and size. One is known when surprises of about its size, or
larger ones, came at that time of the day on most of the days since the first of them, and not by chance. How many it
takes depends on what else would tell: an incident may come daily, too. Where people have said what matters, its limits
tell of harm, and two are enough; elsewhere it takes ten, two working weeks. Until then each is told; and what grows is
told again.

What is kept is bytes, 16 for each surprise: time and rarity (nines). They are few and seldom read, and an object of
their own, or an array, takes a hundred bytes before it holds anything.
"""

import struct
from collections.abc import Sequence
from math import comb

from domain.errors import StateError
from domain.state import Plain

DAY_S = 86_400.0
KEPT = 16  # surprises: the largest of these days
NEAR_S = 900.0  # of the time of day; and surprises that are so near to each other are one
DAYS, MOST = 14, 5 / 7  # what comes on so large a part of them comes daily: a job of the working week does
ENOUGH, SOON = 10, 2  # of them must have had one, and where objectives tell of harm
CHANCE = 0.01  # at most, that what surprises at any time of the day has come on so many days at this one
LARGER = 1.3  # times as many nines are about the same size
NEVER = b""
_SURPRISE = struct.Struct("<2d")


def known(past: bytes, at: float, nines: float, gap_s: float, enough: int = ENOUGH) -> bool:
    """Whether so large a surprise came at this time of the day on most of the last days, on ``enough`` of them.

    ``gap_s`` is the usual time between samples: where they are rare, more surprises share a time of the day by chance.
    """
    days = number = 0
    for then, size in _SURPRISE.iter_unpack(past):
        ago = at - then
        if nines <= LARGER * size and ago > NEAR_S:
            day = round(ago / DAY_S)
            number += 1
            if 1 <= day <= DAYS and abs(ago - day * DAY_S) <= NEAR_S:
                days |= 1 << day
    came, since = days.bit_count(), days.bit_length() - 1
    if came < enough or came < MOST * since:
        return False
    oldest: float = _SURPRISE.unpack_from(past)[0]
    a_day = number * 2.0 * max(NEAR_S, gap_s) / (at - oldest)  # surprises at one time of the day
    return comb(since, came) * a_day**came <= CHANCE


def remembered(past: bytes, at: float, nines: float) -> bytes:
    """Return the surprises with one more; one that is close to the last is the same."""
    surprises: list[tuple[float, float]] = list(_SURPRISE.iter_unpack(past))
    if surprises and at - surprises[-1][0] < NEAR_S:
        then, size = surprises[-1]
        surprises[-1] = then, max(size, nines)
    else:
        surprises = [each for each in surprises if each[0] >= at - (DAYS + 0.5) * DAY_S]
        surprises.append((at, nines))
        if len(surprises) > KEPT:
            surprises.remove(min(surprises, key=lambda each: each[1]))
    return b"".join(_SURPRISE.pack(*each) for each in surprises)


def saved(past: bytes) -> Plain:
    """Return the surprises as plain data: time and nines in turn."""
    return [number for each in _SURPRISE.iter_unpack(past) for number in each]


def restored(state: Plain) -> bytes:
    """Return the surprises that were saved; raises StateError when they are damaged."""
    if not isinstance(state, Sequence) or isinstance(state, str | bytes) or len(state) % 2:
        raise StateError("the saved surprises of a series are damaged")
    try:
        return b"".join(_SURPRISE.pack(*state[place : place + 2]) for place in range(0, len(state), 2))
    except struct.error:
        raise StateError("the saved surprises of a series are damaged") from None
