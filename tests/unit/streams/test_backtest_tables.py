"""Tables as people and programs write them: any of them is read as it was meant, or refused with the remedy."""

import gzip
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.telemetry import Sample
from streams.backtest.cells import comma_number, number, number_of, seconds
from streams.backtest.csv_file import HEAD, CsvFile
from streams.backtest.open import open_file
from streams.backtest.parquet import ParquetFile
from streams.backtest.source import BacktestError, Source
from streams.backtest.table import NO_ZONE
from tests.support.builders import T0

ISO = datetime.fromtimestamp(T0, UTC)


def read(source: Source) -> tuple[list[Sample], list[str]]:
    complaints: list[str] = []
    return [sample for *_, sample in source.lines(complaints.append) if sample is not None], complaints


def csv_of(folder: Path, text: str, name: str = "ledger.csv") -> CsvFile:
    (folder / name).write_bytes(text.encode())
    return CsvFile(folder / name)


def values(samples: Sequence[Sample]) -> list[tuple[str, float]]:
    return [(str(sample.key), sample.value) for sample in samples]


@pytest.mark.parametrize(
    ("cell", "after_s"),
    [
        (repr(T0), 0),
        (T0, 0),
        (str(round(T0 * 1e3)), 0),
        (str(round(T0 * 1e6)), 0),
        (round(T0) * 10**9, 0),
        (Decimal("1750000000.25"), 0.25),
        ("2025-06-15T15:06:40Z", 0),
        (" 2025-06-15 17:06:40.5+02:00", 0.5),
        ("2025-06-15 15:06:40 UTC", 0),
        ("15.06.2025 15:06:40", 0),
        ("15.06.2025, 15:06", -40),
        ("15.06.2025T17:06:40+02:00", 0),
        (ISO, 0),
        (ISO.replace(tzinfo=None), 0),
    ],
)
def test_a_time_counts_seconds_or_parts_of_them_or_is_a_date(cell: object, after_s: float) -> None:
    assert seconds(cell) == T0 + after_s


def test_a_date_without_a_zone_is_utc_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = seconds("2025-06-15 15:06:40"), seconds(ISO.replace(tzinfo=None))
    time.tzset()
    assert found == (T0, T0)


@pytest.mark.parametrize(
    "cell", ["", "15.06.25 17:06", "32.06.2025", "06/15/2025", "nan", "1e300", float("inf"), None, True, []]
)
def test_what_is_no_time_is_refused_in_words(cell: object) -> None:
    with pytest.raises(ValueError, match="time"):
        seconds(cell)


def test_a_number_beyond_all_numbers_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"the time '10000.*…' is too large"):
        seconds(10**400)


def test_the_hour_that_comes_twice_when_clocks_go_back_is_told_apart_by_its_offset() -> None:
    assert seconds("2026-10-25T02:30:00+01:00") - seconds("2026-10-25T02:30:00+02:00") == 3600


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,234", 1234), ("-1,234,567.25", -1234567.25), ("1 234.5", 1234.5), ("1e3", 1000)],
)
def test_a_number_with_a_point_may_have_its_thousands_marked(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,5", 1.5), ("1.234", 1234), ("-1.234.567,25", -1234567.25), ("1\u00a0234,5", 1234.5), ("1,5e3", 1500)],
)
def test_a_number_with_a_comma_may_have_its_thousands_marked(text: str, value: float) -> None:
    assert comma_number(text) == value


@pytest.mark.parametrize(
    ("read_as", "text"),
    [(number, "1,5"), (number, "1,23,4"), (number, "0,512"), (comma_number, "1.5"), (number, "5 ms")],
)
def test_a_number_that_would_have_to_be_guessed_is_refused(read_as: Any, text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read_as(text)


@pytest.mark.parametrize(
    ("cells", "comma_is_free", "expected"),
    [
        (["1,5"], False, comma_number),
        (["1.234,5"], False, comma_number),
        (["1,234"], True, comma_number),
        (["1,234"], False, number),
        (["1,234", "0.5"], True, number),
        (["0,512", "1750000000.25"], True, comma_number),
        (["1234,567"], False, comma_number),
        (["1,234", "0.512"], True, number),
        (["1,234.567"], True, number),
        (["a,b", "10.0.0.1"], True, number),
    ],
)
def test_a_table_has_one_decimal_mark_and_its_cells_say_which(
    cells: list[str], comma_is_free: bool, expected: object
) -> None:
    assert number_of(cells, comma_is_free=comma_is_free) is expected


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 2)))
def test_every_number_is_read_back_however_it_is_marked(value: float) -> None:
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert number(english) == comma_number(german) == value


