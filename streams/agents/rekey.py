"""Telemetry that is not keyed by service: decoded once and written anew, keyed by service."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from domain.errors import DecodeError
from domain.telemetry import Sample
from streams.agents.base import Output, Record, Stateless
from streams.agents.refusals import refuse
from streams.codecs.base import TelemetryCodec
from streams.codecs.native import Row, encode_native
from streams.metrics import Metrics
from streams.topics import Topic, partition_for

MAX_BYTES = 900_000  # below the usual limit of a broker, one megabyte a message


class RekeyStage(Stateless):
    """Brings all samples of a service into one partition."""

    def __init__(self, codecs: Mapping[str, TelemetryCodec], partitions: int, metrics: Metrics) -> None:
        """``codecs`` by topic; ``partitions`` of the samples topic."""
        self._codecs = codecs
        self._partitions = partitions
        self._metrics = metrics

    def process(self, record: Record) -> Sequence[Output]:
        """Write one message for each service that the message speaks of."""
        try:
            decoded = self._codecs[record.source.topic].decode(record.value, record.received_at)
        except DecodeError as error:
            return (refuse(record, "rekey", error.reason, error.detail, self._metrics),)
        groups = defaultdict[str, list[Sample]](list)
        for sample in decoded.samples:
            groups[sample.key.service].append(sample)
        outputs = [
            Output(Topic.SAMPLES, service.encode(), message, partition_for(service, self._partitions))
            for service, samples in groups.items()
            for message in _messages(service, samples)
        ]
        if (refusal := decoded.refusal()) is not None:
            outputs.append(refuse(record, "rekey", *refusal, self._metrics))
        return outputs


def _messages(service: str, samples: Sequence[Sample]) -> Iterator[bytes]:
    message = encode_native(service, samples[0].observed_at, [_row(sample) for sample in samples])
    if len(message) <= MAX_BYTES or len(samples) == 1:
        yield message
        return
    half = len(samples) // 2
    yield from _messages(service, samples[:half])
    yield from _messages(service, samples[half:])


def _row(sample: Sample) -> Row:
    attributes = dict(sample.key.attributes) or None
    return Row(sample.key.metric, sample.value, attributes, sample.observed_at, sample.kind, sample.unit or None)
