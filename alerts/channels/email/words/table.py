"""Which texts a language must have: a letter is made of one of these, so it cannot be in two languages."""

from dataclasses import dataclass

from alerts.channels.email.words.speech import Counted
from alerts.channels.email.words.tongues import Tongue


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What depends on the tone: the sentences that are addressed to somebody."""

    greeting: str
    greeting_unnamed: str
    warning: str
    warning_begun: str  # the first letter, when it has begun already
    update: str
    update_begun: str
    clear: str
    clear_begun: str  # after a letter that said that it had begun
    withdrawn: str
    advice_warning: tuple[str, ...]
    advice_begun: tuple[str, ...]
    advice_clear: tuple[str, ...]
    advice_clear_begun: tuple[str, ...]
    advice_withdrawn: tuple[str, ...]
    sign_off: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A language: what is the same in every tone, and a voice for each tone."""

    tongue: Tongue
    voices: dict[str, Voice]

    label_warning: str
    label_begun: str
    label_update: str
    label_clear: str
    label_withdrawn: str
    subject_warning: str
    subject_begun: str
    subject_update: str
    subject_update_begun: str
    subject_clear: str
    subject_withdrawn: str
    title_warning: str
    title_begun: str
    title_clear: str
    title_withdrawn: str

    row_may_affect: str
    row_affects: str
    row_was_about: str
    steps: Counted
    row_when: str
    row_state: str
    row_sure: str
    row_first_signs: str
    row_over: str
    row_lasted: str
    row_withdrawn: str
    row_next: str
    row_contact: str
    next_open: str
    next_none: str

    state_begun: str
    when_perhaps_begun: str
    when_about: str
    when_about_day: str
    when_between: str  # around one of the two above
    when_by: str  # in place of it when it may be at once
    clock: str  # within ``when_between``
    clock_day: str
    stamp: str
    unknown_time: str
    very_long: str

    sure: str
    very_likely: str
    likely: str
    possible: str
    uncertain: str

    our_service: str
    our_service_in_prose: str
    your_organisation: str
    title_in_prose: str
    more: Counted
    more_in_prose: Counted
    cut: str
    row: str  # a row on one line
    heading: str
    spoken: str
    advice_title: str
    answer: str
    why: str
    reference: str

    added: str  # above what a person has added in their own words
    rating: str
    rating_yes: str
    rating_no: str

    leave: str  # followed by a link

    label_test: str
    subject_test: str
    title_test: str
    test: str
    row_sent: str
    advice_test: str
    why_test: str
