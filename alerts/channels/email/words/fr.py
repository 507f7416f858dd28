"""French. A no-break space stands before the high punctuation marks and within the quotation marks."""

from alerts.channels.email.words.table import Voice, Words

_FORMAL = Voice(
    greeting="Madame, Monsieur,",
    greeting_unnamed="Madame, Monsieur,",
    warning=(
        "Nous observons les premiers signes d'un possible ralentissement ou d'une interruption temporaire concernant "
        "{what}. Nos équipes ont été alertées. Nous tenons à vous en informer avant que vous n'en constatiez les "
        "effets."
    ),
    warning_begun=(
        "Une perturbation affecte actuellement {what}\u00a0: les demandes peuvent prendre plus de temps que d'habitude "
        "ou échouer. Nos équipes ont été alertées. Nous vous prions de bien vouloir nous excuser pour la gêne "
        "occasionnée."
    ),
    update=(
        "Le présent message remplace nos informations précédentes concernant {what}. Vous trouverez ci-dessous ce que "
        "nous savons à présent."
    ),
    update_begun=(
        "La perturbation annoncée a commencé et affecte {what}\u00a0: les demandes peuvent prendre plus de temps que "
        "d'habitude ou échouer. Le présent message remplace nos informations précédentes. Nous vous prions de bien "
        "vouloir nous excuser pour la gêne occasionnée."
    ),
    clear=(
        "Les signes que nous vous avions signalés ont disparu. Nous n'attendons plus, à ce titre, de perturbation "
        "concernant {what}."
    ),
    clear_begun=(
        "À notre connaissance, la perturbation concernant {what} est terminée. Nous vous prions de bien vouloir nous "
        "excuser pour la gêne occasionnée."
    ),
    withdrawn=(
        "Nous vous avions signalé une possible perturbation concernant {what}. Les signes ont disparu et la "
        "perturbation attendue ne s'est pas produite. Nous vous prions de ne plus tenir compte de cette alerte et de "
        "bien vouloir nous excuser pour le dérangement."
    ),
    advice_warning=(
        "Aucune action n'est requise de votre part.",
        "Si certaines de vos opérations sont urgentes, nous vous recommandons de prévoir un éventuel retard.",
    ),
    advice_begun=(
        "Nous vous invitons à tenir compte de possibles retards, en particulier pour vos opérations urgentes.",
        "Avant de renouveler une demande, veuillez vérifier qu'elle n'a pas déjà été exécutée.",
    ),
    advice_clear=(
        "Aucune action n'est requise de votre part.",
        "Si vous constatez encore une anomalie, nous vous invitons à vous adresser à votre interlocuteur habituel.",
    ),
    advice_clear_begun=(
        "Veuillez vérifier les demandes de cette période dont vous ne connaissez pas le résultat.",
        "Si vous constatez encore une anomalie, nous vous invitons à vous adresser à votre interlocuteur habituel.",
    ),
    advice_withdrawn=("Aucune action n'est requise de votre part.",),
    sign_off="Nous vous prions d'agréer, Madame, Monsieur, nos salutations distinguées.",
)

_PLAIN = Voice(
    greeting="Bonjour,",
    greeting_unnamed="Bonjour,",
    warning=(
        "Un ralentissement ou une interruption temporaire concernant {what} est possible prochainement. Nos équipes "
        "ont été alertées. Nous vous prévenons tôt pour que vous puissiez vous organiser."
    ),
    warning_begun=(
        "Une perturbation touche actuellement {what}\u00a0: les demandes peuvent être lentes ou échouer. Nos équipes "
        "ont été alertées."
    ),
    update="Il y a du nouveau concernant {what}. Ce message remplace le précédent.",
    update_begun=(
        "La perturbation concernant {what} a commencé\u00a0: les demandes peuvent être lentes ou échouer. Ce message "
        "remplace le précédent."
    ),
    clear="Les signes ont disparu. Nous n'attendons plus de perturbation concernant {what}.",
    clear_begun="D'après nos informations, la perturbation concernant {what} est terminée. Merci de votre patience.",
    withdrawn=(
        "Nous vous avions signalé une possible perturbation concernant {what}. Elle ne s'est pas produite et les "
        "signes ont disparu. Vous pouvez ignorer cette alerte. Veuillez nous excuser pour le dérangement."
    ),
    advice_warning=(
        "Vous n'avez rien à faire.",
        "Si vous avez une opération urgente, prévoyez un éventuel retard autour de cet horaire.",
    ),
    advice_begun=(
        "Tenez compte de possibles retards pour vos opérations urgentes.",
        "Avant de refaire une demande, vérifiez qu'elle n'a pas déjà été exécutée.",
    ),
    advice_clear=(
        "Vous n'avez rien à faire.",
        "Si vous constatez encore une anomalie, adressez-vous à votre interlocuteur habituel.",
    ),
    advice_clear_begun=(
        "Vérifiez les demandes de cette période dont vous ne connaissez pas le résultat.",
        "Si vous constatez encore une anomalie, adressez-vous à votre interlocuteur habituel.",
    ),
    advice_withdrawn=("Vous n'avez rien à faire.",),
    sign_off="Cordialement",
)

