"""Checks between sections: names that nothing carries, circles, people who cannot be reached."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from alerts.channels.email.words import languages
from alerts.channels.email.words.catalogue import CatalogueError
from config.origins import Path
from config.people import ServiceSettings
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit together. ``cause`` is the place to show when there is nothing at ``path`` yet."""

    path: Path
    message: str
    cause: Path = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that the file declares, also those whose entry is itself wrong."""

    services: tuple[str, ...]
    journeys: tuple[str, ...]
    squads: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Names":
        """Read the names off the plain data."""

        def keys(section: str) -> tuple[str, ...]:
            entries = data.get(section)
            return tuple(entries) if isinstance(entries, Mapping) else ()

        return cls(keys("services"), keys("journeys"), keys("squads"))


def check(settings: Settings, names: Names, *, require_sources: bool) -> tuple[Finding, ...]:
    """Return what makes the settings unusable."""
    parts: tuple[Iterable[Finding], ...] = (
        _kafka(settings),
        _sources(settings, require_sources=require_sources),
        _services(settings, names),
        _circles(settings),
        _journeys(settings, names),
        _clients(settings, names),
        _channels(settings),
        _wordings(settings),
    )
    return tuple(finding for part in parts for finding in part)


def _kafka(settings: Settings) -> Iterator[Finding]:
    kafka = settings.kafka
    if kafka.security.startswith("sasl") and kafka.sasl is None:
        told = f"missing, but security is {kafka.security}; add sasl with mechanism, username and password"
        yield Finding(("kafka", "sasl"), told)
    if kafka.sasl is not None and not kafka.security.startswith("sasl"):
        told = f"not used, for security is {kafka.security}; write sasl_tls there, or remove sasl"
        yield Finding(("kafka", "sasl"), told)
    for key, file in (("ca_file", kafka.ca_file), ("cert_file", kafka.cert_file), ("key_file", kafka.key_file)):
        if file is not None and not kafka.security.endswith("tls"):
            told = f"not used, for security is {kafka.security}; write tls or sasl_tls there, or remove {key}"
            yield Finding(("kafka", key), told)
    if (kafka.cert_file is None) != (kafka.key_file is None):
        given, lacking = ("key_file", "cert_file") if kafka.cert_file is None else ("cert_file", "key_file")
        yield Finding(("kafka", given), f"given without {lacking}; they belong together: give both or none")
    if settings.state.store == "directory" and settings.state.directory is None:
        told = "missing, but store is directory; name the folder to keep state in"
        yield Finding(("state", "directory"), told)
    if settings.state.store == "kafka" and settings.state.directory is not None:
        yield Finding(("state", "directory"), "not used, for store is kafka; write store: directory, or remove it")


def _sources(settings: Settings, *, require_sources: bool) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, source in enumerate(settings.sources):
        path = ("sources", index, "topic")
        if source.topic in first:
            told = f"{source.topic!r} is read by sources[{first[source.topic]}] already; remove one of the two"
            yield Finding(path, told)
        first.setdefault(source.topic, index)
        if source.topic.startswith(settings.kafka.topic_prefix):
            told = f"{source.topic!r} begins like Foreshock's own topics; choose another topic or kafka.topic_prefix"
            yield Finding(path, told)
    if require_sources and not any(source.kind == "telemetry" for source in settings.sources):
        yield Finding(("sources",), "no telemetry to read; add a source: - {topic: telemetry, format: native}")


def _services(settings: Settings, names: Names) -> Iterator[Finding]:
    for id_, service in settings.services.items():
        path = ("services", id_)
        if service.squad is not None:
            yield from _known("squad", service.squad, names.squads, (*path, "squad"))
        for index, needed in enumerate(service.depends_on):
            yield from _known("service", needed, names.services, (*path, "depends_on", index))
        yield from _once(((*path, "depends_on", index), needed) for index, needed in enumerate(service.depends_on))
        yield from _one_unit(path, service)
    if settings.fallback_squad is not None:
        yield from _known("squad", settings.fallback_squad, names.squads, ("fallback_squad",))


def _one_unit(path: Path, service: ServiceSettings) -> Iterator[Finding]:
    """Report objectives of one metric that name different units: its values can be converted to one of them only."""
    first: dict[str, str | None] = {}
    for index, objective in enumerate(service.objectives):
        metric, unit = objective.metric, objective.unit
        if first.setdefault(metric, unit) != unit:
            other = first[metric] or "no unit"
            told = f"{unit or 'no unit'}, but another objective of {metric} has {other}; write all of them in one"
            yield Finding((*path, "objectives", index), told)


def _circles(settings: Settings) -> Iterator[Finding]:
    """Report each circle of dependencies once, at the service of it that the file names first."""
    order = {id_: index for index, id_ in enumerate(settings.services)}
    needs = {id_: [n for n in service.depends_on if n in order] for id_, service in settings.services.items()}
    while True:
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1][1:]))  # graphlib names what is needed first
        else:
            return
        first = circle.index(min(circle, key=lambda id_: order[id_]))
        circle = [*circle[first:], *circle[:first], circle[first]]
        told = f"a circle: {' -> '.join(circle)}; remove one of these dependencies"
        yield Finding(("services", circle[0], "depends_on"), told)
        needs[circle[-2]] = [needed for needed in needs[circle[-2]] if needed != circle[0]]


def _journeys(settings: Settings, names: Names) -> Iterator[Finding]:
    for id_, journey in settings.journeys.items():
        yield from _known("squad", journey.squad, names.squads, ("journeys", id_, "squad"))
        stages: Path = ("journeys", id_, "stages")
        for index, stage in enumerate(journey.stages):
            for at, point in enumerate(stage.touchpoints):
                path = (*stages, index, "touchpoints", at, "service")
                yield from _known("service", point.service, names.services, path)
        yield from _once(((*stages, index, "name"), stage.name) for index, stage in enumerate(journey.stages))


def _clients(settings: Settings, names: Names) -> Iterator[Finding]:
    for id_, client in settings.clients.items():
        path: Path = ("clients", id_)
        for index, journey in enumerate(client.journeys):
            yield from _known("journey", journey, names.journeys, (*path, "journeys", index))
        yield from _once(((*path, "journeys", index), journey) for index, journey in enumerate(client.journeys))
        emails = [contact.email.casefold() for contact in client.contacts]
        yield from _once(((*path, "contacts", index, "email"), email) for index, email in enumerate(emails))
        if not client.journeys:
            told = "none, so this client is never told anything; list the journeys that it uses, or remove the client"
            yield Finding((*path, "journeys"), told)
        if not client.contacts and client.notices.approval != "never":
            told = "none, so this client cannot be reached; add one: - {email: name@host.example}"
            yield Finding((*path, "contacts"), f"{told}, or write notices: {{approval: never}}")


def _channels(settings: Settings) -> Iterator[Finding]:
    reached = [id_ for id_, client in settings.clients.items() if client.contacts]
    if reached and settings.channels.email is None:
        told = f"missing, but {_count(reached, 'client')} with e-mail contacts ({reached[0]}{_more(reached)})"
        yield Finding(
            ("channels", "email"), f"{told}; add email with host and sender", ("clients", reached[0], "contacts")
        )
    squads = list(settings.squads)
    if squads and settings.channels.slack is None:
        told = f"missing, but {_count(squads, 'squad')} to be told on Slack ({squads[0]}{_more(squads)})"
        yield Finding(("channels", "slack"), f"{told}; add slack with a token", ("squads", squads[0]))


def _wordings(settings: Settings) -> Iterator[Finding]:
    email = settings.channels.email
    try:
        languages(None if email is None else email.catalogues)
    except CatalogueError as error:
        told = str(error).splitlines()
        heading = [] if len(told) == 1 else [f"{len(told)} faults"]
        yield Finding(("channels", "email", "catalogues"), "\n  ".join([*heading, *told]))


def _known(what: str, name: str, names: tuple[str, ...], path: Path) -> Iterator[Finding]:
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"add it under {what}s"
    if not near and what == "service":
        hint += f", be it as {name}: {{}}"
    yield Finding(path, f"there is no {what} {name!r}; {hint}")


def _once(named: Iterable[tuple[Path, str]]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for path, name in named:
        seen[name] += 1
        if seen[name] == 2:
            yield Finding(path, f"{name!r} is there twice; remove one")


def _count(names: list[str], noun: str) -> str:
    return f"there is 1 {noun}" if len(names) == 1 else f"there are {len(names)} {noun}s"


def _more(names: list[str]) -> str:
    return "" if len(names) == 1 else ", ..."
