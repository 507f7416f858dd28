"""The catalogue of metrics and the only user of prometheus_client. `docs/metrics.md` is generated from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

Name = Literal[
    "messages",
    "samples",
    "samples_refused",
    "series_given_way",
    "dead_letters",
    "process_seconds",
    "series",
    "anomalies",
    "alerts",
    "alerts_open",
    "notices",
    "receipts",
    "repeats",
    "delivery_seconds",
    "notices_pending",
    "endings_owed",
    "services_silenced",
    "lead_seconds",
    "feedback",
    "snapshot_age_seconds",
    "snapshot_bytes",
    "snapshot_seconds",
    "snapshot_gap_messages",
    "skipped",
    "consumer_lag",
    "progress_age_seconds",
    "commit_age_seconds",
    "sources_held",
    "internal_errors",
    "build_info",
    "presses",
    "answers",
    "slack_connected",
    "record_lag",
    "record_entries",
    "record_uncovered",
    "record_heads_at_seconds",
    "record_verified_at_seconds",
    "record_findings",
]

PREFIX: Final = "foreshock_"
_MICRO = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0)
_WAIT = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Spec:
    """One metric family; the unit is in the name, and ``help`` says what a reader should think of it."""

    name: Name
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> str:
        """The name of the family as Prometheus sees it."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


CATALOGUE: Final[tuple[Spec, ...]] = (
    Spec("messages", "counter", "Messages handled, by stage and topic.", ("stage", "topic")),
    Spec("samples", "counter", "Samples judged."),
    Spec("samples_refused", "counter", "Samples that detection has no use for, by reason.", ("reason",)),
    Spec("series_given_way", "counter", "Series forgotten, gone for long, to make room for new ones."),
    Spec("dead_letters", "counter", "Messages or samples refused, by topic and reason.", ("topic", "reason")),
    Spec("process_seconds", "histogram", "Time to process one message, by stage.", ("stage",), _MICRO),
    Spec("series", "gauge", "Series known, by state: warming, live, frozen, stale.", ("state",)),
    Spec("anomalies", "counter", "Anomalies said, by kind and phase.", ("kind", "phase")),
    Spec("alerts", "counter", "Transitions of alerts, by status.", ("status",)),
    Spec("alerts_open", "gauge", "Alerts open now."),
    Spec("notices", "counter", "Notices decided, by channel, phase and decision.", ("channel", "phase", "decision")),
    Spec("receipts", "counter", "Answers of channels; failure is empty when delivered.",
         ("channel", "outcome", "failure")),
    Spec("repeats", "counter", "Notices seen again: the same (repeat) or with other content (conflict).", ("what",)),
    Spec("delivery_seconds", "histogram", "From first attempt possible to delivered.", ("channel",), _WAIT),
    Spec("notices_pending", "gauge", "Notices decided and not yet delivered or rejected."),
    Spec("endings_owed", "gauge", "Recipients warned and not yet told the end."),
    Spec("services_silenced", "gauge", "Services that people have silenced, or that are under maintenance, now."),
    Spec("lead_seconds", "histogram", "Declared incident minus the alert that preceded it.", (), _WAIT),
    Spec("feedback", "counter", "Answers taken in, each once, by kind; useful and not-useful are opinions of alerts.",
         ("kind",)),
    Spec("snapshot_age_seconds", "gauge", "Time since the last durable snapshot, oldest partition.", ("stage",)),
    Spec("snapshot_bytes", "gauge", "Size of the last snapshot, summed over partitions.", ("stage",)),
    Spec("snapshot_seconds", "histogram", "Time to take and store a snapshot.", ("stage",), _WAIT[:6]),
    Spec("snapshot_gap_messages", "counter", "Messages between a restored snapshot and the first one read: not learnt.",
         ("stage",)),
    Spec("skipped", "counter", "Messages read again that the snapshot had already covered.", ("stage",)),
    Spec("consumer_lag", "gauge", "Messages not yet read.", ("topic", "partition")),
    Spec("progress_age_seconds", "gauge", "Time since a message was handled while some wait; 0 when none wait."),
    Spec("commit_age_seconds", "gauge", "Time since the consumer last completed a commit cycle."),
    Spec("sources_held", "gauge", "1 while a source is slowed down because too much of it is refused.", ("topic",)),
    Spec("internal_errors", "counter", "Errors that are ours: each has a dead letter and a log line.", ("stage",)),
    Spec("build_info", "gauge", "Always 1; the release is in the label.", ("version",)),
)  # fmt: skip


