"""What the pages say: a table for each language, so that a missing text is a type error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """A language. Each pair is a heading and what follows it."""

    code: str
    rating: tuple[str, str]
    yes: str
    no: str
    rated: tuple[str, str]
    leaving: tuple[str, str]  # {address}
    leave: str
    left: tuple[str, str]  # {address}
    expired: tuple[str, str]
    unknown: tuple[str, str]
    unclear: tuple[str, str]
    busy: tuple[str, str]


ENGLISH = PageWords(
    code="en",
    rating=(
        "Was this warning useful to you?",
        "Your answer goes to the team that wrote to you. It helps them to warn you at the right moment.",
    ),
    yes="Yes, it was",
    no="No, it was not",
    rated=("Thank you", "Your answer has been noted. You can close this page."),
    leaving=(
        "Stop these notices?",
        "Optional notices to {address} will stop. Notices that are part of a contract are not affected.",
    ),
    leave="Stop notices",
    left=("Notices stopped", "Optional notices to {address} have been stopped. You can close this page."),
    expired=(
        "This link has expired",
        "Links in our messages can be used for 30 days. There is nothing you have to do.",
    ),
    unknown=(
        "This link is not valid",
        (
            "It may have been cut short. Please follow it from the message once more; if that does not help, tell your "
            "usual contact."
        ),
    ),
    unclear=("Your answer did not arrive", "Please follow the link in the message once more."),
    busy=("Your answer could not be noted", "Please try again in a few minutes: the link stays valid."),
)

GERMAN = PageWords(
    code="de",
    rating=(
        "War diese Warnung für Sie nützlich?",
        "Ihre Antwort geht an das Team, das Ihnen geschrieben hat. Sie hilft ihm, Sie rechtzeitig zu warnen.",
    ),
    yes="Ja, war sie",
    no="Nein, war sie nicht",
    rated=("Vielen Dank", "Ihre Antwort wurde vermerkt. Sie können diese Seite schließen."),
    leaving=(
        "Diese Mitteilungen beenden?",
        (
            "Freiwillige Mitteilungen an {address} werden beendet. Vertraglich vereinbarte Mitteilungen sind davon "
            "nicht betroffen."
        ),
    ),
    leave="Mitteilungen beenden",
    left=(
        "Mitteilungen beendet",
        "Freiwillige Mitteilungen an {address} wurden beendet. Sie können diese Seite schließen.",
    ),
    expired=(
        "Dieser Link ist abgelaufen",
        "Links in unseren Nachrichten gelten 30 Tage. Von Ihrer Seite ist nichts zu veranlassen.",
    ),
    unknown=(
        "Dieser Link ist nicht gültig",
        (
            "Möglicherweise ist er unvollständig. Bitte öffnen Sie ihn noch einmal aus der Nachricht; hilft das nicht, "
            "wenden Sie sich an Ihren gewohnten Kontakt."
        ),
    ),
    unclear=("Ihre Antwort ist nicht angekommen", "Bitte öffnen Sie den Link in der Nachricht noch einmal."),
    busy=(
        "Ihre Antwort konnte nicht vermerkt werden",
        "Bitte versuchen Sie es in einigen Minuten noch einmal: Der Link bleibt gültig.",
    ),
)

FRENCH = PageWords(
    code="fr",
    rating=(
        "Cette alerte vous a-t-elle été utile\u00a0?",
        "Votre réponse est transmise à l'équipe qui vous a écrit. Elle l'aide à vous prévenir au bon moment.",
    ),
    yes="Oui, elle l'a été",
    no="Non, elle ne l'a pas été",
    rated=("Merci", "Votre réponse a été enregistrée. Vous pouvez fermer cette page."),
    leaving=(
        "Ne plus recevoir ces informations\u00a0?",
        (
            "Les informations facultatives ne seront plus envoyées à {address}. Celles prévues par un contrat ne sont "
            "pas concernées."
        ),
    ),
    leave="Ne plus recevoir",
    left=(
        "Envois arrêtés",
        "Les informations facultatives ne seront plus envoyées à {address}. Vous pouvez fermer cette page.",
    ),
    expired=(
        "Ce lien a expiré",
        "Les liens de nos messages sont valables 30\u00a0jours. Aucune action n'est requise de votre part.",
    ),
    unknown=(
        "Ce lien n'est pas valide",
        (
            "Il est peut-être incomplet. Veuillez l'ouvrir à nouveau depuis le message\u00a0; si cela ne suffit pas, "
            "adressez-vous à votre interlocuteur habituel."
        ),
    ),
    unclear=("Votre réponse n'est pas arrivée", "Veuillez ouvrir à nouveau le lien du message."),
    busy=(
        "Votre réponse n'a pas pu être enregistrée",
        "Veuillez réessayer dans quelques minutes\u00a0: le lien reste valable.",
    ),
)

LANGUAGES = {words.code: words for words in (GERMAN, ENGLISH, FRENCH)}