def test_a_sheet_of_a_spreadsheet_is_read_as_it_was_meant(tmp_path: Path) -> None:
    lines = [
        '\ufeff"Zeitpunkt";"cpu, user %";"queue";"service"',
        '2026-10-25T02:30:00+02:00;"1.025,5";;api',
        "2026-10-25T02:30:00+01:00;NaN;12;db",
    ]
    (tmp_path / "sheet").write_bytes(gzip.compress("\r\n".join(lines).encode()))
    samples, complaints = read(CsvFile(tmp_path / "sheet"))
    assert complaints == []
    assert [(str(s.key), s.observed_at) for s in samples] == [
        ("api/cpu, user %", 1792888200), ("db/cpu, user %", 1792891800), ("db/queue", 1792891800),
    ]  # fmt: skip
    assert (samples[0].value, samples[2].value) == (1025.5, 12)


def test_what_was_guessed_of_a_table_is_told(tmp_path: Path) -> None:
    source = csv_of(tmp_path, f"ts;host;code;lag\n{T0};a;200;1,204\n{T0 + 1};b;503;1,5\n")
    assert read(source)[1] == []
    assert source.remarks == (
        "Read as metrics: the columns 'code, lag'.",
        "Read as labels: the columns 'host'.",
        "Numbers were read with a decimal comma.",
    )


def test_columns_of_text_are_labels_and_columns_that_have_no_part_are_told(tmp_path: Path) -> None:
    source = csv_of(
        tmp_path, f",timestamp,service,metric,value,host,id,seen\n0,{T0},a,m,1,x,7,2026-01-01\n1,{T0},a,m,2,,8,\n"
    )
    samples, _ = read(source)
    assert values(samples) == [("a/m{host=x}", 1), ("a/m", 2)]
    assert source.remarks == ("Read as labels: the columns 'host'.", "Not used: the columns 'id, seen'.")


def three_partitions(*, more: str = "", extra: str = "") -> str:
    """A row for each of three partitions, every minute; a further column, the same in all rows of a minute or not."""
    rows = [
        f"{T0 + 60 * minute},ledger,lag,{partition},0.{minute % 3 + 1},,{minute}{extra and partition},{minute}\n"
        for minute in range(20)
        for partition in range(3)
    ]
    return "ts,service,metric,partition,quantile,pod,batch,value\n" + "".join(rows) + more


def test_columns_of_numbers_that_tell_series_apart_are_labels_and_others_are_not(tmp_path: Path) -> None:
    source = csv_of(tmp_path, three_partitions(more=f"{T0 + 1200},ledger,lag,1,0.1,pod-7,20,5\n"))
    samples, complaints = read(source)
    assert complaints == []
    assert [name for name, _ in values(samples)] == [
        f"ledger/lag{{partition={partition}}}" for _ in range(20) for partition in range(3)
    ] + ["ledger/lag{partition=1,pod=pod-7}"]
    assert source.remarks == (
        "Read as labels: the columns 'partition, pod'.", "Not used: the columns 'quantile, batch'.",
    )  # fmt: skip


def test_a_number_that_is_another_in_every_row_is_no_label(tmp_path: Path) -> None:
    source = csv_of(tmp_path, three_partitions(extra="id"))
    assert len({name for name, _ in values(read(source)[0])}) == 3
    assert source.remarks[-1] == "Not used: the columns 'quantile, batch'."


