"""Warnings: a configuration that works, but hardly as it was meant."""

from collections.abc import Iterator

from config.checks import Finding
from config.settings import Settings


def advise(settings: Settings) -> tuple[Finding, ...]:
    """Return what is allowed, but worth a second look."""
    return (*_silent_services(settings), *_idle_names(settings), *_delivery(settings))


def _silent_services(settings: Settings) -> Iterator[Finding]:
    """Services whose trouble nobody would hear of."""
    if settings.fallback_squad is not None:
        return
    needs = {id_: service.depends_on for id_, service in settings.services.items()}
    heard = {point.service for j in settings.journeys.values() for stage in j.stages for point in stage.touchpoints}
    front = list(heard)
    while front:
        fresh = set(needs.get(front.pop(), ())) - heard
        heard |= fresh
        front += fresh
    for id_, service in settings.services.items():
        if service.squad is None and id_ not in heard:
            told = "no squad answers for it and no journey meets it, so nobody is told of its trouble"
            yield Finding(("services", id_), f"{told}; set its squad, or fallback_squad")


def _idle_names(settings: Settings) -> Iterator[Finding]:
    used = {journey.squad for journey in settings.journeys.values()} | {settings.fallback_squad}
    used |= {service.squad for service in settings.services.values()}
    for id_ in settings.squads:
        if id_ not in used:
            yield Finding(("squads", id_), "answers for nothing; name it in a service or a journey, or remove it")
    taken = {journey for client in settings.clients.values() for journey in client.journeys}
    for id_ in settings.journeys:
        if settings.clients and id_ not in taken:
            yield Finding(("journeys", id_), "no client uses it; add it to a client's journeys")


def _delivery(settings: Settings) -> Iterator[Finding]:
    kafka = settings.kafka
    if kafka.security == "sasl_plaintext":
        yield Finding(("kafka", "security"), "the password travels unencrypted; write sasl_tls")