FRENCH = Words(
    code="fr",
    locale="fr",
    voices={"formal": _FORMAL, "plain": _PLAIN},
    label_warning="Alerte préventive",
    label_begun="Perturbation en cours",
    label_update="Mise à jour",
    label_clear="Fin d'alerte",
    label_withdrawn="Alerte annulée",
    subject_warning="Alerte préventive\u00a0: perturbation possible, {what}",
    subject_begun="Perturbation en cours\u00a0: {what}",
    subject_update="Mise à jour\u00a0: perturbation possible, {what}",
    subject_update_begun="Mise à jour\u00a0: la perturbation a commencé, {what}",
    subject_clear="Fin d'alerte\u00a0: {what}",
    subject_withdrawn="Alerte annulée\u00a0: {what}",
    title_warning="Perturbation possible\u00a0: {what}",
    title_begun="Perturbation en cours\u00a0: {what}",
    title_clear="Fin d'alerte\u00a0: {what}",
    title_withdrawn="Notre alerte n'est plus d'actualité",
    row_may_affect="Périmètre pouvant être touché",
    row_affects="Périmètre touché",
    row_was_about="Objet",
    row_step="Étape concernée",
    row_steps="Étapes concernées",
    row_when="Horaire estimé",
    row_state="Situation",
    row_sure="Degré de certitude",
    row_first_signs="Premiers signes",
    row_over="Fin",
    row_lasted="Durée",
    row_withdrawn="Annulation",
    row_next="Prochain message",
    row_contact="Votre contact",
    next_open="Dès que la situation évolue sensiblement et, dans tous les cas, à la fin",
    next_none="Aucun\u00a0; ceci est notre dernier message à ce sujet",
    state_begun="La perturbation a commencé",
    when_perhaps_begun="Les effets sont peut-être déjà perceptibles",
    when_about="Vers {time} ({zone})",
    when_about_day="Vers {time} ({zone}) le {date}",
    between=", entre {earliest} et {latest}",
    clock="{time}",
    clock_day="{time} le {date}",
    stamp="{date} à {time} ({zone})",
    unknown_time="pas encore déterminé",
    very_long="très longtemps",
    zone_names=False,
    sure="{word} (environ {share})",
    very_likely="Très probable",
    likely="Probable",
    possible="Possible",
    uncertain="Incertain",
    our_service="notre service",
    our_service_in_prose="notre service",
    your_organisation="votre organisation",
    quotes=("«\u00a0", "\u00a0»"),
    one_more="1 autre",
    many_more="{count} autres",
    cut=" … (abrégé)",
    colon="\u00a0: ",
    advice_title="Ce que vous pouvez faire",
    answer="Pour toute question, répondez à ce message.",
    why="Vous recevez ce message car {name} utilise {what}.",
    reference="Référence",
    spoken=("«\u00a0", "\u00a0»"),
    added="Précision de notre équipe",
    rating="Cette alerte vous a-t-elle été utile\u00a0?",
    rating_yes="Oui",
    rating_no="Non",
    leave="Si vous ne souhaitez plus recevoir ces informations",
    label_test="Message d'essai",
    subject_test="Message d'essai\u00a0: aucune action n'est requise",
    title_test="Ceci n'est qu'un essai",
    test=(
        "Le présent message vérifie seulement que nos informations vous parviennent. Il ne dit rien de l'état de nos "
        "services."
    ),
    row_sent="Envoi",
    advice_test="Vous n'avez rien à faire.",
    why_test="Vous recevez ce message car nos informations sont envoyées à votre adresse.",
)
