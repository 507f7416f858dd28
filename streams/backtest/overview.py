"""One picture of the whole run: a lane for each service, its alerts as bars, declared incidents as shades."""

from collections.abc import Collection, Iterator, Sequence
from html import escape

from domain.identity import AlertId, ServiceId
from streams.backtest.declared import Incident
from streams.backtest.history import Episode
from streams.backtest.scenes import ticks

WIDTH, LEFT, RIGHT, TOP, LANE, FOOT = 860.0, 130.0, 12.0, 8.0, 24.0, 24.0
LANES = 40  # the services with the most alerts
LABEL = 18  # characters
HURT, UNFELT = "hurt", "unfelt"  # incidents, as classes of the style sheet
LEAST = 2.5  # width of a bar


def overview(
    episodes: Sequence[Episode],
    incidents: Sequence[Incident],
    true: Collection[AlertId],
    span: tuple[float, float],
) -> str:
    """Return the picture as inline SVG; every text in it is escaped. Nothing without an alert or an incident."""
    lanes = _lanes(episodes, incidents)
    start, end = span
    if not lanes or end <= start:
        return ""
    chart = _Chart(lanes, start, end)
    parts = [chart.head(), *chart.names()]
    for incident in incidents:
        until = incident.at if incident.ended_at is None else incident.ended_at
        kind = UNFELT if incident.felt_at is None else HURT
        parts += [chart.bar(kind, s, incident.at, until, incident.title) for s in incident.services or lanes]
    for episode in episodes:
        until = end if episode.ended_at is None else episode.ended_at
        kind = "right" if episode.alert in true else "wrong" if incidents else "open"
        parts.append(chart.bar(kind, episode.service, episode.opened_at, until, episode.transitions[0].reason))
    return "".join([*parts, *chart.times(), "</svg>"])


class _Chart:
    """Maps times and services to places."""

    def __init__(self, lanes: Sequence[ServiceId], start: float, end: float) -> None:
        self._lanes = {service: number for number, service in enumerate(lanes)}
        self._start, self._end = start, end
        self._height = TOP + LANE * len(lanes) + FOOT

    def head(self) -> str:
        size = f"0 0 {WIDTH:g} {self._height:g}"
        return f'<svg viewBox="{size}" role="img" aria-label="alerts and incidents over time">'

    def names(self) -> Iterator[str]:
        for service, lane in self._lanes.items():
            middle = TOP + LANE * lane + LANE / 2
            name = service if len(service) <= LABEL else service[: LABEL - 1] + "…"
            yield (
                f'<line class="axis" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{middle:g}" y2="{middle:g}"/>'
                f'<text class="lane" x="{LEFT - 8:g}" y="{middle + 4:g}" text-anchor="end">{escape(name)}</text>'
            )

    def bar(self, kind: str, service: ServiceId, since: float, until: float, text: str) -> str:
        """Return a bar in the lane of a service; nothing when it has none."""
        lane = self._lanes.get(service)
        if lane is None:
            return ""
        width = max(self._x(until) - self._x(since), LEAST)
        inset = 1.0 if kind in {HURT, UNFELT} else 7.0
        top, height = TOP + LANE * lane + inset, LANE - 2 * inset
        place = f'x="{self._x(since):.1f}" y="{top:g}" width="{width:.1f}" height="{height:g}"'
        return f'<rect class="{kind}" {place}><title>{escape(text)}</title></rect>'

    def times(self) -> Iterator[str]:
        for at, text in ticks(self._start, self._end):
            place = f'x="{self._x(at):.1f}" y="{self._height - 8:g}" text-anchor="middle"'
            yield f'<text class="tick" {place}>{escape(text)}</text>'

    def _x(self, at: float) -> float:
        share = (min(max(at, self._start), self._end) - self._start) / (self._end - self._start)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def _lanes(episodes: Sequence[Episode], incidents: Sequence[Incident]) -> list[ServiceId]:
    counts: dict[ServiceId, int] = {}
    for service in (*(s for i in incidents for s in i.services), *(e.service for e in episodes)):
        counts[service] = counts.get(service, 0) + 1
    loudest = sorted(counts, key=lambda service: (-counts[service], service))[:LANES]
    return sorted(loudest)
