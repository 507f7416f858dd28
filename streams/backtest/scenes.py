"""For each alert worth a look: its series around that time, with what was expected, found, forecast and felt."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.alert import AlertStatus
from domain.anomaly import Evidence
from domain.identity import AlertId, SeriesKey
from domain.telemetry import SampleKind
from streams.backtest.history import SEVERITIES, Cadence, Episode
from streams.backtest.judge import Judged
from streams.backtest.source import Source
from streams.pictures import Band, Cone, Mark, Picture, svg

MOST = 50  # alerts with a picture
BEFORE, AFTER = 60, 20  # usual gaps of the series before the alert, and after its end
LONGEST = 2000  # usual gaps in one picture
GAP = 5.0  # usual gaps without a value are a gap in the line
TICKS = 7
EVERY = 5000  # lines between two reports of progress
OBJECTIVE = "objective"
NOT_USUAL = frozenset({OBJECTIVE, "stuck", "silence", "schema"})  # their evidence says what is allowed, or was
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)

Points = Mapping[AlertId, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Scene:
    """Which part of which series to show for an alert."""

    episode: Episode
    series: SeriesKey
    start: float
    end: float
    gap_s: float
    unit: str = ""


def worst(episodes: Iterable[Episode], most: int = MOST) -> tuple[Episode, ...]:
    """Return the most severe alerts, of equals the surer and then the longer ones, in order of time."""

    def badness(episode: Episode) -> tuple[int, float, float]:
        lasted = math.inf if episode.ended_at is None else episode.ended_at - episode.opened_at
        return SEVERITIES.index(episode.severity), episode.confidence, lasted

    chosen = sorted(episodes, key=badness, reverse=True)[:most]
    return tuple(sorted(chosen, key=lambda episode: episode.opened_at))


def scenes(episodes: Iterable[Episode], cadences: Mapping[SeriesKey, Cadence], last_at: float) -> tuple[Scene, ...]:
    """Return what to show for each alert that has a series."""
    found = []
    for episode in episodes:
        key = episode.series()
        if key is None:
            continue
        cadence = cadences.get(key)
        gap_s = 1.0 if cadence is None else cadence.gap_s
        over = last_at if episode.ended_at is None else episode.ended_at
        ahead = max((forecast.breach_at for forecast in episode.forecasts), default=over)
        lasted = min(max(over, ahead) - episode.opened_at, (LONGEST - BEFORE - AFTER) * gap_s / 2)
        start = episode.opened_at - max(BEFORE * gap_s, lasted / 2)
        unit = "" if cadence is None else cadence.unit
        found.append(Scene(episode, key, start, episode.opened_at + lasted + AFTER * gap_s, gap_s, unit))
    return tuple(found)


def collect(source: Source, wanted: Sequence[Scene], progress: Callable[[int], None] = lambda _: None) -> Points:
    """Read the telemetry once more and keep what the scenes show; of a counter its rate, as the detectors see it."""
    by_series: dict[SeriesKey, list[Scene]] = defaultdict(list)
    for scene in wanted:
        by_series[scene.series].append(scene)
    points: dict[AlertId, list[tuple[float, float]]] = defaultdict(list)
    counted: dict[SeriesKey, tuple[float, float]] = {}
    for number, (*_, sample) in enumerate(source.lines(lambda _: None) if by_series else ()):
        if number % EVERY == 0:
            progress(source.done)
        if sample is None or sample.key not in by_series or not math.isfinite(sample.value):
            continue
        at, value = sample.observed_at, sample.value
        if sample.kind is SampleKind.COUNTER:
            before = counted.get(sample.key)
            counted[sample.key] = at, value
            if before is None or at <= before[0] or value < before[1]:
                continue
            value = (value - before[1]) / (at - before[0])
        for scene in by_series[sample.key]:
            if scene.start <= at <= scene.end:
                points[scene.episode.alert].append((at, value))
    return {alert: sorted(found) for alert, found in points.items()}


def draw(scene: Scene, points: Sequence[tuple[float, float]], judged: Collection[Judged]) -> str:
    """Return the picture of a scene; every text in it is escaped."""
    episode, start, end = scene.episode, scene.start, scene.end
    over = end if episode.ended_at is None else episode.ended_at
    own = [each.incident for each in judged if episode in each.episodes]
    hurt = [(i.felt_at, end if i.ended_at is None else i.ended_at) for i in own if i.felt_at is not None]
    return svg(
        Picture(
            title=str(scene.series),
            points=points,
            start=start,
            end=end,
            ticks=ticks(start, end),
            gap_s=GAP * scene.gap_s,
            bands=_bands(scene),
            limits=_limits(scene),
            marks=_marks(scene, [felt for felt, _ in hurt]),
            felt=[(felt, ended) for felt, ended in hurt if felt < end and ended > start],
            alert=(episode.opened_at, over),
            findings=_findings(scene),
            cones=_cones(scene, points),
        )
    )


def ticks(start: float, end: float) -> list[tuple[float, str]]:
    """Return a few round times (UTC) between two times, with a date at the first and where the day changes."""
    weeks = math.ceil((end - start) / STEPS_S[-1] / TICKS)  # a clock that was wrong can make a run of centuries
    step = next((step for step in STEPS_S if (end - start) / step <= TICKS), weeks * STEPS_S[-1])
    found = []
    day = None
    for number in range(math.ceil(start / step), math.floor(end / step) + 1):
        at = float(number * step)
        when = calendar(at)
        fresh, day = when.date() != day, when.date()
        date, clock = f"{when.day} {when:%b}", f"{when:%H:%M:%S}" if step < 60 else f"{when:%H:%M}"
        if step >= 86400 or (fresh and clock == "00:00"):
            found.append((at, date))
        else:
            found.append((at, f"{date} {clock}" if fresh else clock))
    return found


def calendar(at: float) -> datetime:
    """Return a time as a date; one that no calendar has becomes the nearest that it has."""
    return datetime.fromtimestamp(min(max(at, 0.0), 253_402_300_799.0), UTC)


def stamp(at: float) -> str:
    """Return a time for a person, UTC."""
    return f"{calendar(at):%Y-%m-%d %H:%M:%S}"


def _bands(scene: Scene) -> list[Band]:
    """Return what was expected, as each change of the alert told it: from its finding until it was told anew."""
    over = scene.end if scene.episode.ended_at is None else min(scene.end, scene.episode.ended_at)
    told = []
    for step in scene.episode.transitions:
        for evidence in step.anomaly.evidence:
            if evidence.key == scene.series and evidence.detector not in NOT_USUAL and _drawable(evidence):
                told.append((max(scene.start, evidence.since - GAP * scene.gap_s), evidence))
                break
    if not told:
        return []
    ends = [*(start for start, _ in told[1:]), over]
    return [
        Band(start, end, evidence.low, evidence.high)
        for (start, evidence), end in zip(told, ends, strict=True)
        if start < end
    ]


def _drawable(evidence: Evidence) -> bool:
    return math.isfinite(evidence.low) and math.isfinite(evidence.high) and evidence.low <= evidence.high


def _limits(scene: Scene) -> tuple[float, ...]:
    """Return the limits that were forecast to be passed, or were: an objective's evidence has its limit for an edge."""
    limits = [forecast.limit for forecast in scene.episode.forecasts if forecast.key == scene.series]
    limits += (
        evidence.high if evidence.actual > evidence.high else evidence.low
        for evidence in scene.episode.evidence
        if evidence.detector == OBJECTIVE and evidence.key == scene.series and evidence.actual is not None
    )
    return tuple(dict.fromkeys(limit for limit in limits if math.isfinite(limit)))


