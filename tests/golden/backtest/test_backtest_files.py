"""scores.csv and alerts.jsonl as other tools read them, byte by byte, from a small file with everything odd in it."""

from pathlib import Path

import pytest

from streams.backtest import Backtest
from tests.conftest import GOLDEN, Golden
from tests.support.backtest import stages


@pytest.mark.parametrize("name", ["scores.csv", "alerts.jsonl"])
def test_the_files_of_a_backtest(name: str, golden: Golden, tmp_path: Path) -> None:
    summary = Backtest(*stages()).run(GOLDEN / "backtest" / "telemetry.csv", tmp_path)

    golden(f"backtest/{name}", (tmp_path / name).read_bytes())
    assert (summary.rows, summary.bad_rows) == (12, 4)
    assert summary.complaints[1].endswith("telemetry.csv:7: 'many' is not a number; expected ts,service,metric,value")
