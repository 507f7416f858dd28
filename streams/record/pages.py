"""The recorder's pages: /metrics, /healthz and /readyz, served beside its work."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from domain.clock import Clock
from streams.metrics import Metrics
from streams.record.database import RecordError

STALL_S: Final = 900.0  # verifying a large record takes minutes, in which nothing is read


class Pulse:
    """When the recorder last came round. A process that merely answers is no proof that it works."""

    def __init__(self, clock: Clock) -> None:
        """Count from now; not ready before the first beat."""
        self._clock = clock
        self._at = clock.monotonic()
        self.ready = False

    def beat(self) -> None:
        """Note that the recorder came round, so that it has caught up once."""
        self._at = self._clock.monotonic()
        self.ready = True

    def problems(self) -> list[str]:
        """Return what is wrong, in words."""
        age_s = self._clock.monotonic() - self._at
        return [f"nothing was done for {age_s:.0f} s"] if age_s > STALL_S else []


class Pages:
    """Serves in a thread of its own: ``with Pages(...) as pages``. Raises RecordError where it cannot listen."""

    def __init__(self, host: str, port: int, metrics: Metrics, pulse: Pulse) -> None:
        """``port`` 0 takes a free one."""
        routes: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "/metrics": lambda: (200, "text/plain; version=0.0.4", metrics.exposition()),
            "/healthz": lambda: _told(pulse.problems()),
            "/readyz": lambda: _told(pulse.problems() or ([] if pulse.ready else ["still catching up"])),
        }

        class Handler(BaseHTTPRequestHandler):
            timeout = 10.0  # of a reader that says nothing

            def do_GET(self) -> None:
                """Answer one of the pages."""
                route = routes.get(self.path)
                status, kind, body = (404, "text/plain", b"not found\n") if route is None else route()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing of each scrape."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise RecordError(f"cannot listen on {host}:{port} ({error.strerror}): choose another --port") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="pages", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, with the port that was taken."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _told(problems: list[str]) -> tuple[int, str, bytes]:
    text = "\n".join(problems or ["ok"]) + "\n"
    return (503 if problems else 200), "text/plain; charset=utf-8", text.encode()
