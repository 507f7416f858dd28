"""What letters are made of: a module for each language, plain tables, so that a missing text is a type error."""

from alerts.channels.email.words.de import GERMAN
from alerts.channels.email.words.en import ENGLISH
from alerts.channels.email.words.fr import FRENCH
from alerts.channels.email.words.table import Voice, Words

LANGUAGES = {words.code: words for words in (GERMAN, ENGLISH, FRENCH)}

__all__ = ["ENGLISH", "FRENCH", "GERMAN", "LANGUAGES", "Voice", "Words"]
