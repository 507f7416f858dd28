"""The folder of a run, and the configuration in it that the demo's processes read. Its secrets open nothing else."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import yaml

from config.loader import load
from config.settings import Settings
from domain.errors import ForeshockError
from streams.demo.mail_server import MailServer
from streams.demo.ports import HOST, free_ports
from streams.demo.slack_people import SIGNING_SECRET
from streams.demo.slack_server import SlackServer

MARKER: Final = ".foreshock-demo"  # tells a folder that a run has made, and that the next run may empty
CONFIG: Final = "foreshock.yaml"
LINK_KEY: Final = "the key of the links in the demo's letters"


class DemoError(ForeshockError):
    """The demo cannot run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a run's processes are found."""

    kafka: str
    worker: int  # ports on this machine
    answers: int
    answers_metrics: int


@contextmanager
def own_folder(out: Path) -> Iterator[None]:
    """Make the folder, or empty the one that an earlier run has made, and keep other runs out of it meanwhile.

    Raises DemoError for anybody else's folder, one that another run is using, and one that cannot be written.
    """
    try:
        marker = _claim(out)
    except BlockingIOError:
        raise DemoError(f"another demo is using {out}: name another folder with --out") from None
    except OSError as error:
        raise DemoError(f"{out} cannot be used: {error.strerror}; name another folder with --out") from error
    with marker:
        yield


def _claim(out: Path) -> TextIO:
    """Return the marker in a folder that is empty otherwise; it is locked until it is closed or its process ends."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / MARKER).exists():
        raise DemoError(f"{out} is not empty and no earlier demo has made it: name another folder with --out")
    marker = (out / MARKER).open("a", encoding="utf-8")
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        marker.truncate(0)
        marker.write("A run of `foreshock demo` made this folder; the next one empties it.\n")
        marker.flush()
        for path in out.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARKER:
                path.unlink()
    except BaseException:
        marker.close()
        raise
    return marker


def free_addresses(kafka: str) -> Addresses:
    """Return ports that nobody listens on just now."""
    return Addresses(kafka, *islice(free_ports(), 3))


def configure(base: Path, out: Path, addresses: Addresses, slack: SlackServer, mail: MailServer) -> Settings:
    """Write the configuration into the folder, and read it back as the processes will."""
    answers = f"http://{HOST}:{addresses.answers}"
    over = {
        "kafka": {"brokers": addresses.kafka.split(","), "create_topics": False},
        "state": {"store": "directory", "directory": str(out.resolve() / "state")},
        "server": {"host": HOST, "port": addresses.worker},
        "answers": {"host": HOST, "port": addresses.answers, "url": answers, "keys_file": "link-keys"},
        "channels": {
            "slack": {
                "base_url": slack.url,
                "token_file": "slack-token",
                "signing_secret_file": "slack-signing-secret",
            },
            "email": {"host": mail.host, "port": mail.port, "security": "none"},
        },
    }
    secrets = {"slack-token": slack.token, "slack-signing-secret": SIGNING_SECRET, "link-keys": LINK_KEY}
    for name, secret in secrets.items():
        (out / name).write_text(secret, encoding="utf-8")
    settings = _read(base)
    for own in ("token", "signing_secret", "app_token"):  # a real one has no business here
        _section(_section(settings, "channels"), "slack").pop(own, None)
    target = out / CONFIG
    target.write_text(yaml.safe_dump(merged(settings, over), sort_keys=False), encoding="utf-8")
    return load(target, {})


def _read(base: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(base.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DemoError(f"the configuration {base} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise DemoError(f"{base} is no configuration: `foreshock check {base}` says why")
    return settings


def _section(settings: dict[str, Any], name: str) -> dict[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with every value of ``over`` in its place; neither is changed."""
    result = dict(base)
    for key, value in over.items():
        found = result.get(key)
        result[key] = merged(found, value) if isinstance(found, dict) and isinstance(value, dict) else value
    return result
