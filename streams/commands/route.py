"""`foreshock route`: who would be told of trouble in a service, and why; who would not, and why. No Kafka."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from alerts.decide import Decide
from alerts.params import AlertParams
from alerts.policy.impact import Routes
from config.loader import load_with_environment
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast, Watermark
from domain.errors import ForeshockError
from domain.identity import AnomalyId, SeriesKey, ServiceId, derive
from domain.journeys import Client, Landscape
from domain.notice import Notice, Notify, SquadFacts
from streams.commands.explain import parse_time
from streams.names import near
from streams.record.explain import decision_words
from streams.record.story import moment, plain
from streams.refusal import refusal
from streams.system import SystemClock

EXIT_DIFFERS = 1
NOBODY = "nobody"
AHEAD_S = 600.0  # the breach that a made-up forecast expects
_DETECTORS = {
    AnomalyKind.SILENCE: "silence", AnomalyKind.STUCK: "stuck", AnomalyKind.BREACH: "objective",
    AnomalyKind.SCHEMA: "schema", AnomalyKind.UNIT: "unit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one squad or client. ``recipient`` None: there is no notice for them."""

    name: str
    decision: str  # notify, hold, suppress, or none
    why: str
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """What would become of everybody in the configuration."""

    service: str
    kind: str
    confidence: float
    at: float
    severity: str
    answers: tuple[Answer, ...]

    @property
    def told(self) -> list[str]:
        """Who would be told, by name."""
        return sorted({answer.name for answer in self.answers if answer.decision == "notify"})


def route(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
    service: Annotated[str, typer.Option(help="The service in trouble.")],
    confidence: Annotated[float, typer.Option(help="How sure the finding is.", min=0.0, max=1.0)] = 0.9,
    kind: Annotated[AnomalyKind, typer.Option(help="What is found.")] = AnomalyKind.FORECAST,
    at: Annotated[str | None, typer.Option(help="When, such as 2026-11-22T02:14:00+01:00; without it, now.")] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(help=f"All who have to be told: squad:NAME or client:NAME, or {NOBODY}; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Decide about a made-up finding as a worker would with no alert open, and show what becomes of everybody.

    With --expect, ends with 1 when others would be told than those: a test for a configuration.
    """
    try:
        settings = load_with_environment(config)
        when = SystemClock().now() if at is None else parse_time(at)
        wanted = None if not expect else _wanted(expect, settings.landscape())
        found = routing(settings.landscape(), settings.alerts, service, kind, confidence, when)
    except ForeshockError as error:
        raise refusal(error) from error
    if service not in settings.services:
        hint = near(service, settings.services)
        typer.echo(f"{service} is not among the services of the configuration{hint}", err=True)
    typer.echo(json.dumps({**asdict(found), "told": found.told}, indent=2) if as_json else "\n".join(_lines(found)))
    if wanted is not None and wanted != set(found.told):
        for name in sorted(wanted - set(found.told)):
            typer.echo(f"expected, and not told: {name}", err=True)
        for name in sorted(set(found.told) - wanted):
            typer.echo(f"told, and not expected: {name}", err=True)
        raise typer.Exit(EXIT_DIFFERS)


def routing(
    landscape: Landscape, params: AlertParams, service: str, kind: AnomalyKind, confidence: float, at: float
) -> Routing:
    """Return what becomes of everybody when this is the first that is heard of the service, and nothing joins it."""
    decide = Decide(landscape, params.model_copy(update={"group_wait": 0.0}))  # who is told, however short the wait
    decided = [decide.handle(each) for each in (_finding(service, kind, confidence, at), Watermark(0, at))]
    notices = [notice for each in decided for notice in each.notices]
    answers = [*_answers(notices), *_without(landscape, ServiceId(service), notices)]
    severity = decided[0].transitions[0].severity
    return Routing(service, kind, confidence, at, severity, tuple(answers))


def _finding(service: str, kind: AnomalyKind, confidence: float, at: float) -> Anomaly:
    """Return a finding as detection would say it; only what decisions are made from matters."""
    key = SeriesKey.of(service, "made-up")
    evidence = Evidence(_DETECTORS.get(kind, "level"), key, at, 1.0, 0.0, 0.0, 0.0, confidence, at)
    forecast = None
    if kind is AnomalyKind.FORECAST:
        forecast = Forecast(key, 1.0, True, at, at + AHEAD_S, at + AHEAD_S / 2, at + 2 * AHEAD_S, confidence)
    identity = AnomalyId(derive("anomaly", service, at))
    return Anomaly(
        identity, ServiceId(service), AnomalyPhase.OPENED, kind, at, at, confidence, confidence, (evidence,), forecast
    )


def _answers(notices: Iterable[Notice]) -> Iterator[Answer]:
    for notice in notices:
        why = decision_words(notice.decision)
        facts = notice.facts
        if isinstance(notice.decision, Notify) and not isinstance(facts, SquadFacts):
            why += f"; uses {', '.join(facts.journeys)}"
        yield Answer(_name(notice), notice.decision.kind, why, notice.recipient)


def _without(landscape: Landscape, service: ServiceId, notices: Iterable[Notice]) -> Iterator[Answer]:
    """Yield everybody without a notice: not affected, without a contact, or told by another squad's channel."""
    impact = Routes(landscape).impact(service)
    named = {_name(notice) for notice in notices}
    reached = dict(impact.squads)
    for squad in landscape.squads:
        if f"squad:{squad.id}" not in named:
            why = reached.get(squad.id)
            shared = None if why is None else f"told in {squad.slack}, which it shares: {why}"
            words = shared or "not affected: answers for nothing that is reached"
            yield Answer(f"squad:{squad.id}", "notify" if shared else "none", words)
    affected = {client for client, _, _ in impact.clients}
    for client in landscape.clients:
        if f"client:{client.id}" not in named:
            yield Answer(f"client:{client.id}", "none", _why_not(client, affected=client.id in affected))


def _why_not(client: Client, *, affected: bool) -> str:
    if affected:
        return "affected, but there is no contact" if not client.emails else "affected, but nothing was decided yet"
    if not client.journeys:
        return "not affected: uses no journey"
    return f"not affected: none of its journeys is reached ({', '.join(client.journeys)})"


def _name(notice: Notice) -> str:
    return f"squad:{notice.squad}" if notice.client is None else f"client:{notice.client}"


def _wanted(expect: Iterable[str], landscape: Landscape) -> set[str]:
    known = {f"squad:{squad.id}" for squad in landscape.squads} | {
        f"client:{client.id}" for client in landscape.clients
    }
    wanted = set(expect) - {NOBODY}
    if unknown := sorted(wanted - known):
        raise ForeshockError(f"not in the configuration: {', '.join(unknown)}; write squad:NAME or client:NAME")
    return wanted


def _lines(found: Routing) -> Iterator[str]:
    sure = f"{found.kind}, {found.confidence:.0%} sure"
    yield plain(f"Trouble in {found.service} ({sure}) {moment(found.at)}, {found.severity}:")
    for title, told in (("told", True), ("not told", False)):
        rows = [answer for answer in found.answers if (answer.decision == "notify") is told]
        yield f"{title}:" if rows else f"{title}: {NOBODY}"
        for answer in rows:
            where = "" if answer.recipient is None else f" at {answer.recipient}"
            yield plain(f"  {answer.name}{where}: {answer.why.removeprefix('to be told: ')}")
