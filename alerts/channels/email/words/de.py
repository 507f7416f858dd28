"""German. ``{what}`` stands in the dative only; the sentence after a greeting begins with a small letter."""

from alerts.channels.email.words.table import Voice, Words

_FORMAL = Voice(
    greeting="Sehr geehrte Damen und Herren,",
    greeting_unnamed="Sehr geehrte Damen und Herren,",
    warning=(
        "wir sehen frühe Anzeichen dafür, dass es bei {what} zu Verzögerungen oder einer vorübergehenden Unterbrechung "
        "kommen kann. Unsere zuständigen Teams sind informiert. Wir schreiben Ihnen vorsorglich, bevor Sie "
        "Auswirkungen bemerken."
    ),
    warning_begun=(
        "bei {what} ist eine Störung eingetreten: Anfragen können länger dauern als üblich oder fehlschlagen. Unsere "
        "zuständigen Teams sind informiert. Wir bitten Sie, die Unannehmlichkeiten zu entschuldigen."
    ),
    update=(
        "diese Nachricht ersetzt unsere bisherige Mitteilung zu {what}. Nachstehend finden Sie unseren aktuellen "
        "Kenntnisstand."
    ),
    update_begun=(
        "die angekündigte Störung bei {what} ist eingetreten: Anfragen können länger dauern als üblich oder "
        "fehlschlagen. Diese Nachricht ersetzt unsere bisherige Mitteilung. Wir bitten Sie, die Unannehmlichkeiten zu "
        "entschuldigen."
    ),
    clear=(
        "die Anzeichen, auf die wir Sie hingewiesen haben, bestehen nicht mehr. Wir erwarten aus diesem Anlass keine "
        "Störung bei {what} mehr."
    ),
    clear_begun=(
        "nach unserem Kenntnisstand ist die Störung bei {what} beendet. Wir bitten Sie, die Unannehmlichkeiten zu "
        "entschuldigen."
    ),
    withdrawn=(
        "wir hatten Sie auf eine mögliche Störung bei {what} hingewiesen. Die Anzeichen bestehen nicht mehr, und die "
        "erwartete Störung ist nicht eingetreten. Bitte betrachten Sie unsere Warnung als gegenstandslos. Wir bitten "
        "Sie, die Umstände zu entschuldigen."
    ),
    advice_warning=(
        "Von Ihrer Seite ist nichts zu veranlassen.",
        "Sollten bei Ihnen zeitkritische Vorgänge anstehen, empfehlen wir, um diese Zeit eine Verzögerung einzuplanen.",
    ),
    advice_begun=(
        "Bitte rechnen Sie mit Verzögerungen und berücksichtigen Sie diese bei zeitkritischen Vorgängen.",
        "Bevor Sie einen Vorgang wiederholen, prüfen Sie bitte, ob er bereits ausgeführt wurde.",
    ),
    advice_clear=(
        "Von Ihrer Seite ist nichts zu veranlassen.",
        "Sollten Sie weiterhin Auffälligkeiten bemerken, wenden Sie sich bitte an Ihren gewohnten Kontakt bei uns.",
    ),
    advice_clear_begun=(
        "Bitte prüfen Sie Vorgänge aus diesem Zeitraum, deren Ergebnis Ihnen nicht vorliegt.",
        "Sollten Sie weiterhin Auffälligkeiten bemerken, wenden Sie sich bitte an Ihren gewohnten Kontakt bei uns.",
    ),
    advice_withdrawn=("Von Ihrer Seite ist nichts zu veranlassen.",),
    sign_off="Mit freundlichen Grüßen",
)

_PLAIN = Voice(
    greeting="Guten Tag,",
    greeting_unnamed="Guten Tag,",
    warning=(
        "bei {what} kann es bald zu Verzögerungen oder einer vorübergehenden Unterbrechung kommen. Unsere Teams sind "
        "informiert. Wir melden uns früh, damit Sie planen können."
    ),
    warning_begun=(
        "bei {what} gibt es zurzeit eine Störung: Anfragen können länger dauern oder fehlschlagen. Unsere Teams sind "
        "informiert."
    ),
    update="es gibt Neues zu {what}. Diese Nachricht ersetzt die vorherige.",
    update_begun=(
        "die Störung bei {what} hat begonnen: Anfragen können länger dauern oder fehlschlagen. Diese Nachricht ersetzt "
        "die vorherige."
    ),
    clear="die Anzeichen sind vorbei. Wir erwarten keine Störung bei {what} mehr.",
    clear_begun="soweit wir wissen, ist die Störung bei {what} vorbei. Vielen Dank für Ihre Geduld.",
    withdrawn=(
        "wir hatten Sie vor einer möglichen Störung bei {what} gewarnt. Sie ist nicht eingetreten, und die Anzeichen "
        "sind vorbei. Die Warnung gilt nicht mehr. Bitte entschuldigen Sie die Umstände."
    ),
    advice_warning=(
        "Sie müssen nichts tun.",
        "Wenn bei Ihnen etwas eilt, planen Sie um diese Zeit am besten eine Verzögerung ein.",
    ),
    advice_begun=(
        "Rechnen Sie bitte mit Verzögerungen, wenn bei Ihnen etwas eilt.",
        "Prüfen Sie bitte vor einem neuen Versuch, ob der Vorgang schon ausgeführt wurde.",
    ),
    advice_clear=(
        "Sie müssen nichts tun.",
        "Wenn Ihnen noch etwas auffällt, melden Sie sich bitte bei Ihrem gewohnten Kontakt.",
    ),
    advice_clear_begun=(
        "Prüfen Sie bitte Vorgänge aus diesem Zeitraum, deren Ergebnis Sie nicht kennen.",
        "Wenn Ihnen noch etwas auffällt, melden Sie sich bitte bei Ihrem gewohnten Kontakt.",
    ),
    advice_withdrawn=("Sie müssen nichts tun.",),
    sign_off="Freundliche Grüße",
)