def _findings(scene: Scene) -> list[tuple[float, float]]:
    return list(
        dict.fromkeys(
            (evidence.at, evidence.actual)
            for evidence in scene.episode.evidence
            if evidence.key == scene.series and evidence.actual is not None and scene.start <= evidence.at <= scene.end
        )
    )


def _cones(scene: Scene, points: Sequence[tuple[float, float]]) -> list[Cone]:
    """Return the first and the last forecast of the series: all of them would hide it."""
    told = [forecast for forecast in scene.episode.forecasts if forecast.key == scene.series]
    found = []
    for forecast in dict.fromkeys((*told[:1], *told[-1:])):
        value = next((value for at, value in reversed(points) if at <= forecast.issued_at), None)
        if value is not None and forecast.issued_at < scene.end:
            edges = forecast.breach_at, forecast.earliest_at, forecast.latest_at
            found.append(Cone(forecast.issued_at, value, forecast.limit, *edges))
    return found


def _marks(scene: Scene, felt: Iterable[float]) -> list[Mark]:
    episode = scene.episode
    marks = [Mark(episode.opened_at, "alert opens", "squad")]
    if episode.ended_at is not None and episode.ended_at <= scene.end:
        status = episode.transitions[-1].status
        marks.append(Mark(episode.ended_at, "withdrawn" if status is AlertStatus.RETRACTED else "resolved", "end"))
    marks += [Mark(at, "incident", "impact") for at in felt if scene.start <= at <= scene.end]
    return marks
