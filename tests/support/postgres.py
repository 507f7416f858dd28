"""A real PostgreSQL for tests: its own cluster in a folder of its own, on loopback, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.processes import PATIENCE_S, free_port, port_answers, wait_until

OWNER: Final = "postgres"  # PostgreSQL refuses to run as root: the account that its package makes


class PostgresServer:
    """One server; use it as a context manager."""

    def __init__(self) -> None:
        self._bin = postgres_bin()
        self._folder = Path(tempfile.mkdtemp(prefix="foreshock-pg-"))
        self._port = free_port()
        self._account = OWNER if os.geteuid() == 0 else None
        if self._account is not None:
            shutil.chown(self._folder, self._account, self._account)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database as people write it."""
        return f"postgresql://auditor:hunter2@127.0.0.1:{self._port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database and return its URL."""
        self._run("createdb", "--host=127.0.0.1", f"--port={self._port}", "--username=auditor", database)
        return self.url(database)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        secret = self._folder / "secret"
        secret.write_text("hunter2")
        secret.chmod(0o644)
        data = str(self._folder / "data")
        self._run(
            "initdb", "--pgdata", data, "--username=auditor", f"--pwfile={secret}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                str(self._bin / "postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(self._port), "-k", "",
                "-c", "fsync=off",
            ],
            stdout=log, stderr=subprocess.STDOUT, user=self._account, group=self._account, extra_groups=None, cwd="/",
        )  # fmt: skip
        log.close()
        wait_until(lambda: port_answers(self._port), what="PostgreSQL to answer")
        wait_until(self._serves, what="PostgreSQL to serve")

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serves(self) -> bool:
        done = self._command("pg_isready", "--host=127.0.0.1", f"--port={self._port}")
        return done.returncode == 0

    def _run(self, name: str, *arguments: str) -> None:
        done = self._command(name, *arguments)
        if done.returncode != 0:
            raise RuntimeError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [str(self._bin / name), *arguments],
            capture_output=True, text=True, check=False, cwd="/", user=self._account, group=self._account,
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": "hunter2", "LC_ALL": "C"},
        )  # fmt: skip


def postgres_bin() -> Path:
    """Return the folder of PostgreSQL's programs; raises RuntimeError when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    if on_path is not None:
        return Path(on_path).resolve().parent
    raise RuntimeError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
