"""Whoever presses Ctrl-C while hours are judged reads a sentence, not the stacks of three processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hours import __main__ as command
from tests.support.processes import PATIENCE_S

# The first hour that is judged presses Ctrl-C: in the terminal it goes to all of them.
PRESSES = """
import os, signal
from concurrent.futures.process import BrokenProcessPool
from tests.hours.__main__ import _each
try:
    _each(os.killpg, [os.getpgrp()] * 3, [signal.SIGINT] * 3, 2)
except (KeyboardInterrupt, BrokenProcessPool):
    print("ended")
"""


def test_ctrl_c_ends_every_process_without_a_word() -> None:
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", PRESSES],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=PATIENCE_S,
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_what_is_finished_is_said_to_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_each", pressed)
    with pytest.raises(SystemExit, match=f"what is finished stays in {tmp_path}"):
        command.main(["--seeds", "30", "--out", str(tmp_path)])
