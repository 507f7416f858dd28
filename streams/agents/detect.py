"""Telemetry in, anomalies out: decode, then the detection of one partition."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from detectors.detection import Detection
from domain.anomaly import Anomaly, AnomalyPhase, Watermark
from domain.errors import DecodeError
from domain.feedback import Feedback
from domain.state import Plain
from domain.telemetry import IncidentEvent
from streams.agents.base import Output, Quiet, Record
from streams.agents.refusals import refuse
from streams.codecs.base import TelemetryCodec
from streams.metrics import Metrics
from streams.records import decode_any, encode
from streams.topics import Topic

WATERMARK_EVERY_S = 5.0  # of event time
FINE_EVERY_S = 1.0  # of event time, while letters may wait for what belongs to a finding
PROBE_AFTER_S = 15.0  # of silence: ask Kafka whether it is there at all
IDLE_AFTER_S = 30.0  # of silence: from here on event time passes with the clock


class DetectStage(Quiet):
    """Judges the samples of one telemetry partition."""

    def __init__(
        self,
        detection: Detection,
        codecs: Mapping[str, TelemetryCodec],
        partition: int,
        metrics: Metrics,
        *,
        wait_s: float = 0.0,
    ) -> None:
        """``codecs`` by telemetry topic; any other topic holds incident events, and what people say of alerts.

        Event time is told in finer steps for ``wait_s`` after trouble has begun: so long, decisions may wait for it.
        """
        self.detection = detection
        self._codecs = codecs
        self._partition = partition
        self._metrics = metrics
        self._wait_s = wait_s
        self._fine_until = 0.0  # event time is told in fine steps
        self._told_at = 0.0  # the watermark that was last sent
        self._heard_at = 0.0  # the watermark that records, not the clock, have brought about
        self._refusals = detection.refusals.copy()
        self._given_way = detection.given_way

    def process(self, record: Record) -> Sequence[Output]:
        """Judge the samples of a message, or note what people say."""
        codec = self._codecs.get(record.source.topic)
        try:
            if codec is None:
                return self._hear(decode_any(record.value))
            decoded = codec.decode(record.value, record.received_at)
        except DecodeError as error:
            return (refuse(record, "detect", error.reason, error.detail, self._metrics),)
        outputs: list[Output] = []
        for sample in decoded.samples:
            _, anomalies = self.detection.observe(sample)
            if anomalies:
                outputs += self._say(anomalies)
        self._metrics.count("samples", len(decoded.samples))
        self._count_refusals()
        if (refusal := decoded.refusal()) is not None:
            outputs.append(refuse(record, "detect", *refusal, self._metrics))
        self._heard_at = self.detection.watermark
        return [*outputs, *self._tell_time()]

    def _hear(self, said: object) -> Sequence[Output]:
        match said:
            case IncidentEvent():
                return self._say(self.detection.event(said))
            case Feedback():
                self.detection.answer(said)
                return ()
            case _:
                raise DecodeError("wrong_type", "neither an incident event nor an answer of a person")

    def tick(self, idle_s: float) -> Sequence[Output]:
        """Let event time pass with the clock while nothing arrives, once Kafka has proved to be there."""
        if idle_s < PROBE_AFTER_S or self.detection.series_count == 0:
            return ()
        if idle_s < IDLE_AFTER_S:
            return self._tell_time(probe=self._told_at <= self._heard_at)
        return [*self._say(self.detection.advance(self._heard_at + idle_s)), *self._tell_time()]

    def snapshot(self) -> Plain:
        """The state of detection."""
        return {
            "detection": self.detection.snapshot(),
            "told_at": self._told_at,
            "heard_at": self._heard_at,
            "fine_until": self._fine_until,
        }

    def restore(self, state: Plain) -> None:
        """Continue from a snapshot."""
        assert isinstance(state, Mapping)  # noqa: S101 - written by `snapshot`, checked by its checksum
        self.detection.restore(state["detection"])
        self._told_at = state["told_at"]
        self._heard_at = state["heard_at"]
        self._fine_until = state.get("fine_until", 0.0)  # snapshots of earlier releases lack it
        self._refusals = self.detection.refusals.copy()
        self._given_way = self.detection.given_way

    def _count_refusals(self) -> None:
        """Samples that detection has no use for (repeats, late ones), and series that it let go: figures."""
        refusals = self.detection.refusals
        if refusals.total() > self._refusals.total():
            for reason, count in (refusals - self._refusals).items():
                self._metrics.count("samples_refused", count, reason=reason)
            self._refusals = refusals.copy()
        if (given_way := self.detection.given_way) > self._given_way:
            self._metrics.count("series_given_way", given_way - self._given_way)
            self._given_way = given_way

    def _say(self, anomalies: Sequence[Anomaly]) -> list[Output]:
        for anomaly in anomalies:
            self._metrics.count("anomalies", kind=anomaly.kind, phase=anomaly.phase)
            if anomaly.phase is AnomalyPhase.OPENED and self._wait_s > 0:
                self._fine_until = max(self._fine_until, anomaly.at + self._wait_s + WATERMARK_EVERY_S)
        found = (replace(anomaly, partition=self._partition) for anomaly in anomalies)
        return [Output(Topic.ANOMALIES, anomaly.service.encode(), encode(anomaly), 0) for anomaly in found]

    def _tell_time(self, *, probe: bool = False) -> Sequence[Output]:
        at = self.detection.watermark
        every_s = FINE_EVERY_S if at <= self._fine_until else WATERMARK_EVERY_S
        if not probe and at < self._told_at + every_s:
            return ()
        self._told_at = at
        return (Output(Topic.ANOMALIES, b"watermark", encode(Watermark(self._partition, at)), 0),)
