"""Everything a letter can say, in English. Catalogues hold the same in other languages (docs/howto/add-a-language.md).

The first argument is the place and, where it matters, the tone; a comment that begins with ``Translators:`` goes into
the catalogues. A sentence must hold for one journey and for several.
"""

from alerts.channels.email.words.speech import Speech
from alerts.channels.email.words.table import Voice, Words


def sentences(said: Speech) -> Words:
    """Return the words of a language."""
    return Words(
        tongue=said.tongue,
        voices={"formal": _formal(said), "plain": _plain(said)},
        label_warning=said.pgettext("label", "Early warning"),
        label_begun=said.pgettext("label", "Disruption"),
        label_update=said.pgettext("label", "Update"),
        label_clear=said.pgettext("label", "All clear"),
        label_withdrawn=said.pgettext("label", "Warning withdrawn"),
        subject_warning=said.pgettext("subject", "Early warning: {what} may be disrupted"),
        subject_begun=said.pgettext("subject", "Disruption: {what}"),
        subject_update=said.pgettext("subject", "Update: {what} may be disrupted"),
        subject_update_begun=said.pgettext("subject", "Update: disruption of {what} has begun"),
        subject_clear=said.pgettext("subject", "All clear: {what}"),
        subject_withdrawn=said.pgettext("subject", "Warning withdrawn: {what}"),
        title_warning=said.pgettext("title", "{what} may be disrupted"),
        title_begun=said.pgettext("title", "Disruption of {what}"),
        title_clear=said.pgettext("title", "All clear for {what}"),
        title_withdrawn=said.pgettext("title", "Our warning no longer applies"),
        # Translators: above the names of what a client does with us
        row_may_affect=said.pgettext("row", "What may be affected"),
        # Translators: above the names of what a client does with us
        row_affects=said.pgettext("row", "What is affected"),
        # Translators: above the names of what a client does with us, when it is over
        row_was_about=said.pgettext("row", "What it was about"),
        # Translators: above the name of one step of what a client does with us, or the names of several
        steps=said.npgettext("row", "Step concerned", "Steps concerned"),
        row_when=said.pgettext("row", "When"),
        row_state=said.pgettext("row", "Status"),
        row_sure=said.pgettext("row", "How sure we are"),
        row_first_signs=said.pgettext("row", "First signs"),
        # Translators: above the moment at which the disruption, or the danger of one, ended
        row_over=said.pgettext("row", "Over since"),
        # Translators: above a duration
        row_lasted=said.pgettext("row", "Lasted"),
        # Translators: above the moment at which the warning was withdrawn
        row_withdrawn=said.pgettext("row", "Withdrawn"),
        row_next=said.pgettext("row", "Next message"),
        # Translators: above a name and a telephone number
        row_contact=said.pgettext("row", "Whom to call"),
        # Translators: when the next message will come
        next_open=said.pgettext("row value", "As soon as this changes materially, and in any case when it is over"),
        # Translators: when the next message will come
        next_none=said.pgettext("row value", "None; this is our last message about this"),
        state_begun=said.pgettext("row value", "The disruption has begun"),
        when_perhaps_begun=said.pgettext("row value", "It may already be noticeable"),
        when_about=said.pgettext("time", "From about {time} {zone}"),
        when_about_day=said.pgettext("time", "From about {time} {zone} on {date}"),
        when_between=said.pgettext("time", "{when} (between {earliest} and {latest})"),
        when_by=said.pgettext("time", "{when} ({latest} at the latest)"),
        # Translators: within "between ... and ..."
        clock=said.pgettext("time", "{time}"),
        # Translators: within "between ... and ..."
        clock_day=said.pgettext("time", "{time} on {date}"),
        stamp=said.pgettext("time", "{time} {zone} on {date}"),
        unknown_time=said.pgettext("time", "a time that we cannot name yet"),
        very_long=said.pgettext("duration", "a very long time"),
        sure=said.pgettext("certainty", "{word} (about {share})"),
        very_likely=said.pgettext("certainty", "Very likely"),
        likely=said.pgettext("certainty", "Likely"),
        possible=said.pgettext("certainty", "Possible"),
        uncertain=said.pgettext("certainty", "Uncertain"),
        # Translators: in place of the names of what a client does with us, standing alone
        our_service=said.pgettext("row value", "our service"),
        # Translators: in place of {what} within a sentence, so in the case that {what} stands in
        our_service_in_prose=said.pgettext("within a sentence", "our service"),
        # Translators: in place of {name} within a sentence
        your_organisation=said.pgettext("within a sentence", "your organisation"),
        # Translators: put quotation marks around it where your language puts them around a title within a sentence
        title_in_prose=said.pgettext("within a sentence", "{journey}"),
        # Translators: the end of a list of names: "A, B and 2 more"
        more=said.npgettext("list", "{count} more", "{count} more"),
        # Translators: the same in place of the end of {what}, so in the case that {what} stands in
        more_in_prose=said.npgettext("within a sentence", "{count} more", "{count} more"),
        # Translators: the end of a text that was too long
        cut=" " + said.pgettext("end of a text", "… (cut)"),
        row=said.pgettext("punctuation", "{row}: {value}"),
        heading=said.pgettext("punctuation", "{heading}:"),
        # Translators: put it between your quotation marks
        spoken=said.pgettext("punctuation", "“{words}”"),
        advice_title=said.pgettext("heading", "What you can do"),
        answer=said.pgettext("letter", "To reach us about this, answer this message."),
        why=said.pgettext("letter", "You receive this because {name} uses {what}."),
        # Translators: before a short code, to be named on the telephone
        reference=said.pgettext("row", "Reference"),
        # Translators: above what a person has added to the letter
        added=said.pgettext("heading", "A note from our team"),
        rating=said.pgettext("rating", "Was this warning useful to you?"),
        rating_yes=said.pgettext("rating", "Yes"),
        rating_no=said.pgettext("rating", "No"),
        # Translators: a link, or followed by one
        leave=said.pgettext("letter", "If you no longer want notices such as this one"),
        label_test=said.pgettext("label", "Test message"),
        subject_test=said.pgettext("subject", "Test message: no action is needed"),
        title_test=said.pgettext("title", "This is only a test"),
        test=said.pgettext(
            "test letter",
            "This message only checks whether our notices reach you. It says nothing about the state of our services.",
        ),
        row_sent=said.pgettext("row", "Sent"),
        advice_test=said.pgettext("test letter", "There is nothing to do."),
        why_test=said.pgettext("test letter", "You receive this because your address is where our notices go."),
    )


