"""The languages that letters are written in: a line here and a catalogue of the same name make one."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language, and what no catalogue can say of it."""

    code: str  # in the configuration, in HTML, and the name of its folder
    cldr: str  # CLDR's name, for dates and numbers
    zone_names: bool = False  # whether its readers know CLDR's abbreviations of time zones


SOURCE: Final = Tongue("en", "en_GB", zone_names=True)  # stands in the code, so it has no catalogue
TONGUES: Final = (
    SOURCE,
    Tongue("de", "de", zone_names=True),
    Tongue("fr", "fr"),
)
CODES: Final = tuple(sorted(tongue.code for tongue in TONGUES))
