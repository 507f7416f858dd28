"""A name that somebody typed, beside the names that there are."""

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence that asks for the name that was probably meant; nothing when none is near."""
    found = get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""
