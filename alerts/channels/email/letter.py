"""What a client is told: one letter, from which text and HTML are made. Pure.

Only the facts of a client go in, so nothing internal can come out: no service, no metric, no score, nobody else's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from alerts.channels.email.language import Language
from alerts.channels.email.words import Words
from domain.notice import ENDINGS, ClientFacts, Notice, Phase, SquadFacts

SUBJECT_LIMIT = 140
STAGES_SHOWN = 5
ADDED_LIMIT = 500
REFERENCE_DIGITS = 8

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Offers:
    """What the reader may follow: where to say yes and no to a warning, and where to leave."""

    answers: tuple[str, str] | None = None
    leave: str | None = None


NO_OFFERS = Offers()


class Look(StrEnum):
    """How the letter looks: one colour each."""

    WARNING = "warning"
    BEGUN = "begun"
    UPDATE = "update"
    CLEAR = "clear"
    WITHDRAWN = "withdrawn"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of a letter, in reading order."""

    look: Look
    locale: str
    label: str
    subject: str
    title: str
    greeting: str
    lead: str
    rows: tuple[Row, ...]
    advice_title: str
    advice: tuple[str, ...]
    answer: str  # how to answer: shown only where answers are read
    sign_off: str
    why: str
    reference: Row
    row: str  # how a row is written on one line
    added: Row | None = None  # a heading, and what a person added in their own words
    rating: str = ""  # asks for an opinion
    answers: tuple[Row, ...] = ()  # what to answer, and where
    leave: Row | None = None  # how to get no more of them, where that is theirs to choose
    leave_title: str = ""  # the same, above a link that stands by itself

    def line(self, name: str, value: str) -> str:
        """Return a row on one line."""
        return self.row.format(row=name, value=value)

    @property
    def preview(self) -> str:
        """Return what a mailbox shows beside the subject."""
        return _sentence(self.lead)


@dataclass(frozen=True, slots=True)
class _Says:
    """What the letters of a kind say; ``what`` is yet to be filled in."""

    look: Look
    label: str
    subject: str
    title: str
    lead: str
    rows: tuple[Row, ...]
    advice: tuple[str, ...]


def compose(
    notice: Notice,
    contact: str | None = None,
    offers: Offers = NO_OFFERS,
    spoken: Mapping[str, Words] | None = None,
) -> Letter:
    """Write the letter for a client; ``contact`` is whom they call. Raises TypeError for the facts of a squad."""
    match notice.facts:
        case ClientFacts() as facts:
            return _Writer(notice, facts, contact, Language.of(facts, spoken)).letter(offers)
        case SquadFacts() as facts:
            raise TypeError(f"notice {notice.id} holds internal facts of {facts.service}: not for e-mail")
        case _:
            assert_never(notice.facts)


