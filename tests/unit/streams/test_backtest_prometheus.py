"""What Prometheus and VictoriaMetrics export is put in order of time, and what is no series is told by its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.telemetry import SampleKind
from streams.backtest import Backtest, BacktestError
from streams.backtest.open import open_file
from tests.support.backtest import stages
from tests.support.builders import T0

MATRIX = [
    {"metric": {"__name__": "p95", "job": "api", "pod": "a"}, "values": [[T0, "1"], [T0 + 60, "NaN"]]},
    {"metric": {"__name__": "hits_total", "service": "db", "job": "x"}, "values": [[T0 + 30, "7"]]},
]


def read(path: Path, content: Any) -> tuple[list[tuple[float, str, str, SampleKind]], list[str], int]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    source = open_file(path)
    complaints: list[str] = []
    for _ in range(2):
        complaints.clear()
        lines = list(source.lines(complaints.append))
    found = [(s.observed_at, str(s.key), ts, s.kind) for ts, *_, s in lines if s is not None]
    return found, complaints, source.size


@pytest.mark.parametrize(
    "answer",
    [{"status": "success", "data": {"resultType": "matrix", "result": MATRIX}}, MATRIX],
    ids=["api", "promtool"],
)
def test_a_range_query_is_read_in_order_of_time(answer: Any, tmp_path: Path) -> None:
    found, complaints, size = read(tmp_path / "answer.json", answer)
    assert found == [
        (T0, "api/p95{pod=a}", repr(T0), SampleKind.GAUGE),
        (T0 + 30, "db/hits_total{job=x}", repr(T0 + 30), SampleKind.COUNTER),
        (T0 + 60, "api/p95{pod=a}", repr(T0 + 60), SampleKind.GAUGE),
    ]
    assert (complaints, size) == ([], 3)


def test_an_export_of_victoriametrics_has_a_series_in_each_line(tmp_path: Path) -> None:
    lines = [
        {"metric": {"__name__": "m"}, "values": [2, None], "timestamps": [round(T0 * 1000) + 1000, round(T0 * 1000)]},
        {"metric": {"__name__": "m"}, "values": [1], "timestamps": []},
        {"metric": {"__name__": "h"}, "histograms": []},
    ]
    text = "\n".join([*map(json.dumps, lines), "{", ""])
    found, complaints, size = read(tmp_path / "export.jsonl", text)
    assert [(at, key) for at, key, *_ in found] == [(T0, "export/m"), (T0 + 1, "export/m")]
    assert [text.partition(": ")[0].rpartition(":")[2] for text in complaints] == ["2", "3", "4"]
    assert "/api/v1/export" in complaints[1]
    assert size == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"status": "error", "error": "too many samples"}, "the answer is an error: too many samples"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "query_range"),
        ({"status": "success", "data": {}}, "query_range"),
        ('{"status": "success", "data"', "cannot be read"),
    ],
)
def test_an_answer_that_is_no_range_is_told_with_the_remedy(answer: Any, problem: str, tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match=problem):
        read(tmp_path / "answer.json", answer)


def test_labels_stand_in_scores(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(MATRIX))
    Backtest(*stages()).run(open_file(tmp_path / "a.json"), tmp_path / "out")
    assert (tmp_path / "out/scores.csv").read_text().splitlines()[1].startswith(f"{T0!r},api,p95{{pod=a}},")
