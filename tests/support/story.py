"""The whole product on a real broker: workers as processes, a recording played in, everything read back."""

import asyncio
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from domain.alert import Transition
from domain.notice import Delivered, Notice, Notify, Phase, Receipt
from streams.bootstrap import EXIT_STALLED
from streams.demo.mail_server import MailServer
from streams.demo.recording import Recording
from streams.demo.replaying import outgoing, replay
from streams.demo.slack_server import SlackServer
from streams.records import decode, decode_dead_letter
from streams.system import SystemClock
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import Child, free_port, page, serves, wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
DEMO: Final = ROOT / "streams" / "demo"
FORESHOCK: Final[tuple[str | Path, ...]] = (sys.executable, "-c", "from streams.cli import main; main()")
ENDINGS: Final = {Phase.ALL_CLEAR, Phase.RETRACTION}
DRAIN_S: Final = 300.0  # on a slow machine a worker may be as far behind as a recording is long


@dataclass(frozen=True)
class Outcome:
    """All that a run left behind, on Kafka, in Slack and in the mailbox."""

    transitions: list[Transition]
    notices: list[Notice]
    raw_notices: list[bytes]
    receipts: list[Receipt]
    dead_letters: list[tuple[str, str]]  # (source topic, reason)
    in_slack: Counter[str]  # notice id -> messages that carry it
    in_mail: Counter[str]

    @property
    def to_send(self) -> dict[str, Notice]:
        """Return the notices that were decided to be sent, once each."""
        return {notice.id: notice for notice in self.notices if isinstance(notice.decision, Notify)}

    @property
    def undelivered(self) -> list[str]:
        """Return notices that were to be sent and have no receipt of delivery, or are not where they should be."""
        delivered = {receipt.notice for receipt in self.receipts if isinstance(receipt.outcome, Delivered)}
        arrived = self.in_slack + self.in_mail
        return [each for each in self.to_send if each not in delivered or not arrived[each]]

    @property
    def not_told_the_end(self) -> list[str]:
        """Return the threads that were warned and have no ending, but for alerts that are still open."""
        phases = defaultdict[str, set[Phase]](set)
        for notice in self.to_send.values():
            phases[notice.thread].add(notice.phase)
        open_alerts = {t.alert for t in self.transitions} - {
            t.alert for t in self.transitions if t.status in {"resolved", "retracted"}
        }
        still_open = {notice.thread for notice in self.to_send.values() if notice.alert in open_alerts}
        return [thread for thread, said in phases.items() if not said & ENDINGS and thread not in still_open]

    @property
    def two_faced(self) -> list[str]:
        """Return the ids that stand for two different messages."""
        contents = defaultdict[str, set[bytes]](set)
        for notice, raw in zip(self.notices, self.raw_notices, strict=True):
            contents[notice.id].add(raw)
        return [identity for identity, found in contents.items() if len(found) > 1]

    @property
    def repeats(self) -> dict[str, int]:
        """Return how many messages arrived more than once, by channel."""
        return {
            "slack": sum(count - 1 for count in self.in_slack.values()),
            "mail": sum(count - 1 for count in self.in_mail.values()),
        }

    def decisions(self, until: float) -> set[tuple[str, str, int]]:
        """Return what was decided up to a time, to compare runs: service, status, and when to the second."""
        return {(t.service, t.status.value, round(t.at)) for t in self.transitions if t.at <= until}


