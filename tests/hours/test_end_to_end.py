"""From seeds to the table: hours are simulated, `foreshock backtest` runs on each, and what was found is counted."""

import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.hours.__main__ import main
from tests.hours.payments.hour import simulate
from tests.hours.payments.stage import PACE
from tests.hours.systems import ROOT, SYSTEMS

BRIEF = replace(
    PACE, lasts_s=150, no_fault_after_s=100, nothing_after_s=120, first_s=(40, 60), calm_s=(10, 20), long_calm_s=(0, 0)
)


@pytest.fixture(autouse=True)
def brief_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step and a lie in the one, a blocked loop and a restart in the other."""
    brief = SYSTEMS["payments"]._replace(simulate=partial(simulate, pace=BRIEF), seeds=(1, 3))
    monkeypatch.setitem(SYSTEMS, "payments", brief)


def test_seeds_become_hours_and_these_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out

    assert re.findall(r"^(slow|sudden|data|benign) .* of (\d+)$", printed, re.MULTILINE) == [
        ("slow", "1"),
        ("sudden", "1"),
        ("data", "1"),
        ("benign", "1"),
    ]
    assert re.search(r"^alerts; open during a fault +[1-9]", printed, re.MULTILINE)
    assert all((tmp_path / "runs" / f"payments-{seed}" / "alerts.jsonl").stat().st_size for seed in (1, 3))


def test_an_hour_that_is_there_is_judged_again_and_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--out", str(tmp_path), "--seeds", "3", "--simulate-only"])
    faults = tmp_path / "payments-3" / "incidents.jsonl"
    faults.write_text(faults.read_text() * 2)
    main(["--out", str(tmp_path), "--seeds", "3", "3"])

    assert re.search(r"^slow .* of 2$", capsys.readouterr().out, re.MULTILINE)


def test_an_hour_that_cannot_be_judged_ends_the_command_with_what_the_backtest_said(tmp_path: Path) -> None:
    (tmp_path / "payments-3").mkdir()
    (tmp_path / "payments-3" / "telemetry.csv.gz").write_text("not telemetry")
    command = [sys.executable, "-m", "tests.hours", "--out", str(tmp_path), "--seeds", "3"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command

    assert ended.returncode == 1
    assert re.search(r"payments-3: .*telemetry\.csv\.gz", ended.stderr)


def test_hours_alone_are_left_for_whoever_wants_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path), "--seeds", "3", "--simulate-only"])

    assert capsys.readouterr().out == ""
    assert [each.name for each in tmp_path.iterdir()] == ["payments-3"]
    names = sorted(each.name for each in (tmp_path / "payments-3").iterdir())
    assert names == ["events.jsonl", "incidents.jsonl", "sli.jsonl.gz", "telemetry.csv.gz"]
