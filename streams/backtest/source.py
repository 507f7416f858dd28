"""Where the telemetry of a backtest comes from: one protocol, whatever the format."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from domain.errors import ForeshockError
from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind

COUNTER_SUFFIX = "_total"

Line: TypeAlias = tuple[str, str, str, Sample | None]  # time, service and metric as read; None: it cannot be used
Complain: TypeAlias = Callable[[str], None]
Labels: TypeAlias = tuple[tuple[str, str], ...]


class BacktestError(ForeshockError):
    """The input of a backtest cannot be read at all; the message names the file and the line."""


class Source(Protocol):
    """Telemetry in order of arrival, which can be read more than once and is the same each time.

    ``size`` and ``done`` are in a ``unit`` of the source's own choice; ``done`` starts anew with each reading.
    """

    name: str
    unit: str

    @property
    def remarks(self) -> Sequence[str]:
        """What one should know of how it was read; complete when it has been."""

    @property
    def size(self) -> int:
        """How much there is to read."""

    @property
    def done(self) -> int:
        """How much is read."""

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every line; tell of each unusable one by its place. Raises BacktestError when reading cannot go on."""


class GaugesAndCounters:
    """Hands out the key and the kind of a series: a metric whose name ends in ``_total`` is a counter."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[SeriesKey, SampleKind]] = {}
        self.get = self._known.get

    def add(self, service: str, metric: str, labels: Labels | None = None) -> tuple[SeriesKey, SampleKind]:
        """Return key and kind of a new series, known by the names that were given; raises ValueError without a name."""
        if not service.strip() or not metric.strip():
            raise ValueError("the service or the metric has no name")
        kind = SampleKind.COUNTER if metric.endswith(COUNTER_SUFFIX) else SampleKind.GAUGE
        names = (service, metric) if labels is None else (service, metric, labels)
        self._known[names] = found = SeriesKey.of(service, metric, dict(labels or ())), kind
        return found
