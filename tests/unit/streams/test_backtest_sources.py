"""Wherever telemetry comes from, the same samples give the same result, and what is bad is told by its place."""

import gzip
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from config.settings import Settings
from domain.telemetry import Sample, SampleKind
from streams.backtest import Backtest, BacktestError, Source, read_events
from streams.backtest.csv_file import CsvFile
from streams.backtest.json_lines import JsonLinesFile
from streams.backtest.open import moment, open_file
from streams.backtest.parquet import ParquetFile
from streams.backtest.prometheus import PrometheusFile
from streams.backtest.topic import KafkaTopic, Range, declared
from tests.support.backtest import ScriptedDetection, stages
from tests.support.builders import T0

ROWS = [
    (T0 + i, service, metric, float(i)) for i in range(5) for service in ("api", "db") for metric in ("m", "n_total")
]


def read(source: Source) -> tuple[list[Sample], list[str]]:
    complaints: list[str] = []
    found = [sample for *_, sample in source.lines(complaints.append) if sample is not None]
    return found, complaints


def long_csv(path: Path) -> Path:
    path.write_text("ts,service,metric,value\n" + "".join(f"{t!r},{s},{m},{v!r}\n" for t, s, m, v in ROWS))
    return path


def message(service: str, at: float | None, *samples: tuple[str, float], **more: object) -> bytes:
    body: dict[str, object] = {"v": 1, "service": service, "samples": [{"metric": m, "value": v} for m, v in samples]}
    return json.dumps(body | ({} if at is None else {"at": at}) | more).encode()


def messages() -> list[bytes]:
    return [
        json.dumps(
            {"v": 1, "service": s, "at": t, "metric": m, "value": v, "kind": "counter" if m == "n_total" else "gauge"}
        ).encode()
        for t, s, m, v in ROWS
    ]


@dataclass
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None


@dataclass
class FakeConsumer:
    """A cluster with one topic: per partition the records, of which each poll gives a few."""

    records: Mapping[int, Sequence[Record]]
    topic: str = "telemetry"
    places: dict[TopicPartition, int] = field(default_factory=dict)
    paused: set[TopicPartition] = field(default_factory=set)
    fails: bool = False
    closed: bool = False

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(self.records) if topic == self.topic else None

    def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: len(self.records[place.partition]) for place in places}

    def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Record | None]:
        return {
            place: next((r for r in self.records[place.partition] if r.timestamp >= at), None)
            for place, at in times.items()
        }

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self.places = dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.places[place] = offset

    def position(self, place: TopicPartition) -> int:
        return self.places[place]

    def pause(self, *places: TopicPartition) -> None:
        self.paused |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self.paused -= set(places)

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        assert timeout_ms > 0
        if self.fails:
            raise KafkaConnectionError("gone")
        given = {}
        for place, offset in self.places.items():
            some = list(self.records[place.partition][offset : offset + 3])
            if some and place not in self.paused:
                given[place] = some
                self.places[place] += len(some)
        return given

    def close(self) -> None:
        self.closed = True


def cluster(payloads: Sequence[bytes], partitions: int = 2, **changes: Any) -> FakeConsumer:
    """Payloads a second apart, dealt out to partitions in runs, so that the order of partitions is not that of time."""
    by_partition: dict[int, list[Record]] = {number: [] for number in range(partitions)}
    for number, payload in enumerate(payloads):
        at = partitions - 1 - number // 2 % partitions
        own = by_partition[at]
        own.append(Record("telemetry", at, len(own), round(T0 * 1000) + 1000 * number, payload))
    return FakeConsumer(by_partition, **changes)


def topic(consumer: FakeConsumer, since: float = T0, until: float = T0 + 1e6, **config: object) -> KafkaTopic:
    settings = Settings.model_validate(config)
    return KafkaTopic(settings, Range("telemetry", since, until), lambda: consumer)


def wide_csv(path: Path) -> Path:
    lines = [f"{T0 + i!r},{service},{i}.0,{i}.0\n" for i in range(5) for service in ("api", "db")]
    path.write_text("ts,service,m,n_total\n" + "".join(lines))
    return path


def json_lines(path: Path) -> Path:
    path.write_bytes(gzip.compress(b"\n".join([*messages(), b""])))
    return path


def parquet(path: Path) -> Path:
    arrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    names = ("ts", "service", "metric", "value")
    pq.write_table(arrow.table({name: [row[i] for row in ROWS] for i, name in enumerate(names)}), path)
    return path


MADE: dict[str, Callable[[Path], Source]] = {
    "csv": lambda folder: open_file(long_csv(folder / "t.csv")),
    "wide": lambda folder: open_file(wide_csv(folder / "t.csv")),
    "json": lambda folder: open_file(json_lines(folder / "t.jsonl.gz")),
    "parquet": lambda folder: open_file(parquet(folder / "t.parquet")),
    "topic": lambda _: topic(cluster(messages())),
}


