"""From the record to plain words: what was found, who was told, who was not, and why."""

from collections.abc import Iterator
from typing import assert_never

from sqlalchemy import Connection

from alerts.policy.impact import explain_path
from alerts.policy.wording import number, span, usual
from domain.alert import ENDED, Transition
from domain.anomaly import Anomaly, Evidence, Forecast
from domain.feedback import Feedback
from domain.notice import Decision, Deferred, Delivered, Hold, Notice, Notify, Outcome, Rejected, SquadFacts, Suppress
from streams.record.questions import (
    Episode,
    File,
    Known,
    file_of,
    incident_address,
    is_told,
    notice_of,
)
from streams.record.story import Explanation, Line, Section, moment

SHOWN = 3  # findings of one anomaly


def explain_alert(connection: Connection, alert: str) -> Explanation | None:
    """Return the whole story of an alert; None when the record has never heard of it."""
    file = file_of(connection, alert)
    if not file.transitions and not file.notices:
        return None
    return Explanation(
        subject=alert,
        summary=_summary(connection, file),
        sections=_filled(
            Section("What was found, and what became of it", tuple(_found(file))),
            Section("Who was told, and why", tuple(_told(file))),
            Section("Who was not told, and why", tuple(not_told(file))),
            Section("What people answered", tuple(_others(file))),
        ),
    )


def explain_notice(connection: Connection, notice_id: str) -> Explanation | None:
    """Return why a notice was sent, or was not; None when the record has never heard of it."""
    notice = notice_of(connection, notice_id)
    if notice is None:
        return None
    file = file_of(connection, notice.alert)
    cause = tuple(_found(file, of=notice.sequence))
    return Explanation(
        subject=notice_id,
        summary=f"{notice.phase} to {audience(notice)} by {notice.channel}, of {notice.alert}: "
        f"`foreshock explain {notice.alert}` tells the whole episode.",
        sections=_filled(
            Section("What it was about", cause),
            Section("What was decided, and why", tuple(_decided(file, notice))),
            Section("What they could read", tuple(_readable(notice))),
            Section("The same thread", tuple(_thread(file, notice))),
        ),
    )


def not_told(file: File) -> Iterator[Line]:
    """Say who was not told and why: held, suppressed, undelivered, without contact, or not affected."""
    told = {notice.thread for _, notice in file.notices if is_told(notice)}
    for known, notice in file.notices:
        if notice.thread not in told:
            yield Line(f"{audience(notice)}: {decision_words(notice.decision)}", notice.decided_at, known.source)
        elif is_told(notice):
            answers = [receipt.outcome for _, receipt in file.receipts.get(notice.id, ())]
            if not any(isinstance(answer, Delivered) for answer in answers):
                last = outcome_words(answers[-1]) if answers else "no channel has answered yet"
                yield Line(
                    f"{audience(notice)}: the {notice.phase} did not arrive: {last}", notice.decided_at, known.source
                )
    facts = latest_facts(file)
    joined = file.transitions[-1][1].joined if file.transitions else None
    if facts is None and joined is not None:
        yield Line(f"everybody was told, or not, in the threads of {joined}: `foreshock explain {joined}`")
        return
    if facts is None:
        yield Line("no squad was told, so nothing is known of whom the trouble would have reached")
        return
    yield from _without_notice(file, facts)
    yield Line(f"all others: {reach(facts)}")


def _without_notice(file: File, facts: SquadFacts) -> Iterator[Line]:
    """Yield the clients that were affected and about whom nothing had to be decided."""
    named = {notice.client for _, notice in file.notices}
    for client, words in zip(facts.clients, facts.client_decisions, strict=False):
        if client not in named:
            yield Line(f"client {client}: {words}")
    if facts.without_contact:
        yield Line(f"clients {', '.join(facts.without_contact)}: not told: no contact")
    if more := nameless(file, facts):
        yield Line(f"{more:,} more clients were affected; nothing in the record names them")


def reach(facts: SquadFacts) -> str:
    """Say which journeys the trouble reached, and so whom it did not."""
    if not facts.journeys:
        return f"no journey depends on {facts.service}, so no client was affected"
    paths = "; ".join(explain_path(affected) for affected in facts.journeys)
    if facts.more_points:
        paths += f"; and {facts.more_points:,} more touchpoints"
    clients = ", ".join(facts.clients) or "no client"
    if facts.more_clients:
        clients += f" and {facts.more_clients:,} more"
    return f"not affected. The trouble reached these journeys only: {paths}; they are used by {clients}"