def test_parquet_has_labels_that_are_numbers_too(tmp_path: Path) -> None:
    rows = [(T0 + 60.0 * minute, "lag", shard, [shard], float(minute)) for minute in range(5) for shard in range(2)]
    names = ("ts", "metric", "shard", "tags", "value")
    source = parquet_of(tmp_path, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    assert {name for name, _ in values(read(source)[0])} == {"ledger/lag{shard=0}", "ledger/lag{shard=1}"}
    assert source.remarks == ("Read as labels: the columns 'shard'.", "Not used: the columns 'tags'.")


def test_a_row_without_a_name_is_told_each_time(tmp_path: Path) -> None:
    samples, complaints = read(csv_of(tmp_path, f"ts,service,metric,value,host\n{T0},,m,1,x\n{T0 + 1},,m,2,x\n"))
    assert samples == []
    assert [text.partition("ledger.csv")[2] for text in complaints] == [
        ":2: m: the service or the metric has no name", ":3: m: the service or the metric has no name",
    ]  # fmt: skip


def test_a_column_that_grafana_names_is_a_series_with_its_labels(tmp_path: Path) -> None:
    header = '"Time","p95 {instance=""a:9"", job=""api""}","{job=""db""}",up'
    source = csv_of(tmp_path, f"{header}\n2026-11-21 22:00:00,1,2,3\n")
    samples, _ = read(source)
    assert values(samples) == [("api/p95{instance=a:9}", 1), ("db/value", 2), ("ledger/up", 3)]
    assert source.remarks[-1] == "Times without a zone were read as UTC."


def test_a_mark_is_a_label_only_where_no_row_of_the_first_has_a_number(tmp_path: Path) -> None:
    rows = "".join(f"{T0 + i},{'error' if i else 5}\n" for i in range(3))
    samples, complaints = read(csv_of(tmp_path, f"ts,m\n{rows}"))
    assert (len(samples), len(complaints)) == (1, 2)
    assert "'error' is not a number" in complaints[0]


def test_what_the_first_rows_decided_holds_for_all_and_each_row_is_told_by_its_line(tmp_path: Path) -> None:
    rows = "".join(f"{T0 + i};{i},5\n" for i in range(HEAD + 1))
    samples, complaints = read(csv_of(tmp_path, f"ts;m\n{rows}{T0};1.5\n{T0};1;1\n;1\n"))
    assert len(samples) == HEAD + 1
    assert [text.partition(": ")[0].rpartition(":")[2] for text in complaints] == [str(HEAD + i) for i in (3, 4, 5)]


def test_the_plainest_table_takes_other_times_and_marked_thousands_too(tmp_path: Path) -> None:
    rows = f'2025-06-15T15:06:40Z,a,m,1\n{round(T0 * 1000)},a,m,"1,234.5"\n1e300,a,m,1\n'
    samples, complaints = read(csv_of(tmp_path, f"\ufeffts,service,metric,value\n{rows}"))
    assert [(sample.observed_at, sample.value) for sample in samples] == [(T0, 1), (T0, 1234.5)]
    assert ":4: " in complaints[0]


def parquet_of(folder: Path, columns: dict[str, Any]) -> ParquetFile:
    arrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    made = {
        name: arrow.array(cells[0], getattr(arrow, cells[1])(*cells[2:])) if isinstance(cells, tuple) else cells
        for name, cells in columns.items()
    }
    pq.write_table(arrow.table(made), folder / "ledger.parquet")
    return ParquetFile(folder / "ledger.parquet")


@pytest.mark.parametrize(
    "times",
    [
        ([round(T0) * 10**9 + 1], "timestamp", "ns", "Europe/Berlin"),
        ([round(T0 * 1e6)], "timestamp", "us"),
        ([round(T0 * 1e3)], "timestamp", "ms", "UTC"),
        ([round(T0 * 1e3)], "int64"),
        (["2025-06-15T15:06:40Z"], "string"),
    ],
)
def test_parquet_takes_times_of_every_kind(times: tuple[Any, ...], tmp_path: Path) -> None:
    source = parquet_of(tmp_path, {"ts": times, "cpu": [1.5]})
    samples, complaints = read(source)
    assert (complaints, values(samples), samples[0].observed_at) == ([], [("ledger/cpu", 1.5)], T0)
    assert (NO_ZONE in source.remarks) == (times[1:] == ("timestamp", "us"))


def test_parquet_may_be_wide_or_long_with_dictionaries_decimals_and_gaps(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    host = arrow.array(["x", "y"]).dictionary_encode()
    wide = parquet_of(
        tmp_path, {"__index__": ([0, 10**9], "timestamp", "ns"), "host": host, "m": [None, 2], "tags": [[1], [2]]}
    )
    assert values(read(wide)[0]) == [("ledger/m{host=y}", 2)]
    assert "Not used: the columns 'tags'." in wide.remarks

    amount = arrow.array([Decimal("1.25"), None])
    long = parquet_of(tmp_path, {"ts": [T0, T0], "service": host, "metric": ["m", "m"], "value": amount, "i": [1, 2]})
    samples, complaints = read(long)
    assert values(samples) == [("x/m", 1.25)]
    assert complaints == [f"{tmp_path}/ledger.parquet: row 2: m: the number is empty"]


def test_a_parquet_file_with_nothing_but_nested_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="nothing to judge"):
        read(parquet_of(tmp_path, {"ts": [T0], "points": [[1.0]]}))


@pytest.mark.parametrize(
    "header", ["ts,job,__name__,value", "_time,service,_field,_value", "time,service_name,name,value"]
)
def test_a_row_for_each_sample_may_be_named_as_other_programs_do(header: str, tmp_path: Path) -> None:
    table = csv_of(tmp_path, f"{header}\n{T0},api,p95,7.5\n")
    (line,) = table.lines(pytest.fail)
    assert line[:3] == (str(T0), "api", "p95")
    assert table.remarks == ()


def test_a_table_that_begins_with_its_values_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="the first line has values; put names above it"):
        list(csv_of(tmp_path, f"{T0},api,p95,7.5\n{T0 + 1},api,p95,7.5\n").lines(pytest.fail))


def test_letters_of_another_encoding_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"ts;Auslastung;Standort\n{T0};7,5;Köln\n".encode("cp1252"))
    table = CsvFile(tmp_path / "t.csv")
    assert len(list(table.lines(pytest.fail))) == 1
    assert any("not in UTF-8" in remark for remark in table.remarks)


def test_what_is_neither_text_nor_parquet_is_not_read_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"ts,service\0\1\2\3")
    with pytest.raises(BacktestError, match="neither text nor Parquet"):
        open_file(tmp_path / "t.csv")
