"""What a client is told: one letter, from which text and HTML are made. Pure.

Only the facts of a client go in, so nothing internal can come out: no service, no metric, no score, nobody else's name.
"""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.channels.text import clean, clip, lasting, moment, several
from domain.notice import ClientFacts, Notice, Phase, SquadFacts

SUBJECT_LIMIT = 140
REFERENCE_DIGITS = 8
_MONTHS = (  # the process's locale must not decide how a client reads a date
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Tone(StrEnum):
    """How the letter looks: one colour each."""

    WARNING = "warning"
    UPDATE = "update"
    CLEAR = "clear"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of a letter, in reading order."""

    tone: Tone
    label: str
    subject: str
    title: str
    greeting: str
    lead: str
    rows: tuple[tuple[str, str], ...]
    advice_title: str
    advice: tuple[str, ...]
    closing: str
    why: str
    reference: str
    locale: str = "en"


def compose(notice: Notice) -> Letter:
    """Write the letter for a client. A squad's facts give a letter that says only that there is something to read."""
    match notice.facts:
        case ClientFacts() as facts:
            return _Writer(notice, facts).letter()
        case SquadFacts() as facts:
            raise TypeError(f"notice {notice.id} holds internal facts of {facts.service}: not for e-mail")
        case _:
            assert_never(notice.facts)


class _Writer:
    def __init__(self, notice: Notice, facts: ClientFacts) -> None:
        self._notice = notice
        self._facts = facts
        self._zone = _zone(facts.timezone)
        titles = [clean(title, 80) for title in facts.journeys]
        self._what = several(titles, 3) or "our service"
        self._name = clean(facts.client_name, 80)

    def letter(self) -> Letter:
        match self._notice.phase:
            case Phase.WARNING:
                return self._open(
                    Tone.WARNING,
                    "Early warning",
                    f"Early warning: {self._what} may be disrupted",
                    f"We see early signs that {self._what} may become slower than usual or be interrupted for a time. "
                    "Our teams have been alerted. We would like you to know before you notice.",
                )
            case Phase.UPDATE:
                return self._open(
                    Tone.UPDATE,
                    "Update",
                    f"Update: {self._what} may be disrupted",
                    f"This replaces what we wrote before about {self._what}. What we know now is below.",
                )
            case Phase.ALL_CLEAR:
                return self._all_clear()
            case Phase.RETRACTION:
                return self._withdrawn()
            case _:
                assert_never(self._notice.phase)

    def _open(self, tone: Tone, label: str, subject: str, lead: str) -> Letter:
        rows = [("What may be affected", self._what)]
        stages = [clean(stage, 60) for stage in self._facts.stages]
        if stages:
            rows.append(("Steps concerned" if len(stages) > 1 else "Step concerned", _sentence(several(stages))))
        rows.append(("When", self._when()))
        rows.append(("How sure we are", _sure(self._facts.confidence)))
        rows.append(("First signs", self._stamp(self._facts.started_at)))
        return self._write(
            tone,
            label,
            subject,
            f"{self._what} may be disrupted",
            lead,
            tuple(rows),
            (
                "There is nothing you have to do.",
                "If something on your side is time-critical, you may want to plan for a delay around this time.",
            ),
            "We will write again if this changes materially, and in any case when it is over.",
        )

    def _all_clear(self) -> Letter:
        started, ended = self._facts.started_at, self._notice.decided_at
        return self._write(
            Tone.CLEAR,
            "All clear",
            f"All clear: {self._what}",
            f"All clear for {self._what}",
            f"The signs that we warned you about are gone. We expect no disruption of {self._what} from them any more.",
            (
                ("What it was about", self._what),
                ("First signs", self._stamp(started)),
                ("Over since", self._stamp(ended)),
                ("Lasted", lasting(ended - started)),
            ),
            ("There is nothing you have to do.", "If you still see anything unusual, please tell your usual contact."),
            "This is our last message about this.",
        )

    def _withdrawn(self) -> Letter:
        return self._write(
            Tone.WITHDRAWN,
            "Warning withdrawn",
            f"Warning withdrawn: {self._what}",
            "Our warning no longer applies",
            f"We warned you that {self._what} might be disrupted. The signs have gone, and what we expected did not "
            "happen. Please disregard the warning; we are sorry for the trouble.",
            (
                ("What it was about", self._what),
                ("First signs", self._stamp(self._facts.started_at)),
                ("Withdrawn", self._stamp(self._notice.decided_at)),
            ),
            ("There is nothing you have to do.",),
            "This is our last message about this.",
        )

    def _write(
        self,
        tone: Tone,
        label: str,
        subject: str,
        title: str,
        lead: str,
        rows: tuple[tuple[str, str], ...],
        advice: tuple[str, ...],
        closing: str,
    ) -> Letter:
        return Letter(
            tone=tone,
            label=label,
            subject=clip(subject, SUBJECT_LIMIT),
            title=_sentence(title),
            greeting=f"Dear {self._name}," if self._name else "Dear client,",
            lead=lead,
            rows=rows,
            advice_title="What you can do",
            advice=advice,
            closing=closing,
            why=f"You receive this because {self._name or 'your organisation'} uses {self._what}.",
            # Of the thread, so that every letter of an episode names the same one on the telephone.
            reference=self._notice.thread[-REFERENCE_DIGITS:].upper(),
        )

    def _when(self) -> str:
        facts, now = self._facts, self._notice.decided_at
        if facts.expected_at is None or facts.expected_at <= now:
            return "It may already be noticeable"
        when = f"From about {self._time(facts.expected_at, zone=True)}"
        if facts.earliest_at is None or facts.latest_at is None:
            return when
        earliest, latest = self._time(max(facts.earliest_at, now)), self._time(facts.latest_at)
        return when if earliest == latest else f"{when} (between {earliest} and {latest})"

    def _time(self, at: float, *, zone: bool = False, day: bool = False) -> str:
        """Return ``14:02``, with the zone and the day on request, and with the day when the letter is of another."""
        when, letter = moment(at, self._zone), moment(self._notice.decided_at, self._zone)
        if when is None:
            return "a time that we cannot name yet"
        text = f"{when:%H:%M}"
        if zone:
            name = when.tzname() or "UTC"
            text += f" UTC{name}" if name[0] in "+-" else f" {name}"
        if day or letter is None or when.date() != letter.date():
            text += f" on {when.day} {_MONTHS[when.month - 1]} {when.year}"
        return text

    def _stamp(self, at: float) -> str:
        return self._time(at, zone=True, day=True)


def _zone(name: str) -> tzinfo:
    # The configuration has checked the name; a notice stored before a change of the zone database must still go out.
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _sure(confidence: float) -> str:
    words = ((0.9, "Very likely"), (0.7, "Likely"), (0.5, "Possible"))
    word = next((word for least, word in words if confidence >= least), "Uncertain")
    return f"{word} (about {round(confidence * 20) * 5:.0f} %)"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
