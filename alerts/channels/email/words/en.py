"""English."""

from alerts.channels.email.words.table import Voice, Words

_FORMAL = Voice(
    greeting="Dear {name},",
    greeting_unnamed="Dear client,",
    warning=(
        "We see early signs that {what} may become slower than usual or be interrupted for a time. Our teams have been "
        "alerted. We would like you to know before you notice any effect."
    ),
    warning_begun=(
        "A disruption of {what} has begun: requests may take longer than usual or fail. Our teams have been alerted. "
        "We apologise for the inconvenience."
    ),
    update="This replaces what we wrote before about {what}. What we know now is below.",
    update_begun=(
        "The disruption of {what} that we warned you about has begun: requests may take longer than usual or fail. "
        "This replaces what we wrote before. We apologise for the inconvenience."
    ),
    clear=("The signs that we warned you about are gone. We expect no disruption of {what} from them any more."),
    clear_begun="To our knowledge, the disruption of {what} is over. We apologise for the inconvenience.",
    withdrawn=(
        "We warned you of a possible disruption of {what}. The signs have gone, and what we expected did not happen. "
        "Please disregard the warning. We apologise for the trouble."
    ),
    advice_warning=(
        "There is nothing you have to do.",
        "If something on your side is time-critical, you may want to plan for a delay around this time.",
    ),
    advice_begun=(
        "Please allow for delays, and plan accordingly for anything that is time-critical.",
        "Before you repeat a request, please check whether it has been carried out already.",
    ),
    advice_clear=(
        "There is nothing you have to do.",
        "If you still see anything unusual, please tell your usual contact.",
    ),
    advice_clear_begun=(
        "Please check requests from this period of which you do not know the outcome.",
        "If you still see anything unusual, please tell your usual contact.",
    ),
    advice_withdrawn=("There is nothing you have to do.",),
    sign_off="Yours faithfully",
)

_PLAIN = Voice(
    greeting="Hello {name},",
    greeting_unnamed="Hello,",
    warning=(
        "There may soon be delays or a temporary interruption of {what}. Our teams have been alerted. We are telling "
        "you early so that you can plan."
    ),
    warning_begun=(
        "There is a disruption of {what} right now: requests may be slow or fail. Our teams have been alerted."
    ),
    update="There is news about {what}. This message replaces the last one.",
    update_begun=(
        "The disruption of {what} has begun: requests may be slow or fail. This message replaces the last one."
    ),
    clear="The warning signs are gone. We no longer expect a disruption of {what}.",
    clear_begun="As far as we know, the disruption of {what} is over. Thank you for your patience.",
    withdrawn=(
        "We warned you of a possible disruption of {what}. It did not happen, and the signs have gone. Please ignore "
        "the warning. Sorry for the trouble."
    ),
    advice_warning=("You do not have to do anything.", "If something is urgent, plan for a delay around this time."),
    advice_begun=(
        "Allow for delays if something is urgent.",
        "Before you repeat a request, check whether it has gone through already.",
    ),
    advice_clear=("You do not have to do anything.", "If something still looks odd, tell your usual contact."),
    advice_clear_begun=(
        "Check requests from this period if you do not know how they ended.",
        "If something still looks odd, tell your usual contact.",
    ),
    advice_withdrawn=("You do not have to do anything.",),
    sign_off="Kind regards",
)

ENGLISH = Words(
    code="en",
    locale="en_GB",
    voices={"formal": _FORMAL, "plain": _PLAIN},
    label_warning="Early warning",
    label_begun="Disruption",
    label_update="Update",
    label_clear="All clear",
    label_withdrawn="Warning withdrawn",
    subject_warning="Early warning: {what} may be disrupted",
    subject_begun="Disruption: {what}",
    subject_update="Update: {what} may be disrupted",
    subject_update_begun="Update: disruption of {what} has begun",
    subject_clear="All clear: {what}",
    subject_withdrawn="Warning withdrawn: {what}",
    title_warning="{what} may be disrupted",
    title_begun="Disruption of {what}",
    title_clear="All clear for {what}",
    title_withdrawn="Our warning no longer applies",
    row_may_affect="What may be affected",
    row_affects="What is affected",
    row_was_about="What it was about",
    row_step="Step concerned",
    row_steps="Steps concerned",
    row_when="When",
    row_state="Status",
    row_sure="How sure we are",
    row_first_signs="First signs",
    row_over="Over since",
    row_lasted="Lasted",
    row_withdrawn="Withdrawn",
    row_next="Next message",
    row_contact="Whom to call",
    next_open="As soon as this changes materially, and in any case when it is over",
    next_none="None; this is our last message about this",
    state_begun="The disruption has begun",
    when_perhaps_begun="It may already be noticeable",
    when_about="From about {time} {zone}",
    when_about_day="From about {time} {zone} on {date}",
    between=" (between {earliest} and {latest})",
    clock="{time}",
    clock_day="{time} on {date}",
    stamp="{time} {zone} on {date}",
    unknown_time="a time that we cannot name yet",
    very_long="a very long time",
    zone_names=True,
    sure="{word} (about {share})",
    very_likely="Very likely",
    likely="Likely",
    possible="Possible",
    uncertain="Uncertain",
    our_service="our service",
    our_service_in_prose="our service",
    your_organisation="your organisation",
    quotes=("", ""),
    one_more="1 more",
    many_more="{count} more",
    cut=" … (cut)",
    colon=": ",
    advice_title="What you can do",
    answer="To reach us about this, answer this message.",
    why="You receive this because {name} uses {what}.",
    reference="Reference",
    spoken=("“", "”"),
    added="A note from our team",
    rating="Was this warning useful to you?",
    rating_yes="Yes",
    rating_no="No",
    leave="If you no longer want notices such as this one",
    label_test="Test message",
    subject_test="Test message: no action is needed",
    title_test="This is only a test",
    test=("This message only checks whether our notices reach you. It says nothing about the state of our services."),
    row_sent="Sent",
    advice_test="There is nothing to do.",
    why_test="You receive this because your address is where our notices go.",
)
