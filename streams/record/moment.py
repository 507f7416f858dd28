"""Why a client was, or was not, told anything at some time."""

from collections.abc import Iterator

from sqlalchemy import Connection

from alerts.policy.wording import span
from domain.notice import SquadFacts
from streams.record.explain import (
    audience,
    decision_words,
    deliveries,
    episode_words,
    latest_facts,
    nameless,
    reach,
)
from streams.record.questions import Episode, File, episodes, file_of, is_named, refused, span_of
from streams.record.story import Explanation, Line, Section, moment

BEFORE_S = 3600.0  # refused input of so long before the time is told


def explain_client(connection: Connection, client: str, at: float) -> Explanation:
    """Return what a client was told of the alerts that were open at a time, and why; or why nothing."""
    every = episodes(connection)
    open_then = [episode for episode in reversed(every) if episode.open_at(at)]
    sections = [Section(episode_words(episode), tuple(_told(connection, episode, client, at))) for episode in open_then]
    if not open_then:
        sections.append(Section("Nothing was open", tuple(_nothing(connection, every, client, at))))
    return Explanation(
        subject=f"client {client} at {moment(at)}",
        summary=_summary(len(open_then), _limits(connection, at))
        + ("" if is_named(connection, client) else " No notice in the record names a client of this id."),
        sections=tuple(sections),
    )


def _summary(count: int, limits: str) -> str:
    if count:
        return ("One alert was" if count == 1 else f"{count} alerts were") + f" open at that time.{limits}"
    if limits:
        return f"The record knows of no alert that was open at that time.{limits}"
    return "No alert was open at that time, so there was nothing to tell anybody."


def _limits(connection: Connection, at: float) -> str:
    known = span_of(connection)
    if known is None:
        return " It is empty."
    first, last = known
    if at < first:
        return f" It begins only {moment(first)}."
    return f" The last that it has heard is of {moment(last)}." if at > last else ""


def _told(connection: Connection, episode: Episode, client: str, at: float) -> Iterator[Line]:
    file = file_of(connection, episode.alert)
    theirs = [(known, notice) for known, notice in file.notices if notice.client == client]
    for known, notice in theirs:
        later = "" if notice.decided_at <= at else " (after the time asked for)"
        text = f"{notice.phase} to {audience(notice)}: {decision_words(notice.decision)}{later}"
        yield Line(text, notice.decided_at, known.source)
        yield from deliveries(file, notice)
    if theirs:
        return
    if episode.joined is not None:
        yield Line(f"told together with {episode.joined}, which probably has the same cause")
        return
    facts = latest_facts(file, at) or latest_facts(file)
    if facts is None:
        yield Line("no notice names this client, and no squad was told either: who was affected is not known")
        return
    yield Line(_of_nobody(file, facts, client))


def _of_nobody(file: File, facts: SquadFacts, client: str) -> str:
    """Say why there is no notice for a client."""
    for name, words in zip(facts.clients, facts.client_decisions, strict=False):
        if name == client:
            return words
    if client in facts.without_contact:
        return "not told: no contact"
    more = nameless(file, facts)
    unless = f"this client is one of {more:,} whom nothing in the record names, or was" if more else "this client was"
    return f"{unless} {reach(facts)}"


def _nothing(connection: Connection, every: list[Episode], client: str, at: float) -> Iterator[Line]:
    before = next((episode for episode in every if episode.ended_at is not None and episode.ended_at < at), None)
    after = next((episode for episode in reversed(every) if episode.opened_at > at), None)
    for episode, word in ((before, "before"), (after, "after")):
        if episode is not None:
            gap_s = at - (episode.ended_at or at) if word == "before" else episode.opened_at - at
            yield Line(f"the nearest {word}, by {span(gap_s)}: {episode_words(episode)}")
            yield Line(_whether(episode, client), depth=1)
    letters = refused(connection, (at - BEFORE_S) * 1000, at * 1000)
    if letters:
        counts = ", ".join(f"{count} {reason}" for reason, count in letters)
        yield Line(f"input that was refused in the hour before, and so could warn of nothing: {counts}")


def _whether(episode: Episode, client: str) -> str:
    if client in episode.clients:
        return "this client was told of it"
    return "this client was held or not to be told" if client in episode.held else "this client has no notice of it"