def nameless(file: File, facts: SquadFacts) -> int:
    """Count the clients that were affected when a squad was told this, and that nothing in the record names."""
    named = {notice.client for _, notice in file.notices if notice.decided_at <= facts.changed_at}
    named -= {None, *facts.clients}
    return max(0, facts.more_clients - len(named | {*facts.without_contact}))


def latest_facts(file: File, until: float | None = None) -> SquadFacts | None:
    """Return what a squad was last told, up to a time."""
    found = None
    for _, notice in file.notices:
        if isinstance(notice.facts, SquadFacts) and (until is None or notice.decided_at <= until):
            found = notice.facts
    return found


def deliveries(file: File, notice: Notice, depth: int = 1) -> Iterator[Line]:
    """Yield what the channel answered to each attempt."""
    answers = file.receipts.get(notice.id, [])
    for known, receipt in sorted(answers, key=lambda pair: pair[1].attempt):
        yield Line(f"attempt {receipt.attempt}: {outcome_words(receipt.outcome)}", receipt.at, known.source, depth)
    if not answers and is_told(notice):
        yield Line("no channel has answered yet", depth=depth)


def audience(notice: Notice) -> str:
    """Name whom a notice is for."""
    who = f"squad {notice.squad}" if notice.client is None else f"client {notice.client}"
    return f"{who} at {notice.recipient}"


def decision_words(decision: Decision) -> str:
    """Say what was decided and why."""
    match decision:
        case Notify(reason=reason):
            return f"to be told: {reason}"
        case Hold(reason=reason, until=until):
            return f"held: {reason}" + ("" if until is None else f" (until {moment(until)})")
        case Suppress(reason=reason):
            return f"not to be told: {reason}"
        case _:
            assert_never(decision)


def outcome_words(outcome: Outcome) -> str:
    """Say what a channel answered."""
    match outcome:
        case Delivered(reference=reference):
            return f"delivered ({reference})"
        case Deferred(failure=failure, detail=detail):
            return f"not yet ({failure}): {detail}"
        case Rejected(failure=failure, detail=detail):
            return f"given up ({failure}): {detail}"
        case _:
            assert_never(outcome)


def episode_words(episode: Episode) -> str:
    """Say in one sentence what an episode was."""
    ended = episode.ended_at
    lasted = "still open" if ended is None else f"{episode.status} {moment(ended)}"
    return f"{episode.alert}, {episode.service}, {episode.severity}, opened {moment(episode.opened_at)}, {lasted}"


def _summary(connection: Connection, file: File) -> str:
    if not file.transitions:
        return "The record has notices of this alert, but none of its transitions."
    last = file.transitions[-1][1]
    lasted = span(last.at - last.opened_at)
    end = f"{last.status} after {lasted}" if last.status in ENDED else f"still open, last changed after {lasted}"
    text = f"{last.service}, {last.severity}, opened {moment(last.opened_at)}, {end}: {last.reason}."
    if last.incident is not None:
        where = incident_address(connection, last.incident)
        text += f" Incident {last.incident} was declared{'' if where is None else f' ({where})'}."
    if last.joined is not None:
        text += f" It was told together with {last.joined}, which probably has the same cause."
    facts = latest_facts(file)
    if facts is not None and facts.probable_cause is not None:
        text += f" Probable cause: {facts.probable_cause}."
    if facts is not None and facts.also_affected:
        text += f" Also affected: {'; '.join(facts.also_affected)}."
    return text


def _found(file: File, of: int | None = None) -> Iterator[Line]:
    """Yield each transition; the finding behind it in full where it opens, where its kind changes, or for ``of``."""
    before: Anomaly | None = None
    for known, transition in file.transitions:
        anomaly = transition.anomaly
        if of is None or transition.sequence == of:
            text = f"{transition.status}, {transition.severity}: {transition.reason}"
            yield Line(text, transition.at, known.source)
            if before is None or of is not None or (before.kind, before.forecast) != (anomaly.kind, anomaly.forecast):
                yield from _finding(file, transition)
        before = anomaly


def _finding(file: File, transition: Transition) -> Iterator[Line]:
    anomaly = transition.anomaly
    known = file.anomalies.get((anomaly.id, anomaly.at, anomaly.phase))
    text = f"{anomaly.id}, {anomaly.kind} {anomaly.phase}: score {anomaly.score:.3f}, {anomaly.confidence:.0%} sure"
    yield Line(text, source=None if known is None else known.source, depth=1)
    for evidence in anomaly.evidence[:SHOWN]:
        yield Line(_evidence(evidence), depth=2)
    if len(anomaly.evidence) > SHOWN:
        yield Line(f"and {len(anomaly.evidence) - SHOWN} more findings", depth=2)
    if anomaly.forecast is not None:
        yield from (Line(_forecast(each), depth=2) for each in (anomaly.forecast, *anomaly.further))


