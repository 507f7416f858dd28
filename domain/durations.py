"""Durations as people write them in a configuration: ``30s``, ``5m``, ``2h``, ``1d``, ``250ms``, ``1h30m``."""

import re

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_duration(text: object) -> float:
    """Return seconds. Raises ValueError with an example for anything else; a bare number is refused: it has no unit."""
    if not isinstance(text, str) or not re.fullmatch(rf"(?:{_PART.pattern})+", text.strip()):
        raise ValueError(f'{text!r} is not a duration: write a number with a unit, such as "30s", "5m", "2h" or "1d"')
    return sum(float(number) * UNITS_S[unit] for number, unit in _PART.findall(text.strip()))


def format_duration(seconds: float) -> str:
    """Return the shortest exact text in whole units, such as ``1h30m``; ``0s`` for nothing."""
    milliseconds = round(seconds * 1000)
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
