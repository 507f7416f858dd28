"""Incident events in, in any format; out in one format, to everybody who needs them."""

from collections.abc import Mapping, Sequence

from domain.errors import DecodeError
from streams.agents.base import Output, Record, Stateless
from streams.agents.refusals import refuse
from streams.codecs.base import IncidentCodec
from streams.metrics import Metrics
from streams.records import encode
from streams.topics import Topic


class IncidentsStage(Stateless):
    """Copies each event to decide and to every partition of detection: learning freezes wherever it goes on."""

    def __init__(self, codecs: Mapping[str, IncidentCodec], partitions: int, metrics: Metrics) -> None:
        """``codecs`` by topic; ``partitions`` of Foreshock's own topics."""
        self._codecs = codecs
        self._partitions = partitions
        self._metrics = metrics

    def process(self, record: Record) -> Sequence[Output]:
        """Pass on the events of one message."""
        try:
            events = self._codecs[record.source.topic].decode(record.value, record.received_at)
        except DecodeError as error:
            return (refuse(record, "incidents", error.reason, error.detail, self._metrics),)
        outputs = []
        for event in events:
            key, value = event.id.encode(), encode(event)
            outputs += [Output(Topic.INCIDENTS, key, value, partition) for partition in range(self._partitions)]
            outputs.append(Output(Topic.ANOMALIES, key, value, 0))
        return outputs
