"""Real processes of Foreshock, and what they say of themselves over HTTP."""

import asyncio
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp

from domain.clock import Clock
from domain.errors import ForeshockError

READY_S = 120.0
_MAIN = (  # not the console script, which may lie outside of any path
    "from streams.demo.lifeline import follow; follow(); from streams.cli import main; main()"
)
STOP_S = 60.0
_POLL_S = 0.25
_LINE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_TAIL = 15  # lines of the worker's log that an error repeats


class ProcessError(ForeshockError):
    """A process did not start, or ended on its own; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a metrics page."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Figures:
    """A metrics page."""

    all: tuple[Figure, ...] = ()

    def total(self, name: str, **labels: str) -> float:
        """Return the sum over the lines of a metric that carry these labels."""
        return sum(
            figure.value
            for figure in self.all
            if figure.name == name and all(figure.labels.get(key) == value for key, value in labels.items())
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the lines of a metric by one of its labels."""
        return {figure.labels[label]: figure.value for figure in self.all if figure.name == name}


def parse_figures(page: str) -> Figures:
    """Read the text that Prometheus scrapes."""
    found = []
    for line in page.splitlines():
        match = _LINE.match(line)
        if match is not None:
            labels = dict(_LABEL.findall(match["labels"] or ""))
            found.append(Figure(match["name"], labels, float(match["value"])))
    return Figures(tuple(found))


def command(*arguments: str | Path) -> tuple[str, ...]:
    """Return the command line of `foreshock` with these arguments, by this very Python; it ends with its caller."""
    return (sys.executable, "-c", _MAIN, *map(str, arguments))


class ServerProcess:
    """A process that serves its metrics and its readiness at ``base_url``; its output goes to a log file."""

    def __init__(self, name: str, command: Sequence[str], log: Path, base_url: str, clock: Clock) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._base_url = base_url
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C at the terminal is for the demo, which ends it in its turn. A pipe that
            # nobody writes to: it ends with the demo, also with one that is killed.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def wait_ready(self) -> None:
        """Return when the process says that it is ready; raises ProcessError when it ends or takes too long."""
        deadline = self._clock.monotonic() + READY_S
        while self._clock.monotonic() < deadline:
            self.check_alive()
            status, _ = await self._get("/readyz")
            if status == 200:
                return
            await self._clock.sleep(_POLL_S)
        raise ProcessError(f"{self.name} was not ready after {READY_S:.0f} s\n{self._tail()}")

    def check_alive(self) -> None:
        """Raise ProcessError if the process has ended."""
        if self._process is None or self._process.returncode is not None:
            code = None if self._process is None else self._process.returncode
            raise ProcessError(f"{self.name} ended on its own with status {code}\n{self._tail()}")

    async def figures(self) -> Figures | None:
        """Return its metrics; None when it does not answer just now."""
        status, page = await self._get("/metrics")
        return parse_figures(page) if status == 200 else None

    async def stop(self) -> int | None:
        """Ask the process to end, as an init system would; returns its status, None if it had to be killed."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            return None

    async def _get(self, path: str) -> tuple[int, str]:
        if self._session is None:
            return 0, ""
        try:
            async with self._session.get(self._base_url + path) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, ""

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-_TAIL:])
