"""Series of one service whose unit may have changed at the same moment: what one of them shows speaks for the others.

A change of exporter hits several series at once, all by the same factor exactly, and leaves the rest alone. An incident
hits several at once, too, but each by a factor of its own, and others by something that is no factor at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from detectors.changes.redeclared_told import likewise
from detectors.series.bank import Series
from detectors.units.unit_doubt import EXACT, TEN, Doubt, likeliest
from detectors.units.unit_jump import APART as NEARLY
from detectors.units.unit_jump import CLAIM, KEPT, PATIENCE, RECOGNISED, Jump, UnitWatch
from domain.anomaly import Evidence

MOST = 8  # other series that may make it surer: any further ones only speak against it
HURTS = 1.0  # nines more that it takes beyond a limit, and where there was trouble, the end of which may look like it
ELSEWHERE = 3.0  # nines that a series says for an incident that has moved then as well, but by no factor
APART = 0.25  # of the width of the values of before: so far apart are those after it, if not by next to nothing
NEARER = 0.25  # of the logarithm of a factor: so near to where it stood before it went there is back
NEAR = 2.0  # samples that may lie between the first values of two series in another unit


def rescaled(series: Series, doubt: Doubt, every: Sequence[Series]) -> list[tuple[Series, Jump]]:
    """Return what is recognised of a series that is in doubt, and of those of its service that changed with it."""
    if series.watch is None:
        return []
    if series.watch.back >= CLAIM:
        return _returned(series, every)
    at_once = _at_once(series, doubt, every)
    others = list(islice(at_once, MOST))
    hurts = series.watch.troubled or _beyond([series, *(each for each, _ in others)])
    claim = CLAIM + (HURTS if hurts else 0.0)
    factor, sure = likeliest(doubt, [other for _, other in others])
    sure = _less_elsewhere(sure, claim, doubt, (each for each in every if each.watch is None))
    if sure >= claim:
        further = list(at_once)
        sure += sum(min(0.0, other.beside(factor)) for _, other in further) / TEN
        others += further
        asked = {series.key, *(each.key for each, _ in others)}
        left = (each for each in every if each.watch is not None and each.key not in asked)
        sure = _less_elsewhere(sure, claim, doubt, left)
    if sure < claim:
        series.watch.unsettled()
        return []
    alike = [series, *(each for each, other in others if other.beside(factor) > 0)]
    found = [(each, _settled(each, each.watch, factor, sure)) for each in alike if each.watch is not None]
    return [(each, jump) for each, jump in found if jump is not None]


def _settled(series: Series, watch: UnitWatch, factor: float, sure: float) -> Jump | None:
    """Return the change; what goes back to where it stood before is not converted, whatever it was that ends there.

    After a way that began there it is no change at all: who was on it stood nowhere else meanwhile.
    """
    if watch.factor == 1.0:
        newer, older = series.stood
        if _back_at(newer, watch.middle, factor):
            return None
        if _back_at(older, watch.middle, factor):
            return watch.returned(factor, sure)
    return watch.settle(factor, sure)


def _back_at(level: float, now: float, factor: float) -> bool:
    """Whether values are near to a level, beside so large a factor."""
    near: float = max(NEARLY, max(factor, 1.0 / factor) ** NEARER)
    return level / near < now < level * near


def _returned(series: Series, every: Iterable[Series]) -> list[tuple[Series, Jump]]:
    """Return what is back in its first unit: the series, and as far as can be seen any others."""
    also = (each for each in every if each is not series and each.watch is not None and each.watch.back >= 0)
    watched = [(each, each.watch) for each in (series, *also) if each.watch is not None]
    found = [(each, watch.settle(1.0 / watch.factor, max(0.0, watch.back))) for each, watch in watched]
    return [(each, jump) for each, jump in found if jump is not None]


def told(found: Sequence[tuple[Series, Jump]], at: float) -> Evidence:
    """Return what a person needs to believe it: of the first series, with the names of the others."""
    (series, jump), *others = found
    note = likewise([each.key.metric for each, _ in others])
    held = [each for each, own in found if each.objectives and not own.back]
    if held:
        note += f"; {'its objective holds' if held == [series] else 'their objectives hold'} for the unit of before"
    return jump.evidence(series.key, at, note)


def _at_once(series: Series, doubt: Doubt, every: Iterable[Series]) -> Iterator[tuple[Series, Doubt]]:
    """Yield the other series that are in doubt since the same moment."""
    for each in every:
        if each.watch is None or each is series:
            continue
        other = each.watch.doubt(RECOGNISED - 1)  # they speak in turns
        if other is not None and _near(doubt, other):
            yield each, other


def _less_elsewhere(sure: float, claim: float, doubt: Doubt, others: Iterable[Series]) -> float:
    """Return what is left of the nines, once it is clear whether they are enough, beside what others say."""
    for each in others:
        if sure < claim:  # in a service of 1,000 series it would cost too much to ask all of them each time
            break
        sure -= ELSEWHERE * _moved(each, doubt.since)
    return sure


def _moved(series: Series, since: float) -> bool:
    """Whether something happened to a series at that moment: it has been far from where it was, on one side."""
    before = [value for at, value in series.points if at < since]
    after = [value for at, value in series.points if at >= since]
    if len(before) < KEPT - PATIENCE or not after:
        return False
    width = max(APART * (max(before) - min(before)), EXACT * max(map(abs, before)))
    return min(after) > max(before) + width or max(after) < min(before) - width


def _beyond(every: Iterable[Series]) -> bool:
    """Whether one of them is beyond what people agreed to call bad."""
    return any(breach.beyond for each in every for breach, _ in each.objectives)


def _near(one: Doubt, other: Doubt) -> bool:
    return abs(one.since - other.since) <= NEAR * max(one.gap_s, other.gap_s)
