"""An explanation: sections of lines, each with its time and its address in Kafka; as text and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

_YEAR_9999 = 253_402_300_799.0


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. ``source`` is the address of the record that shows it; ``depth`` indents it below another."""

    text: str
    at: float | None = None
    source: str | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a question."""

    subject: str
    summary: str
    sections: tuple[Section, ...]


def as_text(explanation: Explanation) -> str:
    """Return it for a terminal; control characters of foreign names are shown, not obeyed."""
    return "\n".join(_lines(explanation))


def as_json(explanation: Explanation) -> str:
    """Return it as one JSON object."""
    return json.dumps(asdict(explanation), indent=2)


def moment(at: float | None) -> str:
    """Return a time as people write it, UTC; words for one that no calendar has."""
    if at is None or not 0 <= at < _YEAR_9999:
        return "at an unknown time"
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain(text: str) -> str:
    """Return text on one line without control characters."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _lines(explanation: Explanation) -> Iterator[str]:
    yield plain(explanation.subject)
    yield plain(explanation.summary)
    for section in explanation.sections:
        yield ""
        yield plain(section.title)
        for line in section.lines:
            when = "" if line.at is None else f"{moment(line.at)}  "
            where = "" if line.source is None else f"  [{line.source}]"
            yield "  " * (line.depth + 1) + plain(f"{when}{line.text}{where}")