@pytest.mark.parametrize("kind", MADE)
def test_every_source_gives_the_same_samples_in_the_same_order_each_time(kind: str, tmp_path: Path) -> None:
    source = MADE[kind](tmp_path)
    expected = [(at, service, metric, value) for at, service, metric, value in ROWS]

    for _ in range(2):
        samples, complaints = read(source)
        assert [(s.observed_at, s.key.service, s.key.metric, s.value) for s in samples] == expected
        assert [s.kind is SampleKind.COUNTER for s in samples] == [s.key.metric == "n_total" for s in samples]
        assert complaints == []
    assert source.size > 0


@pytest.mark.parametrize("kind", MADE)
def test_every_source_gives_the_same_alerts_and_a_score_for_every_sample(kind: str, tmp_path: Path) -> None:
    done: list[int] = []
    source = MADE[kind](tmp_path)
    Backtest(*stages()).run(source, tmp_path / "out", done.append)
    Backtest(*stages()).run(long_csv(tmp_path / "long.csv"), tmp_path / "long")

    assert (tmp_path / "out/alerts.jsonl").read_text() == (tmp_path / "long/alerts.jsonl").read_text()
    assert (tmp_path / "out/scores.csv").read_text() == (tmp_path / "long/scores.csv").read_text()


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"ts,service,metric,value\n", CsvFile),
        (b"\xef\xbb\xbfTime,m\n", CsvFile),
        (b'{"v": 1, "service": "api"}\n', JsonLinesFile),
        (b'\n {"service": "api"}\n', JsonLinesFile),
        (b'{"metric":{"__name__":"m"},"values":[1],"timestamps":[1]}\n', PrometheusFile),
        (b'{"status":"success","data":{}}', PrometheusFile),
        (b'[{"metric": {}}]', PrometheusFile),
    ],
)
def test_the_kind_of_a_file_follows_from_what_it_begins_with(start: bytes, kind: type, tmp_path: Path) -> None:
    for content in (start, gzip.compress(start)):
        (tmp_path / "of-any.name").write_bytes(content)
        assert type(open_file(tmp_path / "of-any.name")) is kind


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04....", "save the sheet as CSV"),
        (b"\x28\xb5\x2f\xfd....", "packed by zstd: unpack it"),
        ("ts,m\n".encode("utf-16"), "in UTF-16: save it as UTF-8"),
        (b'up{job="api"} =>\n1 @[1700000000]\n', "run it with -o json"),
        (b"\x1f\x8b and no more", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_telemetry_is_told_with_the_remedy(content: bytes, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(BacktestError, match=remedy):
        open_file(tmp_path / "t.csv")


@pytest.mark.parametrize("header", ["ts,service,metric,value", "time,service,metric,value"])
def test_a_row_without_a_service_or_a_metric_is_told_by_its_line(header: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n10,,m,1\n11,api,,2\n12,api, ,3\n13,api,m,4\n14,,m,5\n")

    samples, complaints = read(CsvFile(path))

    assert [sample.value for sample in samples] == [4]
    assert [text.split(": ")[0] for text in complaints] == [f"{path}:{line}" for line in (2, 3, 4, 6)]
    assert all("the service or the metric has no name" in text for text in complaints)


def test_a_wide_row_has_a_sample_for_each_cell_that_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text("m,ts,n\n1,10,2\n,11,3\n4,x,5\n6,12\n7,13,many\n")

    samples, complaints = read(CsvFile(path))

    assert [(s.key.service, s.key.metric, s.observed_at, s.value) for s in samples] == [
        ("ledger", "m", 10, 1), ("ledger", "n", 10, 2), ("ledger", "n", 11, 3), ("ledger", "m", 13, 7),
    ]  # fmt: skip
    assert [text.partition(": ")[0].rpartition("/")[2] for text in complaints] == [
        "ledger.csv:4", "ledger.csv:4", "ledger.csv:5", "ledger.csv:6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("a,b,c", "no column for the time"),
        ("ts,service,", "nothing to judge"),
        ("ts,m,m", "two columns are called 'm'"),
    ],
)
def test_a_header_that_names_no_time_or_no_metric_is_told(header: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n1,2,3\n")
    with pytest.raises(BacktestError, match=rf"t\.csv:1: {problem}"):
        read(CsvFile(path))


def test_a_bad_message_of_a_file_is_told_by_its_line_and_the_good_samples_of_it_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    half = message("api", T0, ("m", 1.0), ("", 2.0))
    path.write_bytes(b"\n".join([b"{", half, message("api", None, ("m", 3.0)), b"", b"\xff\xfe", b"[" * 100_000]))

    samples, complaints = read(JsonLinesFile(path))

    assert [sample.value for sample in samples] == [1.0]
    assert [text.split(": ")[0].rpartition(":")[2] for text in complaints] == ["1", "2", "3", "5", "6"]
    assert "neither the sample nor the message has it" in complaints[2]


def test_a_damaged_json_archive_ends_with_a_sentence(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "t.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BacktestError, match="cannot be read any further"):
        read(JsonLinesFile(path))


def test_labels_stand_in_the_name_of_the_metric_in_scores(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(message("api", T0, ("m", 1.0), attributes={"b": "2", "a": "1"}))
    Backtest(*stages()).run(JsonLinesFile(path), tmp_path / "out")
    assert (tmp_path / "out/scores.csv").read_text().splitlines()[1] == f'{T0!r},api,"m{{a=1,b=2}}",{1 / 3!r}'


def test_parquet_takes_timestamps_and_tells_bad_rows_by_number(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    times = arrow.array([round(T0 * 1e6), None, round(T0 * 1e6) + 500_000], arrow.timestamp("us"))
    columns = {"more": [0, 0, 0], "value": [1, 2, None], "ts": times, "service": ["a"] * 3, "metric": ["m"] * 3}
    pq.write_table(arrow.table(columns), tmp_path / "t.parquet")

    samples, complaints = read(ParquetFile(tmp_path / "t.parquet"))

    assert [(s.observed_at, s.value) for s in samples] == [(T0, 1.0)]
    assert ["row 2" in complaints[0], "row 3" in complaints[1]] == [True, True]


def test_a_file_that_is_no_parquet_or_lacks_a_column_is_told(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(BacktestError, match="not a Parquet file"):
        read(ParquetFile(tmp_path / "bad.parquet"))
    pq.write_table(arrow.table({"when": [1.0], "value": [1.0]}), tmp_path / "few.parquet")
    with pytest.raises(BacktestError, match="no column for the time"):
        read(ParquetFile(tmp_path / "few.parquet"))


def test_without_pyarrow_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BacktestError, match=r"pip install '\.\[parquet\]'"):
        ParquetFile(tmp_path / "t.parquet")


def test_only_the_messages_of_the_range_are_read_and_its_end_does_not_move() -> None:
    consumer = cluster(messages(), partitions=3)
    source = topic(consumer, T0 + 4, T0 + 11)
    assert source.size == 7
    late = Record("telemetry", 0, len(consumer.records[0]), 0, message("late", T0, ("m", 1.0)))
    cast("list[Record]", consumer.records[0]).append(late)

    samples, _ = read(source)

    assert [(s.observed_at, s.key.service, s.key.metric, s.value) for s in samples] == ROWS[4:11]
    assert source.done == 7
    assert consumer.closed


def test_a_refused_message_of_a_topic_is_told_by_partition_and_offset() -> None:
    samples, complaints = read(topic(cluster([message("api", T0, ("m", 1.0)), b"{", b""], partitions=1)))
    assert [sample.observed_at for sample in samples] == [T0]
    assert [text.split(":")[0] for text in complaints] == ["telemetry/0@1", "telemetry/0@2"]


def test_a_topic_that_is_not_there_is_told() -> None:
    with pytest.raises(BacktestError, match="topic telemetry does not exist"):
        read(topic(cluster([], topic="other")))


def test_a_range_without_messages_is_empty() -> None:
    source = topic(cluster(messages()), T0 + 1000, T0 + 2000)
    assert source.size == 0
    assert read(source) == ([], [])
    assert source.remarks == ["No message was written to it in that time."]


def test_a_broker_that_goes_away_ends_with_a_sentence() -> None:
    consumer = cluster(messages(), fails=True)
    with pytest.raises(BacktestError, match="Kafka refused"):
        read(topic(consumer))
    assert consumer.closed


def test_a_broker_that_gives_nothing_ends_with_a_sentence_instead_of_waiting_for_ever() -> None:
    consumer = cluster(messages(), partitions=1)
    source = topic(consumer)
    assert source.size
    consumer.records = {0: []}
    with pytest.raises(BacktestError, match="gives no more messages"):
        read(source)


def test_what_was_declared_in_the_range_comes_from_the_incident_topics() -> None:
    event = {"v": 1, "id": "i-1", "kind": "incident", "status": "opened", "at": T0, "services": ["api"]}
    consumer = cluster([json.dumps(event).encode(), b"no"], partitions=1)
    settings = Settings.model_validate({"sources": [{"topic": "telemetry", "kind": "incidents"}]})
    assert [found.id for found in declared(settings, T0 - 1, T0 + 100, lambda: consumer)] == ["i-1"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1750000000.5", T0 + 0.5),
        ("2025-06-15T15:06:40Z", T0),
        ("2025-06-15T17:06:40+02:00", T0),
        ("2025-06-15 15:06:40", T0),
    ],
)
def test_a_time_may_be_seconds_or_a_date(text: str, at: float) -> None:
    assert moment(text) == at


def test_a_time_that_is_none_is_told_with_an_example() -> None:
    with pytest.raises(BacktestError, match=r"2026-11-21T22:00:00\+01:00"):
        moment("yesterday")


def test_declared_events_reach_detection_before_the_samples_after_them(tmp_path: Path) -> None:
    detection, decide = stages()
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps({"at": T0 + 2, "kind": "deploy", "service": "api"}))
    Backtest(detection, decide, read_events(path)).run(long_csv(tmp_path / "t.csv"), tmp_path / "out")
    assert [event.at for event in cast("ScriptedDetection", detection).events] == [T0 + 2]