def _evidence(evidence: Evidence) -> str:
    actual = "nothing came" if evidence.actual is None else f"was {number(evidence.actual)}"
    detail = f" ({evidence.detail})" if evidence.detail else ""
    return (
        f"detector {evidence.detector}: {evidence.key} {actual}, {usual(evidence)}, since {moment(evidence.since)}, "
        f"score {evidence.score:.3f}{detail}"
    )


def _forecast(forecast: Forecast) -> str:
    direction = "above" if forecast.above else "below"
    return (
        f"forecast of {moment(forecast.issued_at)}: {forecast.key} {direction} {number(forecast.limit)} at "
        f"{moment(forecast.breach_at)}, between {moment(forecast.earliest_at)} and {moment(forecast.latest_at)}, "
        f"{forecast.confidence:.0%} sure"
    )


def _told(file: File) -> Iterator[Line]:
    """Yield each recipient who was to be told, with every notice and every answer."""
    threads: dict[str, list[tuple[Known, Notice]]] = {}
    for known, notice in file.notices:
        threads.setdefault(notice.thread, []).append((known, notice))
    for theirs in threads.values():
        if not any(is_told(notice) for _, notice in theirs):
            continue
        first = theirs[0][1]
        facts = first.facts
        why = facts.reason if isinstance(facts, SquadFacts) else f"uses {', '.join(facts.journeys)}"
        yield Line(f"{audience(first)} by {first.channel}: {why}")
        before = decision_words(Notify(why))
        for known, notice in theirs:
            words = decision_words(notice.decision)
            shown = words if words != before else f"{words.partition(':')[0]}, for the same reason"
            before = words
            yield Line(f"{notice.phase}, {notice.id}: {shown}", notice.decided_at, known.source, 1)
            yield from deliveries(file, notice, 2)


def _others(file: File) -> Iterator[Line]:
    """Yield what people answered, each answer once: there is a copy of it among what decide reads."""
    seen: set[str] = set()
    for known in file.others:
        columns = known.chained.entry.columns
        match known.value:
            case Feedback() as answer if answer.id in seen:
                continue
            case Feedback() as answer:
                seen.add(answer.id)
                yield Line(_answer(answer), answer.at, known.source)
            case _:
                words = ": ".join(part for part in (columns.verdict, columns.reason) if part)
                yield Line(f"{columns.kind}{f', {words}' if words else ''}", columns.at, known.source)


def _answer(answer: Feedback) -> str:
    about = f" for client {answer.client}" if answer.client is not None else ""
    lasting = f", for {span(answer.lasts_s)}" if answer.lasts_s is not None else ""
    comment = f": {answer.comment}" if answer.comment else ""
    adding = f"; adding for clients: {answer.text}" if answer.text else ""
    below = f" below {answer.below}" if answer.below is not None else ""
    return f"{answer.kind}{below} by {answer.by}{about}{lasting}{comment}{adding}"


def _decided(file: File, notice: Notice) -> Iterator[Line]:
    for known, each in file.notices:
        if each.id == notice.id:
            yield Line(decision_words(notice.decision), notice.decided_at, known.source)
    yield from deliveries(file, notice)


def _readable(notice: Notice) -> Iterator[Line]:
    facts = notice.facts
    if isinstance(facts, SquadFacts):
        yield Line(facts.headline)
        yield Line(f"why this squad: {facts.reason}")
        for words in facts.client_decisions:
            yield Line(words)
        if facts.more_clients:
            yield Line(f"and {facts.more_clients:,} more clients, of these journeys:")
            yield from (Line(words, depth=1) for words in facts.client_tally)
        return
    yield Line(f"{facts.client_name}: {', '.join(facts.journeys)}; stages {', '.join(facts.stages)}")
    if facts.expected_at is not None:
        earliest, latest = moment(facts.earliest_at), moment(facts.latest_at)
        yield Line(
            f"expected {moment(facts.expected_at)}, between {earliest} and {latest}, {facts.confidence:.0%} sure"
        )


def _thread(file: File, notice: Notice) -> Iterator[Line]:
    for known, each in file.notices:
        if each.thread == notice.thread and each.id != notice.id:
            yield Line(f"{each.phase}, {each.id}: {decision_words(each.decision)}", each.decided_at, known.source)


def _filled(*sections: Section) -> tuple[Section, ...]:
    return tuple(section for section in sections if section.lines)
