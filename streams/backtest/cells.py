"""What a cell of a table means: a time, or a number, as people and programs write them. Pure."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeAlias

Number: TypeAlias = Callable[[object], float]

FAR_S: Final = 1e11  # the year 5138: a greater number counts thousandths of a second, or millionths, or less
SCALES: Final = ((FAR_S, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
EMPTY: Final = frozenset({"", "null", "none", "n/a", "na", "-"})
NOT_NUMBERS: Final = frozenset({"nan", "inf", "infinity"})  # which Python reads, and detection refuses by name
EXAMPLE: Final = "write 2026-11-21T22:00:00+01:00, or seconds since 1970"
SHOWN: Final = 40  # characters of a cell that are told

_DOTTED = re.compile(r"^(\d{2})\.(\d{2})\.(\d{4}),?")  # 24.10.2026: wherever dots are written, the day comes first
_SPACE = " '\u00a0\u202f"
_THOUSANDS = r"[1-9]\d{0,2}"  # before the first mark: 0,512 has a decimal comma
_POINT = re.compile(rf"[+-]?{_THOUSANDS}(?:[,{_SPACE}]\d{{3}})+(?:\.\d+)?")
_COMMA = re.compile(rf"[+-]?(?:\d+|{_THOUSANDS}(?:[.{_SPACE}]\d{{3}})+)(?:,\d+)?(?:[eE][+-]?\d+)?")


def _surely(mark: str, other: str) -> re.Pattern[str]:
    """Return what a number looks like whose ``mark`` cannot be that of its thousands."""
    fraction = rf"(?:0*|\d{{4,}}){mark}\d+|[\d{_SPACE}]*{mark}(?!\d{{3}}$)\d+"
    return re.compile(rf"[+-]?(?:(?:{fraction})(?:[eE][+-]?\d+)?|{_THOUSANDS}(?:{other}\d{{3}})+{mark}\d+)")


_POINT_SURELY, _COMMA_SURELY = _surely(r"\.", ","), _surely(",", r"\.")


def seconds(cell: object) -> float:
    """Return a time as seconds since 1970; a date without a zone is UTC. Raises ValueError."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)).timestamp()
    try:
        at = float(cell) if isinstance(cell, str) else _float(cell, "time")
    except ValueError:
        if isinstance(cell, str):
            return seconds(_date(cell))
        raise
    scale = next((scale for most, scale in SCALES if abs(at) < most), None)
    if scale is None:
        raise ValueError(f"{_shown(cell)} is not a time" if math.isfinite(at) else "the time is not finite")
    return at / scale


def is_time(cell: str) -> bool:
    """Return whether a text is a time."""
    try:
        seconds(cell)
    except ValueError:
        return False
    return True


def has_zone(cell: str) -> bool:
    """Return whether a time means the same everywhere; what is no time does."""
    try:
        return _date(cell).tzinfo is not None
    except ValueError:
        return True


def number(cell: object) -> float:
    """Return a number with a decimal point, perhaps with thousands marked: 1234.5, 1,234.5. Raises ValueError."""
    if isinstance(cell, str):
        try:
            return float(cell)
        except ValueError:
            return _marked(cell, _POINT, ".")
    return _float(cell, "number")


def comma_number(cell: object) -> float:
    """Return a number with a decimal comma, perhaps with thousands marked: 1234,5, 1.234,5. Raises ValueError."""
    if not isinstance(cell, str) or cell.strip(" +-").casefold() in NOT_NUMBERS:
        return number(cell)
    return _marked(cell, _COMMA, ",")


def number_of(cells: Iterable[str], *, comma_is_free: bool) -> Number:
    """Return how to read the numbers of a table, judged by some of its cells.

    ``1,234`` alone can be either: it has a decimal comma where something else parts the columns (``comma_is_free``),
    unless another cell surely has a decimal point.
    """
    found = [cell.strip() for cell in cells if "," in cell or "." in cell]
    if any(_COMMA_SURELY.fullmatch(cell) for cell in found):
        return comma_number
    either = comma_is_free and any("," in cell and _COMMA.fullmatch(cell) for cell in found)
    return comma_number if either and not any(_POINT_SURELY.fullmatch(cell) for cell in found) else number


def is_empty(cell: object) -> bool:
    """Return whether nothing was measured."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in EMPTY)


def _date(text: str) -> datetime:
    plain = text.strip().removesuffix(" UTC")
    try:
        return datetime.fromisoformat(_DOTTED.sub(r"\3-\2-\1", plain))
    except ValueError:
        raise ValueError(f"{_shown(text)} is not a time: {EXAMPLE}") from None


def _float(cell: object, what: str) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise ValueError(f"the {what} is empty" if cell is None else f"{_shown(cell)} is not a {what}")  # noqa: TRY004 - all that a cell can be is a ValueError
    try:
        return float(cell)
    except OverflowError:
        raise ValueError(f"the {what} {_shown(cell)} is too large") from None


def _marked(text: str, shape: re.Pattern[str], mark: str) -> float:
    plain = text.strip()
    if not shape.fullmatch(plain):
        raise ValueError(f"{_shown(text)} is not a number")
    return float("".join(c for c in plain if c.isalnum() or c in {mark, "+", "-"}).replace(mark, "."))


def _shown(cell: object) -> str:
    text = str(cell)
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
