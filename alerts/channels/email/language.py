"""Dates, durations, shares and lists as the reader of a letter writes them. The process's locale has no say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_percent
from babel.units import format_unit

from alerts.channels.email.words import Voice, Words, languages
from alerts.channels.email.words.speech import Counted
from alerts.channels.text import clean, clip, moment
from domain.notice import ClientFacts

NAMES_SHOWN = 3
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0
_TEN_YEARS_S = 3652.5 * _DAY_S


@dataclass(frozen=True, slots=True)
class Language:
    """The words of a client, and what is made with them of times and names."""

    words: Words
    voice: Voice
    locale: Locale
    zone: tzinfo

    @classmethod
    def of(cls, facts: ClientFacts, spoken: Mapping[str, Words] | None = None) -> "Language":
        """Return the client's. One that is not known (any more) falls back to English, formal, UTC: it must go out.

        ``spoken`` are the words of every language; without it, ours.
        """
        spoken = languages() if spoken is None else spoken
        words = spoken.get(facts.locale, spoken["en"])
        voice = words.voices.get(facts.tone, words.voices["formal"])
        return cls(words, voice, Locale.parse(words.tongue.cldr), _zone(facts.timezone))

    def clean(self, text: str, limit: int) -> str:
        """Return foreign text on one line, at most so long."""
        return clean(text, limit, self.words.cut)

    def clip(self, text: str, limit: int) -> str:
        """Return the text, at most so long."""
        return clip(text, limit, self.words.cut)

    def listed(self, names: Sequence[str], most: int = NAMES_SHOWN) -> str:
        """Return names as they stand alone, those beyond ``most`` counted."""
        return self._joined(names[:most], self.words.more, len(names) - most)

    def in_prose(self, names: Sequence[str], *, quoted: bool) -> str:
        """Return the same within a sentence."""
        pattern = self.words.title_in_prose if quoted else "{journey}"
        shown = [pattern.format(journey=name) for name in names[:NAMES_SHOWN]]
        return self._joined(shown, self.words.more_in_prose, len(names) - NAMES_SHOWN)

    def share(self, part: float) -> str:
        """Return a share of one as a percentage in steps of five."""
        return format_percent(round(part * 20) / 20, locale=self.locale)

    def stamp(self, at: float) -> str:
        """Return the moment with its day and zone."""
        when = moment(at, self.zone)
        return self.words.unknown_time if when is None else self.words.stamp.format(**self._parts(when))

    def about(self, at: float, now: float) -> str:
        """Say that something may begin at about ``at``; with the day, if that is not the day of ``now``."""
        when = moment(at, self.zone)
        if when is None:
            return _sentence(self.words.unknown_time)
        pattern = self.words.when_about if self._same_day(when, now) else self.words.when_about_day
        return pattern.format(**self._parts(when))

    def between(self, expected: float, earliest: float, latest: float, now: float) -> str:
        """Return when it is expected, with the interval; of one that begins now only its end, and only if later."""
        when, first, last = self.about(expected, now), self._clock(earliest, now), self._clock(latest, now)
        at_once = first == self._clock(now, now)
        if last == (self._clock(expected, now) if at_once else first):
            return when
        pattern = self.words.when_by if at_once else self.words.when_between
        return pattern.format(when=when, earliest=first, latest=last)

    def duration(self, seconds: float) -> str:
        """Return a rough duration in at most two units."""
        if not math.isfinite(seconds) or seconds > _TEN_YEARS_S:
            return self.words.very_long
        seconds = max(seconds, 0.0)
        if seconds < 1.5 * _MINUTE_S:
            return self._unit(round(seconds), "second")
        if seconds < _HOUR_S - _MINUTE_S / 2:
            return self._unit(round(seconds / _MINUTE_S), "minute")
        large, small, size, unit = (
            ("hour", "minute", _HOUR_S, _MINUTE_S) if seconds < 2 * _DAY_S else ("day", "hour", _DAY_S, _HOUR_S)
        )
        whole, rest = divmod(round(seconds / unit), round(size / unit))
        return " ".join([self._unit(whole, large), *([self._unit(rest, small)] if rest else [])])

    def _joined(self, shown: Sequence[str], more: Counted, rest: int) -> str:
        counted = [more(rest).format(count=rest)] if rest > 0 else []
        return format_list([*shown, *counted], locale=self.locale)

    def _unit(self, count: int, unit: str) -> str:
        return format_unit(count, f"duration-{unit}", length="long", locale=self.locale)

    def _clock(self, at: float, now: float) -> str:
        when = moment(at, self.zone)
        if when is None:
            return self.words.unknown_time
        pattern = self.words.clock if self._same_day(when, now) else self.words.clock_day
        return pattern.format(**self._parts(when))

    def _same_day(self, when: datetime, now: float) -> bool:
        today = moment(now, self.zone)
        return today is not None and today.date() == when.date()

    def _parts(self, when: datetime) -> dict[str, str]:
        date = format_date(when, "long", locale=self.locale)
        if when.day == 1 and self.words.tongue.code == "fr":
            date = date.replace("1", "1er", 1)  # CLDR leaves the ordinal out
        return {
            "time": format_time(when, "HH:mm", locale=self.locale),
            "date": date,
            "zone": self._zone_name(when),
        }

    def _zone_name(self, when: datetime) -> str:
        names: tuple[str | None, ...] = ()
        if self.words.tongue.zone_names:
            # Python's own are English: fit for English readers where CLDR has only a long name.
            own = when.tzname() if self.words.tongue.code == "en" else None
            names = (get_timezone_name(when, "short", locale=self.locale), own)
        return next((name for name in names if name and name.isalpha() and len(name) <= 5), _offset(when))


def _offset(when: datetime) -> str:
    """Return ``UTC``, ``UTC+1`` or ``UTC+5:45``."""
    seconds = (when.utcoffset() or when - when).total_seconds()
    hours, minutes = divmod(round(abs(seconds) / _MINUTE_S), 60)
    sign = "-" if seconds < 0 else "+"
    return f"UTC{sign}{hours}{f':{minutes:02d}' if minutes else ''}" if hours or minutes else "UTC"


def _zone(name: str) -> tzinfo:
    # The configuration has checked the name; a notice stored before a change of the zone database must still go out.
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
