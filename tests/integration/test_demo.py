"""`foreshock demo` as a stranger runs it, on the first eight minutes of its recording and faster."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

MAIN = "from streams.cli import main; main()"


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)  # noqa: S603 - our own


def test_an_incident_is_warned_of_before_it_hurts_and_everyone_is_told_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = demo("--out", out, "--last", "480", "--speed", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "connection leak" in done.stdout
    assert "warned" in done.stdout
    assert "CLIENTS FEEL IT" in done.stdout
    assert "Squads were warned of 1 of 1 incidents" in done.stdout
    posted = [json.loads(file.read_text()) for file in (out / "slack").glob("*.json")]
    assert {message["channel_name"] for message in posted} >= {"squad-payments"}
    assert any("status@harbourpay.example" in file.read_text() for file in (out / "mail").glob("*.eml"))
    page = (out / "index.html").read_text()
    assert "Connection leak in payments-api" in page
    assert "<svg" in page
    assert (out / "slack.html").exists()
    assert "Traceback" not in (out / "worker.log").read_text()


def test_calm_is_not_success_since_there_was_nothing_to_warn_of(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--last", "100", "--speed", "100")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NO  at least one incident" in done.stdout


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    done = demo("--out", tmp_path)
    assert done.returncode == 2
    assert "name another folder with --out" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_recording_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--recording", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_a_part_without_rows_is_said_so(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--first", "90000")
    assert done.returncode == 2
    assert "nothing was recorded" in done.stderr