GERMAN = Words(
    code="de",
    locale="de",
    voices={"formal": _FORMAL, "plain": _PLAIN},
    label_warning="Frühwarnung",
    label_begun="Störung",
    label_update="Aktualisierung",
    label_clear="Entwarnung",
    label_withdrawn="Warnung aufgehoben",
    subject_warning="Frühwarnung: mögliche Störung bei {what}",
    subject_begun="Störung bei {what}",
    subject_update="Aktualisierung: mögliche Störung bei {what}",
    subject_update_begun="Aktualisierung: Störung bei {what} eingetreten",
    subject_clear="Entwarnung zu {what}",
    subject_withdrawn="Warnung zu {what} aufgehoben",
    title_warning="Mögliche Störung bei {what}",
    title_begun="Störung bei {what}",
    title_clear="Entwarnung zu {what}",
    title_withdrawn="Unsere Warnung gilt nicht mehr",
    row_may_affect="Möglicherweise betroffen",
    row_affects="Betroffen",
    row_was_about="Gegenstand",
    row_step="Betroffener Schritt",
    row_steps="Betroffene Schritte",
    row_when="Zeitpunkt",
    row_state="Stand",
    row_sure="Unsere Einschätzung",
    row_first_signs="Erste Anzeichen",
    row_over="Beendet",
    row_lasted="Dauer",
    row_withdrawn="Aufgehoben",
    row_next="Nächste Nachricht",
    row_contact="Ihr Kontakt",
    next_open="Sobald sich etwas Wesentliches ändert, in jedem Fall nach dem Ende",
    next_none="Keine; dies ist unsere letzte Nachricht dazu",
    state_begun="Die Störung hat begonnen",
    when_perhaps_begun="Möglicherweise schon bemerkbar",
    when_about="Ab etwa {time} Uhr {zone}",
    when_about_day="Ab etwa {time} Uhr {zone} am {date}",
    between=" (zwischen {earliest} und {latest})",
    clock="{time} Uhr",
    clock_day="{time} Uhr am {date}",
    stamp="{date}, {time} Uhr {zone}",
    unknown_time="noch nicht zu bestimmen",
    very_long="sehr lange",
    zone_names=True,
    sure="{word} (etwa {share})",
    very_likely="Sehr wahrscheinlich",
    likely="Wahrscheinlich",
    possible="Möglich",
    uncertain="Ungewiss",
    our_service="unser Dienst",
    our_service_in_prose="unserem Dienst",
    your_organisation="Ihre Organisation",
    quotes=("„", "“"),
    one_more="1 weitere",
    many_more="{count} weitere",
    cut=" … (gekürzt)",
    colon=": ",
    advice_title="Was Sie tun können",
    answer="Für Rückfragen antworten Sie bitte auf diese Nachricht.",
    why="Diese Nachricht richtet sich an {name} wegen der Nutzung von {what}.",
    reference="Referenz",
    spoken=("„", "“"),
    added="Hinweis unseres Teams",
    rating="War diese Warnung für Sie nützlich?",
    rating_yes="Ja",
    rating_no="Nein",
    leave="Falls Sie solche Mitteilungen nicht mehr wünschen",
    label_test="Testnachricht",
    subject_test="Testnachricht: keine Reaktion erforderlich",
    title_test="Dies ist nur ein Test",
    test=(
        "mit dieser Nachricht prüfen wir lediglich, ob unsere Mitteilungen Sie erreichen. Über den Zustand unserer "
        "Dienste sagt sie nichts aus."
    ),
    row_sent="Gesendet",
    advice_test="Es ist nichts zu veranlassen.",
    why_test="Sie erhalten diese Nachricht, weil unsere Mitteilungen an Ihre Adresse gehen.",
)