class _Writer:
    def __init__(self, notice: Notice, facts: ClientFacts, contact: str | None, language: Language) -> None:
        self._notice = notice
        self._facts = facts
        self._contact = contact
        self._language = language
        self._words = self._language.words
        self._voice = self._language.voice
        self._titles = [self._language.clean(title, 80) for title in facts.journeys]
        self._name = self._language.clean(facts.client_name, 80)

    def letter(self, offers: Offers) -> Letter:
        language, words = self._language, self._words
        says = self._says()
        plain, quoted = self._what(quoted=False), self._what(quoted=True)
        greeting = self._voice.greeting if self._name else self._voice.greeting_unnamed
        contact = [] if self._contact is None else [(words.row_contact, language.clean(self._contact, 200))]
        return Letter(
            look=says.look,
            locale=words.tongue.code,
            label=says.label,
            subject=language.clip(says.subject.format(what=plain), SUBJECT_LIMIT),
            title=_sentence(says.title.format(what=plain)),
            greeting=greeting.format(name=self._name),
            lead=says.lead.format(what=quoted),
            rows=(*says.rows, *contact),
            advice_title=words.advice_title,
            advice=says.advice,
            answer=words.answer,
            sign_off=self._voice.sign_off,
            why=words.why.format(name=self._name or words.your_organisation, what=quoted),
            # Of the thread, so that every letter of an episode names the same one on the telephone.
            reference=(words.reference, self._notice.thread[-REFERENCE_DIGITS:].upper()),
            row=words.row,
            added=self._added(),
            rating=words.rating,
            answers=self._answers(offers),
            leave=None if offers.leave is None else (words.leave, offers.leave),
            leave_title=words.heading.format(heading=words.leave),
        )

    def _answers(self, offers: Offers) -> tuple[Row, ...]:
        if offers.answers is None or self._notice.phase not in ENDINGS:
            return ()
        return tuple(zip((self._words.rating_yes, self._words.rating_no), offers.answers, strict=True))

    def _added(self) -> Row | None:
        # Said of what was ahead: in an ending it would speak of a past that the reader has left.
        if self._notice.phase in ENDINGS:
            return None
        words, said = self._words, self._language.clean(self._facts.words, ADDED_LIMIT)
        return (words.heading.format(heading=words.added), words.spoken.format(words=said)) if said else None

    def _says(self) -> _Says:
        match self._notice.phase:
            case Phase.WARNING | Phase.UPDATE as phase:
                update = phase is Phase.UPDATE
                return self._begun(update=update) if self._facts.begun else self._ahead(update=update)
            case Phase.ALL_CLEAR:
                return self._clear()
            case Phase.RETRACTION:
                return self._withdrawn()
            case _:
                assert_never(self._notice.phase)

    def _ahead(self, *, update: bool) -> _Says:
        words, voice = self._words, self._voice
        return _Says(
            look=Look.UPDATE if update else Look.WARNING,
            label=words.label_update if update else words.label_warning,
            subject=words.subject_update if update else words.subject_warning,
            title=words.title_warning,
            lead=voice.update if update else voice.warning,
            rows=(
                (words.row_may_affect, self._named()),
                *self._stages(),
                (words.row_when, self._when()),
                (words.row_sure, self._sure()),
                self._first_signs(),
                (words.row_next, words.next_open),
            ),
            advice=voice.advice_warning,
        )

    def _begun(self, *, update: bool) -> _Says:
        words, voice = self._words, self._voice
        return _Says(
            look=Look.BEGUN,
            label=words.label_update if update else words.label_begun,
            subject=words.subject_update_begun if update else words.subject_begun,
            title=words.title_begun,
            lead=voice.update_begun if update else voice.warning_begun,
            rows=(
                (words.row_affects, self._named()),
                *self._stages(),
                (words.row_state, words.state_begun),
                self._first_signs(),
                (words.row_next, words.next_open),
            ),
            advice=voice.advice_begun,
        )

    def _clear(self) -> _Says:
        words, voice, begun = self._words, self._voice, self._facts.begun
        started, ended = self._facts.started_at, self._notice.decided_at
        return _Says(
            look=Look.CLEAR,
            label=words.label_clear,
            subject=words.subject_clear,
            title=words.title_clear,
            lead=voice.clear_begun if begun else voice.clear,
            rows=(
                (words.row_was_about, self._named()),
                self._first_signs(),
                (words.row_over, self._language.stamp(ended)),
                (words.row_lasted, self._language.duration(ended - started)),
                (words.row_next, words.next_none),
            ),
            advice=voice.advice_clear_begun if begun else voice.advice_clear,
        )

    def _withdrawn(self) -> _Says:
        words, voice = self._words, self._voice
        return _Says(
            look=Look.WITHDRAWN,
            label=words.label_withdrawn,
            subject=words.subject_withdrawn,
            title=words.title_withdrawn,
            lead=voice.withdrawn,
            rows=(
                (words.row_was_about, self._named()),
                self._first_signs(),
                (words.row_withdrawn, self._language.stamp(self._notice.decided_at)),
                (words.row_next, words.next_none),
            ),
            advice=voice.advice_withdrawn,
        )

    def _what(self, *, quoted: bool) -> str:
        return self._language.in_prose(self._titles, quoted=quoted) or self._words.our_service_in_prose

    def _named(self) -> str:
        return self._language.listed(self._titles) or _sentence(self._words.our_service)

    def _stages(self) -> tuple[Row, ...]:
        stages = [self._language.clean(stage, 60) for stage in self._facts.stages]
        if not stages:
            return ()
        listed = _sentence(self._language.listed(stages, most=STAGES_SHOWN))
        return ((self._words.steps(len(stages)), listed),)

    def _first_signs(self) -> Row:
        return self._words.row_first_signs, self._language.stamp(self._facts.started_at)

    def _when(self) -> str:
        facts, now = self._facts, self._notice.decided_at
        if facts.expected_at is None or facts.expected_at <= now:
            return self._words.when_perhaps_begun
        if facts.earliest_at is None or facts.latest_at is None:
            return self._language.about(facts.expected_at, now)
        return self._language.between(facts.expected_at, max(facts.earliest_at, now), facts.latest_at, now)

    def _sure(self) -> str:
        words, confidence = self._words, self._facts.confidence
        scale = ((0.9, words.very_likely), (0.7, words.likely), (0.5, words.possible))
        word = next((word for least, word in scale if confidence >= least), words.uncertain)
        return words.sure.format(word=word, share=self._language.share(confidence))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