# What `foreshock record` shows; it is a process of its own and has none of the families above.
RECORD_CATALOGUE: Final[tuple[Spec, ...]] = (
    Spec("record_lag", "gauge", "Messages of the recorded topics that the record has not read yet.", ("topic",)),
    Spec("record_entries", "gauge", "Entries in the record."),
    Spec("record_uncovered", "gauge", "Entries that are newer than the last heads on Kafka."),
    Spec("record_heads_at_seconds", "gauge", "When heads were last written to Kafka, epoch seconds; 0: not yet."),
    Spec("record_verified_at_seconds", "gauge", "When the whole record was last verified, epoch seconds; 0: not yet."),
    Spec("record_findings", "gauge", "Findings of the last verification: more than 0 is not what was written."),
)


# What `foreshock answers` shows.
ANSWERS_CATALOGUE: Final[tuple[Spec, ...]] = (
    Spec("presses", "counter", "Presses of buttons in Slack, by way (http, socket) and what became of them: taken, "
         "opened, or in one word why not.", ("way", "what")),
    Spec("answers", "counter", "Answers on the pages behind links in letters, by page (rating, unsubscribe) and what "
         "became of them: taken, failed (it could not be written; the reader was asked to try again), unclear, "
         "too_many (of one contact in a short time), or the link was unknown or expired.", ("page", "what")),
    Spec("slack_connected", "gauge", "1 while presses reach this process by Socket Mode, 0 while they do not; absent "
         "where Socket Mode is not set up.", ("way",)),
)  # fmt: skip


class Metrics:
    """One process's metrics on a registry of their own: nothing global, nothing to reset between tests."""

    def __init__(self, catalogue: Sequence[Spec] = CATALOGUE) -> None:
        """Register every family of the catalogue."""
        disable_created_metrics()  # one more series beside every counter and histogram, which nobody reads
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for spec in catalogue:
            name = PREFIX + spec.name
            match spec.kind:
                case "counter":
                    self._counters[spec.name] = Counter(name, spec.help, spec.labels, registry=self.registry)
                case "gauge":
                    self._gauges[spec.name] = Gauge(name, spec.help, spec.labels, registry=self.registry)
                case "histogram":
                    self._histograms[spec.name] = Histogram(
                        name, spec.help, spec.labels, registry=self.registry, buckets=spec.buckets
                    )

    def count(self, name: Name, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, name: Name, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: Name, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def replace(self, name: Name, label: str, values: Mapping[str, float]) -> None:
        """Set a gauge for exactly these label values; others disappear."""
        gauge = self._gauges[name]
        gauge.clear()
        for value, number in values.items():
            gauge.labels(**{label: value}).set(number)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


def page() -> str:
    """The metrics page of the documentation, in Markdown."""
    head = ["# Metrics", "", "Generated from `streams/metrics.py` by `make docs`."]
    worker = ["", "## Of a worker", "", *_table(CATALOGUE)]
    record = ["", "## Of the recorder", "", "Shown by `foreshock record --port`.", "", *_table(RECORD_CATALOGUE)]
    answers = ["", "## Of the process that takes answers in", "", "Shown by `foreshock answers --metrics-port`.", ""]
    return "\n".join([*head, *worker, *record, *answers, *_table(ANSWERS_CATALOGUE), ""])


def _table(catalogue: Sequence[Spec]) -> list[str]:
    rows = [
        f"| `{spec.exposed}` | {spec.kind} | {', '.join(f'`{label}`' for label in spec.labels) or '-'} | {spec.help} |"
        for spec in catalogue
    ]
    return ["| name | kind | labels | meaning |", "|---|---|---|---|", *rows]
