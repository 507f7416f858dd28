"""What one should know before one believes the figures: how the input was read, and which names do not meet. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from alerts.policy.wording import span
from domain.identity import ServiceId
from domain.journeys import Landscape
from streams.backtest.declared import Incident
from streams.backtest.run import Summary
from streams.backtest.scenes import stamp

BEHIND_S: Final = 900.0  # late data is rarely this late; a table sorted by series is
EARLY_AT, LATE_AT = 631_152_000.0, 4_102_444_800.0  # 1990 and 2100
FEW: Final = 10  # samples of a series: fewer than it takes to learn what is normal
NAMED: Final = 5


def within(incidents: Iterable[Incident], summary: Summary) -> tuple[Incident, ...]:
    """Return the incidents of the time of the telemetry: only of these can it be said whether they were warned of."""
    return tuple(each for each in incidents if summary.first_at <= each.at <= summary.last_at)


def notes(
    summary: Summary, incidents: Sequence[Incident], landscape: Landscape, remarks: Iterable[str]
) -> tuple[str, ...]:
    """Return a sentence for everything that may make the figures mean something else than it seems."""
    return (
        *remarks,
        *_reading(summary),
        *_order(summary),
        *_times(summary, incidents),
        *_configured(landscape),
        *_names(summary, incidents, landscape),
    )


def _reading(summary: Summary) -> Iterator[str]:
    if summary.first_at < EARLY_AT or summary.last_at > LATE_AT:
        yield (
            f"The telemetry was read as from {stamp(summary.first_at)} to {stamp(summary.last_at)} UTC. If that is not "
            "so, the time stands in another column, or is not counted from 1970."
        )
    if summary.rows < FEW * summary.series:
        yield (
            f"Too few samples to learn from: {summary.rows / summary.series:.1f} for each of {summary.series:,} series."
            " If a column of text is different in each row, leave it out."
        )


def _order(summary: Summary) -> Iterator[str]:
    if summary.behind_s > BEHIND_S:
        yield (
            f"The input is not in order of time: samples come {span(summary.behind_s)} and more after later ones. They "
            "were judged as they came, as late data. If the file is sorted by series, sort it by time and run again."
        )


def _times(summary: Summary, incidents: Sequence[Incident]) -> Iterator[str]:
    outside = len(incidents) - len(within(incidents, summary))
    if outside:
        first = min(each.at for each in incidents)
        yield (
            f"{outside} of {len(incidents)} incidents are not within the time of the telemetry and were not judged; "
            f"the first incident is at {stamp(first)} UTC, the telemetry is from {stamp(summary.first_at)} to "
            f"{stamp(summary.last_at)}."
        )


def _configured(landscape: Landscape) -> Iterator[str]:
    if not landscape.services:
        yield (
            "Without services in a configuration (--config; `foreshock init` sketches one) no breach is forecast, and "
            "nobody is told."
        )
    elif not any(service.objectives for service in landscape.services):
        yield "No service of the configuration has an objective, so no breach is forecast."


def _names(summary: Summary, incidents: Sequence[Incident], landscape: Landscape) -> Iterator[str]:
    seen = set(summary.services)
    missing = {name for each in within(incidents, summary) for name in each.services} - seen
    if missing:
        yield f"Incidents name services that sent no telemetry, and few of these can be warned of: {_listed(missing)}."
    known = {service.id for service in landscape.services}
    if known - seen:
        yield f"The configuration has services that sent no telemetry: {_listed(known - seen)}."
    if known and seen - known and landscape.fallback_squad is None:
        yield f"Nobody would be told of services that the configuration does not have: {_listed(seen - known)}."


def _listed(names: Iterable[ServiceId]) -> str:
    every = sorted(names)
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more} more" if more > 0 else "")
