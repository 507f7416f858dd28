"""A squad's notice as a Slack message. Pure: the same notice gives the same message.

Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from alerts.channels.slack.controls import controls
from alerts.channels.slack.mrkdwn import code, cut, date, escape, link, say
from alerts.channels.text import clean, fitting
from alerts.policy.wording import OBJECTIVE, due_words, interval, number, span, usual
from domain.alert import Severity
from domain.anomaly import Evidence, Forecast
from domain.journeys import AffectedJourney
from domain.notice import ClientFacts, Notice, Phase, SquadFacts

Block: TypeAlias = dict[str, Any]

HEADER_LIMIT = 150
TEXT_LIMIT = 3000
FALLBACK_LIMIT = 400  # what a phone's lock screen and a screen reader get
REASON_LIMIT = 160  # the journeys in it are listed above
EVIDENCE_SHOWN = 3
LINES_SHOWN = 12
SIMILAR_SHOWN = 3
METADATA_TYPE = "foreshock_notice"

_SIGNS = {Severity.INFO: "🔵", Severity.WARNING: "🟠", Severity.CRITICAL: "🔴"}
_ENDINGS = {Phase.ALL_CLEAR: "🟢", Phase.RETRACTION: "⚪"}


@dataclass(frozen=True, slots=True)
class Message:
    """The message of an episode as it stands now, and what its thread is told of this change."""

    text: str
    blocks: tuple[Block, ...]
    reply: str
    metadata: Block


def compose(notice: Notice, *, buttons: bool = False) -> Message:
    """Return the whole message for a notice of any phase, with ``buttons`` where a press would be heard."""
    facts = notice.facts
    match facts:
        case SquadFacts():
            title = f"{sign(notice.phase, facts.severity)} {_heading(notice.phase, clean(facts.headline))}"
            blocks = (*_blocks(notice, facts, title), *(controls(notice, facts) if buttons else ()))
            reply = _reply(notice, facts)
        case ClientFacts():
            # Not routed so today: a client on a shared channel would still read nothing that is not theirs.
            title = _heading(
                notice.phase, f"{', '.join(clean(title, 80) for title in facts.journeys)} may be disrupted"
            )
            blocks = (_header(title),)
            reply = cut(say(title), TEXT_LIMIT)
        case _:
            assert_never(facts)
    payload = {"notice": notice.id, "alert": notice.alert, "thread": notice.thread, "sequence": notice.sequence}
    metadata = {"event_type": METADATA_TYPE, "event_payload": payload}
    return Message(text=cut(say(title), FALLBACK_LIMIT), blocks=blocks, reply=reply, metadata=metadata)


def sign(phase: Phase, severity: Severity) -> str:
    """Return the colour of an episode as a reader sees it from afar."""
    return _ENDINGS.get(phase, _SIGNS[severity])


def _heading(phase: Phase, headline: str) -> str:
    match phase:
        case Phase.WARNING | Phase.UPDATE:
            return headline
        case Phase.ALL_CLEAR:
            return f"All clear: {headline}"
        case Phase.RETRACTION:
            return f"Warning withdrawn: {headline}"
        case _:
            assert_never(phase)


def _blocks(notice: Notice, facts: SquadFacts, title: str) -> Iterable[Block]:
    over = notice.phase in _ENDINGS
    yield _header(title)
    if len(title) > HEADER_LIMIT:
        yield _section(say(title))
    yield _context(_standing(notice, facts))
    foreseen = () if over else tuple(_foreseen(facts))
    if foreseen:
        yield _section("\n".join(["*Forecast*", *foreseen]))
    if facts.evidence:
        lines = (_evidence(evidence) for evidence in facts.evidence[:EVIDENCE_SHOWN])
        more = len(facts.evidence) - EVIDENCE_SHOWN
        rest = [f"… and {more} more {'finding' if more == 1 else 'findings'}"] if more > 0 else []
        yield _section(
            fitting([f"*Expected against actual*{' when it was open' if over else ''}", *lines, *rest], TEXT_LIMIT)
        )
    if facts.also_affected and not over:
        yield _section(_also(facts))
    yield _section(_impact(facts))
    if facts.client_tally:
        yield _section(_list("*Clients by journey*", (f"• {say(line, 300)}" for line in facts.client_tally)))
    if facts.client_decisions:
        yield _section(_decisions(facts))
    if facts.similar and not over:
        yield _context(
            cut("\n".join(["*Before*", *(f"• {say(line, 300)}" for line in facts.similar[:SIMILAR_SHOWN])]), TEXT_LIMIT)
        )
    if facts.notes and not over:
        yield _context(cut("  ·  ".join(say(note, 300) for note in facts.notes), TEXT_LIMIT))
    yield _context(_footer(notice, facts))


def _standing(notice: Notice, facts: SquadFacts) -> str:
    lasted = span(facts.changed_at - facts.opened_at)
    parts = [code(facts.service)]
    match notice.phase:
        case Phase.ALL_CLEAR | Phase.RETRACTION:
            parts.append(f"from {date(facts.opened_at)} to {date(facts.changed_at, '{time}')}, {lasted}")
        case Phase.WARNING | Phase.UPDATE:
            parts.insert(0, f"*{facts.severity.value.capitalize()}*")
            parts.append(f"since {date(facts.opened_at)}")
            if notice.phase is Phase.UPDATE:
                parts.append(f"updated {date(facts.changed_at, '{time}')}, after {lasted}")
        case _:
            assert_never(notice.phase)
    return "  ·  ".join(parts)


def _foreseen(facts: SquadFacts) -> Iterable[str]:
    """Yield a line for the leading forecast, and one for each other that may be told, of what is still ahead."""
    if facts.forecast is not None:
        told = (each for each in (facts.forecast, *facts.further) if not _is_passed(each, facts.evidence))
        for place, each in enumerate(told):
            yield f"{'also: ' if place else ''}{_forecast(each, facts.changed_at)}"


def _is_passed(forecast: Forecast, evidence: Iterable[Evidence]) -> bool:
    """Whether the evidence says that the limit has been passed for as long as counts."""
    values = [each.actual for each in evidence if each.detector == OBJECTIVE and each.key == forecast.key]
    limit, above = forecast.limit, forecast.above
    return any(value is not None and (value > limit if above else value < limit) for value in values)


def _forecast(forecast: Forecast, at: float) -> str:
    goal = f"{code(_metric(forecast.key.metric, forecast.key.attributes))} {'above' if forecast.above else 'below'}"
    sure = f"{forecast.confidence:.0%} sure"
    if due := due_words(forecast, at):
        return f"{goal} its limit of *{number(forecast.limit)}* {due}, {sure}"
    about = f"*{span(forecast.breach_at - at)}* ({interval(forecast, at)})"
    when = f"in about {about}, at {date(forecast.breach_at, '{time}')}"
    return f"{goal} its limit of *{number(forecast.limit)}* {when}, {sure}"


def _evidence(evidence: Evidence) -> str:
    actual = "nothing" if evidence.actual is None else number(evidence.actual)
    line = f"• {code(_metric(evidence.key.metric, evidence.key.attributes))} *{actual}*, {usual(evidence)}"
    line += f"  ·  since {date(evidence.since, '{time}')}  ·  score {evidence.score:.2f} ({say(evidence.detector, 60)})"
    return f"{line}\n      {say(evidence.detail, 300)}" if evidence.detail else line


def _metric(metric: str, attributes: tuple[tuple[str, str], ...]) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in attributes)
    return f"{metric} ({labels})" if labels else metric


def _also(facts: SquadFacts) -> str:
    cause = facts.probable_cause
    head = "*Also affected*" if cause is None else f"*Also affected*, probable cause: {code(cause, 80)}"
    return _list(head, (f"• {say(line, 300)}" for line in facts.also_affected))


def _impact(facts: SquadFacts) -> str:
    if not facts.journeys:
        return "*Impact*\nNo journey is known to depend on this service."
    count = len(facts.clients) + facts.more_clients
    clients = (
        "no client depends on them"
        if not count
        else f"{count} {'client depends' if count == 1 else 'clients depend'} on them"
    )
    titles = len({affected.journey for affected in facts.journeys})
    head = f"*Impact:* {titles} {'journey' if titles == 1 else 'journeys'}, {clients}"
    return _list(head, (_journey(affected) for affected in facts.journeys), facts.more_points)


def _journey(affected: AffectedJourney) -> str:
    steps = f"• *{say(affected.title, 120)}* / {say(affected.stage, 80)} / {say(affected.touchpoint, 120)}"
    path = [code(service, 80) for service in affected.path[::-1][:6]]
    needs = f", which needs {' → '.join(path[1:])}" if len(path) > 1 else ""
    return f"{steps}: meets {path[0]}{needs}" if path else steps


def _decisions(facts: SquadFacts) -> str:
    head = "*Clients*, the most affected" if facts.more_clients else "*Clients*"
    return _list(head, (f"• {say(line, 300)}" for line in facts.client_decisions), facts.more_clients)


def _list(head: str, lines: Iterable[str], more: int = 0) -> str:
    """Return as many lines as are read, and count the rest and those that are ``more`` than the lines."""
    every = list(lines)
    return fitting([head, *every[:LINES_SHOWN]], TEXT_LIMIT, more=max(0, len(every) - LINES_SHOWN) + more)


def _footer(notice: Notice, facts: SquadFacts) -> str:
    parts = [f"Why your squad: {say(facts.reason, REASON_LIMIT)}"]
    if facts.runbook:
        parts.append(link(facts.runbook, "Runbook"))
    parts.append(escape(clean(notice.alert, 60)))
    return "  ·  ".join(parts)


def _reply(notice: Notice, facts: SquadFacts) -> str:
    what = f"{sign(notice.phase, facts.severity)} {date(facts.changed_at, '{time}')}  "
    match notice.phase:
        case Phase.WARNING | Phase.UPDATE:
            lines = [what + say(facts.headline)]
            lines += _foreseen(facts)
            return cut("\n".join(lines), TEXT_LIMIT)
        case Phase.ALL_CLEAR:
            return cut(f"{what}*All clear*: {say(facts.headline)}", TEXT_LIMIT)
        case Phase.RETRACTION:
            return cut(f"{what}*Warning withdrawn*: {say(facts.headline)}", TEXT_LIMIT)
        case _:
            assert_never(notice.phase)


def _header(title: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": clean(title, HEADER_LIMIT), "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_text(text)]}


def _text(text: str) -> Block:
    # verbatim: Slack makes no links and no mentions of its own out of plain words.
    return {"type": "mrkdwn", "text": cut(text, TEXT_LIMIT), "verbatim": True}
