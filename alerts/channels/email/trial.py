"""A message that only checks the way to a client: real in all but what it says, and never to be taken for a warning."""

from email.message import EmailMessage

from alerts.channels.email.language import Language
from alerts.channels.email.letter import Letter, Look
from alerts.channels.email.message import addressed, fill
from alerts.channels.email.params import EmailParams
from alerts.channels.email.words import languages
from domain.identity import derive
from domain.notice import ClientFacts


def trial(recipient: str, facts: ClientFacts, at: float, params: EmailParams) -> EmailMessage:
    """Return the message; of ``facts`` it shows the client's name, and takes language, tone and zone."""
    letter = _letter(Language.of(facts, languages(params.catalogues)), facts.client_name, at, params.contact)
    identity = derive("test", recipient, at)
    mail = addressed(letter, recipient, at, params)
    mail["Message-ID"] = f"<{identity}@{params.domain}>"  # no notice's: whatever comes back of it is about no warning
    fill(mail, letter, params, identity)
    return mail


def _letter(language: Language, client: str, at: float, contact: str | None) -> Letter:
    words, voice = language.words, language.voice
    name = language.clean(client, 80)
    rows = [(words.row_sent, language.stamp(at))]
    if contact is not None:
        rows.append((words.row_contact, language.clean(contact, 200)))
    return Letter(
        look=Look.TEST,
        locale=words.tongue.code,
        label=words.label_test,
        subject=words.subject_test,
        title=words.title_test,
        greeting=(voice.greeting if name else voice.greeting_unnamed).format(name=name),
        lead=words.test,
        rows=tuple(rows),
        advice_title=words.advice_title,
        advice=(words.advice_test,),
        answer=words.answer,
        sign_off=voice.sign_off,
        why=words.why_test,
        reference=(words.reference, words.label_test),
        row=words.row,
    )