def _formal(said: Speech) -> Voice:
    nothing_to_do = said.pgettext("advice, formal", "There is nothing you have to do.")
    anything_unusual = said.pgettext(
        "advice, formal", "If you still see anything unusual, please tell your usual contact."
    )
    return Voice(
        # Translators: leave {name} out where your language does not greet an organisation by its name
        greeting=said.pgettext("greeting, formal", "Dear {name},"),
        greeting_unnamed=said.pgettext("greeting, formal", "Dear client,"),
        warning=said.pgettext(
            "letter, formal",
            "We see early signs that {what} may become slower than usual or be interrupted for a time. Our teams have "
            "been alerted. We would like you to know before you notice any effect.",
        ),
        warning_begun=said.pgettext(
            "letter, formal",
            "A disruption of {what} has begun: requests may take longer than usual or fail. Our teams have been "
            "alerted. We apologise for the inconvenience.",
        ),
        update=said.pgettext(
            "letter, formal", "This replaces what we wrote before about {what}. What we know now is below."
        ),
        update_begun=said.pgettext(
            "letter, formal",
            "The disruption of {what} that we warned you about has begun: requests may take longer than usual or fail. "
            "This replaces what we wrote before. We apologise for the inconvenience.",
        ),
        clear=said.pgettext(
            "letter, formal",
            "The signs that we warned you about are gone. We expect no disruption of {what} from them any more.",
        ),
        clear_begun=said.pgettext(
            "letter, formal",
            "To our knowledge, the disruption of {what} is over. We apologise for the inconvenience.",
        ),
        withdrawn=said.pgettext(
            "letter, formal",
            "We warned you of a possible disruption of {what}. The signs have gone, and what we expected did not "
            "happen. Please disregard the warning. We apologise for the trouble.",
        ),
        advice_warning=(
            nothing_to_do,
            said.pgettext(
                "advice, formal",
                "If something on your side is time-critical, you may want to plan for a delay around this time.",
            ),
        ),
        advice_begun=(
            said.pgettext(
                "advice, formal",
                "Please allow for delays, and plan accordingly for anything that is time-critical.",
            ),
            said.pgettext(
                "advice, formal",
                "Before you repeat a request, please check whether it has been carried out already.",
            ),
        ),
        advice_clear=(nothing_to_do, anything_unusual),
        advice_clear_begun=(
            said.pgettext(
                "advice, formal", "Please check requests from this period of which you do not know the outcome."
            ),
            anything_unusual,
        ),
        advice_withdrawn=(nothing_to_do,),
        sign_off=said.pgettext("closing, formal", "Yours faithfully"),
    )


def _plain(said: Speech) -> Voice:
    nothing_to_do = said.pgettext("advice, plain", "You do not have to do anything.")
    looks_odd = said.pgettext("advice, plain", "If something still looks odd, tell your usual contact.")
    return Voice(
        # Translators: leave {name} out where your language does not greet an organisation by its name
        greeting=said.pgettext("greeting, plain", "Hello {name},"),
        greeting_unnamed=said.pgettext("greeting, plain", "Hello,"),
        warning=said.pgettext(
            "letter, plain",
            "There may soon be delays or a temporary interruption of {what}. Our teams have been alerted. We are "
            "telling you early so that you can plan.",
        ),
        warning_begun=said.pgettext(
            "letter, plain",
            "There is a disruption of {what} right now: requests may be slow or fail. Our teams have been alerted.",
        ),
        update=said.pgettext("letter, plain", "There is news about {what}. This message replaces the last one."),
        update_begun=said.pgettext(
            "letter, plain",
            "The disruption of {what} has begun: requests may be slow or fail. This message replaces the last one.",
        ),
        clear=said.pgettext("letter, plain", "The warning signs are gone. We no longer expect a disruption of {what}."),
        clear_begun=said.pgettext(
            "letter, plain",
            "As far as we know, the disruption of {what} is over. Thank you for your patience.",
        ),
        withdrawn=said.pgettext(
            "letter, plain",
            "We warned you of a possible disruption of {what}. It did not happen, and the signs have gone. Please "
            "ignore the warning. Sorry for the trouble.",
        ),
        advice_warning=(
            nothing_to_do,
            said.pgettext("advice, plain", "If something is urgent, plan for a delay around this time."),
        ),
        advice_begun=(
            said.pgettext("advice, plain", "Allow for delays if something is urgent."),
            said.pgettext("advice, plain", "Before you repeat a request, check whether it has gone through already."),
        ),
        advice_clear=(nothing_to_do, looks_odd),
        advice_clear_begun=(
            said.pgettext("advice, plain", "Check requests from this period if you do not know how they ended."),
            looks_odd,
        ),
        advice_withdrawn=(nothing_to_do,),
        sign_off=said.pgettext("closing, plain", "Kind regards"),
    )
