"""Units that telemetry declares, as UCUM and everyday tools write them, and by what one becomes another.

Known are the units of time, data, ratios and some of physics, with prefixes (``ms``, ``KiBy``), their everyday words
(``milliseconds``, ``MB``), one divided by another (``By/s``), and annotations, which say what is counted and change
nothing (``{request}/s``). Units with an offset, such as degrees, become nothing but themselves.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST: Final = 63  # characters, as OpenTelemetry has it
_LARGE: Final = {"": Fraction(1), **{name: Fraction(1000**power) for power, name in enumerate("kMGTP", start=1)}}
_PREFIXES: Final = _LARGE | {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000)}
_OF_DATA: Final = _LARGE | {f"{name}i": Fraction(1024**power) for power, name in enumerate("KMGTP", start=1)}
_ATOMS: Final = {  # what takes no prefix
    "": ("", Fraction(1)), "1": ("", Fraction(1)), "%": ("", Fraction(1, 100)),
    "min": ("s", Fraction(60)), "h": ("s", Fraction(3600)), "d": ("s", Fraction(86_400)),
    "wk": ("s", Fraction(604_800)), "Cel": ("Cel", Fraction(1)), "[degF]": ("[degF]", Fraction(1)),
}  # fmt: skip
_DATA: Final = {"By": Fraction(1), "B": Fraction(1), "bit": Fraction(1, 8)}  # but no b: it may be either
_SCALED: Final = frozenset({"s", "Hz", "g", "m", "K", "W", "J", "V", "A"})
_WORDS: Final = {
    "ns": ("nanosecond", "nanoseconds"), "us": ("microsecond", "microseconds", "\u00b5s", "\u03bcs"),
    "ms": ("millisecond", "milliseconds", "msec"), "s": ("second", "seconds", "sec", "secs"),
    "min": ("minute", "minutes", "mins"), "h": ("hour", "hours"), "d": ("day", "days"),
    "By": ("byte", "bytes"), "kBy": ("kilobyte", "kilobytes"), "MBy": ("megabyte", "megabytes"),
    "GBy": ("gigabyte", "gigabytes"), "TBy": ("terabyte", "terabytes"), "bit": ("bits",), "kbit": ("kilobits",),
    "Mbit": ("megabits",), "Gbit": ("gigabits",), "Tbit": ("terabits",), "%": ("percent",),
    "1": ("count", "ratio", "none"),
}  # fmt: skip
_UNIT_OF: Final = {word: unit for unit, words in _WORDS.items() for word in words}
_FURTHEST: Final = 10**30  # times, either way: no two units that anybody means are further apart
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")


class _Meaning(NamedTuple):
    over: tuple[str, ...]  # base units above the line, in order
    under: tuple[str, ...]
    scale: Fraction  # of one such unit in base units


@lru_cache(maxsize=4096)
def factor(old: str, new: str) -> float | None:
    """Return by what a value in ``old`` is multiplied to be one in ``new``; None if nothing does that."""
    if old == new:
        return 1.0
    one, other = _read(old), _read(new)
    if one is None or other is None or one[:2] != other[:2]:
        return None
    times = one.scale / other.scale
    if times != 1 and not any(one[:2]) and (_counts(old) or _counts(new)):
        return None  # a number of things is no share of them
    return float(times) if Fraction(1, _FURTHEST) <= times <= _FURTHEST else None


def _counts(unit: str) -> bool:
    return unit.startswith("{") or unit.lower() == "count"


def known(unit: str) -> bool:
    """Whether it is a unit that can be converted."""
    return _read(unit) is not None


def usual() -> tuple[str, ...]:
    """Return the units that people mean most often, for a suggestion."""
    return (*_WORDS, "KiBy", "MiBy", "GiBy", *sorted(_SCALED))


def _read(text: str) -> _Meaning | None:
    if not text or len(text) > LONGEST:
        return None
    over, *under = _ANNOTATION.sub("", text).split("/")
    above, below = _factors([over]), _factors(under)
    if above is None or below is None:
        return None
    names, scale = above
    others, share = below
    return _Meaning(names, others, scale / share)


def _factors(products: list[str]) -> tuple[tuple[str, ...], Fraction] | None:
    """Return the base units of products such as ``kBy`` or ``W.h``, and their scale."""
    names, scale = [], Fraction(1)
    for term in (term for product in products for term in product.split(".")):
        found = _term(term)
        if found is None:
            return None
        name, size = found
        scale *= size
        names += [name] if name else []
    return tuple(sorted(names)), scale


def _term(text: str) -> tuple[str, Fraction] | None:
    """Return the base unit of a single unit, and how many of those it is."""
    text = _UNIT_OF.get(text.lower(), text)
    if text in _ATOMS:
        return _ATOMS[text]
    for length in (0, 1, 2):
        name, prefix = text[length:], text[:length]
        if name in _DATA and prefix in _OF_DATA:
            return "By", _DATA[name] * _OF_DATA[prefix]
        if name in _SCALED and prefix in _PREFIXES:
            return name, _PREFIXES[prefix]
    return None
