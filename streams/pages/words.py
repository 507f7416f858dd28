"""What the pages say, in English; the catalogues of letters hold the other languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alerts.channels.email.words.speech import Speech
from alerts.channels.email.words.wordings import in_every_language


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """A language. Each pair is a heading and what follows it."""

    code: str
    rating: tuple[str, str]
    yes: str
    no: str
    rated: tuple[str, str]
    leaving: tuple[str, str]
    leave: str
    left: tuple[str, str]
    expired: tuple[str, str]
    unknown: tuple[str, str]
    unclear: tuple[str, str]
    busy: tuple[str, str]


def page_words(said: Speech) -> PageWords:
    """Return what the pages say in a language."""
    return PageWords(
        code=said.tongue.code,
        rating=(
            said.pgettext("rating", "Was this warning useful to you?"),
            said.pgettext(
                "page", "Your answer goes to the team that wrote to you. It helps them to warn you at the right moment."
            ),
        ),
        yes=said.pgettext("page button", "Yes, it was"),
        no=said.pgettext("page button", "No, it was not"),
        rated=(
            said.pgettext("page heading", "Thank you"),
            said.pgettext("page", "Your answer has been noted. You can close this page."),
        ),
        leaving=(
            said.pgettext("page heading", "Stop these notices?"),
            said.pgettext(
                "page",
                "Optional notices to {address} will stop. Notices that are part of a contract are not affected.",
            ),
        ),
        leave=said.pgettext("page button", "Stop notices"),
        left=(
            said.pgettext("page heading", "Notices stopped"),
            said.pgettext("page", "Optional notices to {address} have been stopped. You can close this page."),
        ),
        expired=(
            said.pgettext("page heading", "This link has expired"),
            said.pgettext("page", "Links in our messages can be used for 30 days. There is nothing you have to do."),
        ),
        unknown=(
            said.pgettext("page heading", "This link is not valid"),
            said.pgettext(
                "page",
                "It may have been cut short. Please follow it from the message once more; if that does not help, tell "
                "your usual contact.",
            ),
        ),
        unclear=(
            said.pgettext("page heading", "Your answer did not arrive"),
            said.pgettext("page", "Please follow the link in the message once more."),
        ),
        busy=(
            said.pgettext("page heading", "Your answer could not be noted"),
            said.pgettext("page", "Please try again in a few minutes: the link stays valid."),
        ),
    )


@cache
def languages(own: Path | None = None) -> Mapping[str, PageWords]:
    """Return what the pages say in every language, by its code, with own wordings; raises CatalogueError."""
    return in_every_language(page_words, own)
