"""Processes under test: free ports, waiting for a condition, and a child that logs to a file and can be killed.

Nothing here asks how fast a machine is: there is one patience for everything, which costs time only where a test fails.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from streams.demo.ports import free_ports

PATIENCE_S: Final = 120.0
LOG_TAIL_BYTES: Final = 4000
POLL_S: Final = 0.05
_PORTS: Final = free_ports()


def program(name: str, package: str) -> str:
    """Return the path of a program; where CI runs it must be there, elsewhere the test is skipped."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI must have it")
    if found is None:
        pytest.skip(f"{name} is not installed; on Debian: apt-get install {package}")
    return found


def free_port() -> int:
    """Return a loopback port on which nobody listens, another each time; nobody else is given it meanwhile."""
    return next(_PORTS)


def port_answers(port: int) -> bool:
    """Say whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def page(address: str) -> str:
    """Return the text that an address serves; raises OSError when it answers with an error or not at all."""
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def serves(address: str) -> bool:
    """Say whether an address answers with success; to be asked again, and therefore without much patience."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(
    condition: Callable[[], bool], *, what: str, timeout_s: float = PATIENCE_S, poll_s: float = POLL_S
) -> None:
    """Poll until the condition holds; raises TimeoutError naming ``what`` was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain for {what}")
        time.sleep(poll_s)


def run_to_its_end(
    command: Sequence[str | Path], timeout_s: float = 4 * PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it said; raises TimeoutError, with what it had said until then."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired as error:
        said = b"".join(each for each in (error.stdout, error.stderr) if isinstance(each, bytes)).decode(
            errors="replace"
        )
        raise TimeoutError(f"not at its end after {timeout_s:g} s:\n{said[-LOG_TAIL_BYTES:]}") from None


class Child:
    """One child process in a session of its own, its output appended to a file over all its lives."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Remember how to start; ``env`` is added to this process's environment."""
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = {**os.environ, **(env or {})}
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive now."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; raises RuntimeError before the first start."""
        return self._started().pid

    @property
    def exit_status(self) -> int | None:
        """The exit status as subprocess tells it (negative: a signal), or None while it runs."""
        return self._started().poll()

    def start(self) -> None:
        """Start the process; raises RuntimeError if it runs already."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is the test's own
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )

    def wait_ready(self, condition: Callable[[], bool], *, what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait for the condition; fails at once, with the end of the log, when the process has ended instead."""

        def ready_or_ended() -> bool:
            return not self.running or condition()

        try:
            wait_until(ready_or_ended, what=f"{self.name}: {what}", timeout_s=timeout_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; its log ends:\n{self.log_tail()}") from None
        if not self.running:
            raise RuntimeError(f"{self.name} ended with {self.exit_status}; its log ends:\n{self.log_tail()}")

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """Ask the process to end (SIGTERM) and wait; kill it when it does not. Return the exit status."""
        return self._end(signal.SIGTERM, timeout_s)

    def kill(self) -> int:
        """End the process as a power cut would (SIGKILL). Return the exit status."""
        return self._end(signal.SIGKILL, PATIENCE_S)

    def log_text(self) -> str:
        """Return everything that the process has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self) -> str:
        """Return the end of the log, for an error message."""
        return self.log_text()[-LOG_TAIL_BYTES:]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    def _end(self, how: signal.Signals, timeout_s: float) -> int:
        process = self._started()
        if process.poll() is None:
            self._signal_group(process, how)
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._signal_group(process, signal.SIGKILL)
                process.wait(timeout_s)
        return process.wait()

    @staticmethod
    def _signal_group(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
        # The group is the child's own (start_new_session), so a wrapper and what it started end together.
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