class Story:
    """One installation of its own: topics, group, stand-ins, and the workers that a test starts."""

    def __init__(
        self,
        broker: KafkaBroker,
        names: Names,
        folder: Path,
        overrides: dict[str, Any] | None = None,
        *,
        slack: SlackServer | None = None,
        mail: MailServer | None = None,
        static: bool = False,
    ) -> None:
        """Nothing runs yet; use as an asynchronous context. ``static`` workers get their partitions back at once."""
        self.broker = broker
        self.slack = slack or SlackServer()
        self.mail = mail or MailServer()
        self._static = static
        self._names = names
        self._folder = folder
        self._overrides = overrides or {}
        self._workers: list[Child] = []
        self._ports: list[int] = []

    async def __aenter__(self) -> Self:
        """Start the stand-ins and create the topics."""
        await self.slack.__aenter__()
        await self.mail.__aenter__()
        await asyncio.to_thread(self._create_sources)
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Stop whatever runs."""
        for worker in self._workers:
            if worker.running:
                await asyncio.to_thread(worker.kill)
        await self.slack.__aexit__(None, None, None)
        await self.mail.__aexit__(None, None, None)

    @property
    def running(self) -> bool:
        """Whether every worker is alive."""
        return all(worker.running for worker in self._workers)

    @property
    def telemetry(self) -> str:
        """The name of the telemetry topic."""
        return self._names.topic("telemetry")

    @property
    def incidents(self) -> str:
        """The name of the topic of incident events."""
        return self._names.topic("incidents")

    def own(self, topic: str) -> str:
        """Return the full name of one of Foreshock's topics."""
        return f"{self._names.prefix}.foreshock.{topic}"

    async def start_worker(self) -> Child:
        """Start one more worker and wait until it is ready."""
        number, port = len(self._workers), free_port()
        config = self.config(number, port)
        command = [*FORESHOCK, "worker", "--config", config]
        secret = {"SLACK_TOKEN": self.slack.token}
        worker = Child(f"worker-{number}", command, self._folder / f"worker-{number}.log", env=secret, cwd=ROOT)
        self._workers.append(worker)
        self._ports.append(port)
        worker.start()
        await self.ready(worker)
        return worker

    def config(self, number: int, port: int) -> Path:
        """Write the configuration of a worker, and return its file."""
        settings = self._settings(port)
        if self._static:
            settings["kafka"]["instance"] = f"worker-{number}"
        file = self._folder / f"worker-{number}.yaml"
        file.write_text(yaml.safe_dump(settings))
        return file

    async def ready(self, worker: Child) -> None:
        """Wait until a worker says that it is ready."""
        port = self._ports[self._workers.index(worker)]
        await asyncio.to_thread(worker.wait_ready, lambda: serves(f"http://127.0.0.1:{port}/readyz"), what="/readyz")

    async def play(self, recording: Recording, speed: float | None) -> int:
        """Produce a recording with event times kept; returns the number of messages."""
        messages = list(outgoing(recording, self.telemetry, self.incidents))
        producer = await asyncio.to_thread(
            lambda: KafkaProducer(bootstrap_servers=self.broker.bootstrap, acks="all", linger_ms=5)
        )
        try:
            await replay(messages, producer, SystemClock(), speed)
        finally:
            await asyncio.to_thread(producer.close)
        return len(messages)

    async def drained(self, timeout_s: float = DRAIN_S) -> None:
        """Wait until the workers have nothing left to do; raises TimeoutError."""
        calm = 0

        def quiet() -> bool:
            nonlocal calm
            calm = calm + 1 if self._idle() else 0
            return calm >= 4

        await asyncio.to_thread(wait_until, quiet, what="the workers to be done", timeout_s=timeout_s, poll_s=0.5)

    async def outcome(self) -> Outcome:
        """Read back everything."""
        return await asyncio.to_thread(self._outcome)

    def logs(self) -> str:
        """Return the ends of all workers' logs."""
        return "\n".join(f"--- {worker.name}\n{worker.log_tail()}" for worker in self._workers)

    def metric(self, name: str) -> float:
        """Return a metric summed over its labels and the running workers."""
        total = 0.0
        for worker, port in zip(self._workers, self._ports, strict=True):
            if worker.running:
                shown = page(f"http://127.0.0.1:{port}/metrics").splitlines()
                lines = [line for line in shown if line.startswith((name + " ", name + "{"))]
                total += sum(float(line.rpartition(" ")[2]) for line in lines)
        return total

    def _settings(self, port: int) -> dict[str, Any]:
        settings: dict[str, Any] = yaml.safe_load((DEMO / "payments.yaml").read_text())
        settings["kafka"] = {
            "brokers": [self.broker.bootstrap],
            "group": self._names.group("workers"),
            "topic_prefix": f"{self._names.prefix}.foreshock.",
        }
        settings["sources"] = [
            {"topic": self.telemetry, "format": "native", "max_rejected_per_minute": 1_000_000},
            {"topic": self.incidents, "kind": "incidents", "format": "native"},
        ]
        settings["state"] = {"snapshot_every": "2s"}
        settings["server"] = {"port": port}
        # A recording that is over is a source that is silent, of which workers tell from half a minute on. Whether they
        # still are at work then follows from the machine, and so would what they decide.
        settings["detectors"] = {"silence": {"missing": 1000.0}}
        settings["channels"]["slack"] |= {"base_url": self.slack.url}
        settings["channels"]["email"] |= {"host": self.mail.host, "port": self.mail.port}
        return settings | self._overrides

    def _create_sources(self) -> None:
        admin = self.broker.admin()
        try:
            shape = {"num_partitions": 4, "replication_factor": 1}
            admin.create_topics({self.telemetry: shape, self.incidents: shape}, wait_for_metadata=True)
        finally:
            admin.close()

    def _idle(self) -> bool:
        for worker in self._workers:  # as its supervisor does, where a broker was away for longer than a watchdog waits
            if not worker.running and worker.exit_status == EXIT_STALLED:
                worker.start()
        try:
            return self._behind() == 0 and self._pending() == 0
        except OSError:  # one of them does not serve its metrics yet
            return False

    def _behind(self) -> int:
        topics = [self.telemetry, self.incidents, *map(self.own, ("incidents", "feedback", "anomalies", "notices"))]
        committed = self.broker.committed(self._names.group("workers"))
        consumer = KafkaConsumer(bootstrap_servers=self.broker.bootstrap)
        try:
            places = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
            ends = consumer.end_offsets(places)
        finally:
            consumer.close()
        return sum(max(0, end - committed.get((p.topic, p.partition), 0)) for p, end in ends.items())

    def _pending(self) -> float:
        return self.metric("foreshock_notices_pending")

    def _outcome(self) -> Outcome:
        notices = [value for _, value in self.broker.read(self.own("notices"))]
        letters = [decode_dead_letter(value) for _, value in self.broker.read(self.own("dead-letters"))]
        return Outcome(
            transitions=[decode(Transition, value) for _, value in self.broker.read(self.own("alerts"))],
            notices=[decode(Notice, value) for value in notices],
            raw_notices=notices,
            receipts=[decode(Receipt, value) for _, value in self.broker.read(self.own("receipts"))],
            dead_letters=[(letter.source.topic, letter.reason) for letter in letters],
            in_slack=Counter(self.slack.notice_ids),
            in_mail=Counter(self.mail.notice_ids),
        )


def compare(undisturbed: Outcome, disturbed: Outcome, until: float) -> str:
    """Return, in words, how far the decisions of two runs differ up to a time.

    ``until`` is the end of the recording: after it all sources are silent, which the clock finds, sooner or later.
    """
    first, second = undisturbed.decisions(until), disturbed.decisions(until)
    lines = [
        f"{len(first & second)} decisions in both, {len(first - second)} only undisturbed, {len(second - first)} new"
    ]
    lines += [f"  only undisturbed: {row}" for row in sorted(first - second)]
    lines += [f"  only disturbed:   {row}" for row in sorted(second - first)]
    return "\n".join(lines)
