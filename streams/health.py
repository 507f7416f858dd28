"""Is the worker alive, is it ready, and what does it measure: three pages, and the watchdog behind them.

Alive is *progress*: consumers have been seen to die quietly or stop committing (faust#175, #523, #596), and a process
that merely answers is no proof.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from domain.clock import Clock
from streams.metrics import Metrics
from streams.site import Site

STALL_S = 120.0  # messages wait and none is handled for so long: the process ends, and its supervisor starts it again
COMMIT_STALL_S = 300.0


@dataclass(slots=True)
class Progress:
    """What the worker has done lately. Times are monotonic."""

    clock: Clock
    handled: int = 0
    handled_at: float = field(init=False)
    commit_completed_at: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        self.handled_at = self.clock.monotonic()

    def observe(self, handled: int, waiting: int) -> None:
        """Note how many messages were handled since the start, and how many wait now."""
        if handled != self.handled or waiting == 0:
            self.handled, self.handled_at = handled, self.clock.monotonic()

    @property
    def age_s(self) -> float:
        """Time since a message was handled while some wait."""
        return self.clock.monotonic() - self.handled_at

    @property
    def commit_age_s(self) -> float:
        """Time since the last commit cycle."""
        return 0.0 if self.commit_completed_at is None else self.clock.monotonic() - self.commit_completed_at()

    def stalls(self) -> list[str]:
        """Return what has stopped; empty when alive."""
        found = []
        if self.age_s > STALL_S:
            found.append(f"messages wait and none was handled for {self.age_s:.0f} s")
        if self.commit_age_s > COMMIT_STALL_S:
            found.append(f"no commit cycle was completed for {self.commit_age_s:.0f} s")
        return found


class HealthServer(Site):
    """Serves /healthz, /readyz, /metrics and /status."""

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Metrics,
        *,
        stalls: Callable[[], Sequence[str]],
        unready: Callable[[], Sequence[str]],
        status: Callable[[], object],
    ) -> None:
        """``stalls`` and ``unready`` say what is wrong, in words; ``status`` is plain data for a person."""
        self._metrics = metrics
        self._stalls = stalls
        self._unready = unready
        self._status = status
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._exposition),
                web.get("/status", self._show_status),
            ]
        )
        super().__init__(app, host, port)

    async def _healthz(self, _: web.Request) -> web.Response:
        return _verdict(self._stalls())

    async def _readyz(self, _: web.Request) -> web.Response:
        return _verdict([*self._stalls(), *self._unready()])

    async def _exposition(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _show_status(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._status()), content_type="application/json")


def check_address(host: str, port: int) -> str | None:
    """Return why nothing can listen there, with the remedy; None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            return (
                f"cannot listen on {host}:{port} ({reason}): set server.host and server.port to an address that is free"
            )
    return None


def _verdict(problems: Sequence[str]) -> web.Response:
    return web.Response(text="\n".join(problems or ["ok"]) + "\n", status=503 if problems else 200)
