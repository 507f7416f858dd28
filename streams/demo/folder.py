"""The folder of a run, and the configuration in it that the demo's processes read. Its secrets open nothing else."""

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from config.loader import load
from config.settings import Settings
from domain.errors import ForeshockError
from streams.demo.mail_server import MailServer
from streams.demo.slack_people import SIGNING_SECRET
from streams.demo.slack_server import SlackServer

MARKER: Final = ".foreshock-demo"  # tells a folder that a run has made, and that the next run may empty
CONFIG: Final = "foreshock.yaml"
LINK_KEY: Final = "the key of the links in the demo's letters"
HOST: Final = "127.0.0.1"


class DemoError(ForeshockError):
    """The demo cannot run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a run's processes are found."""

    kafka: str
    worker: int  # ports on this machine
    answers: int
    answers_metrics: int


def prepare_folder(out: Path) -> None:
    """Make the folder, or empty the one that an earlier run has made; raises DemoError for anybody else's."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).exists())):
        raise DemoError(f"{out} is not empty and no earlier demo has made it: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARKER).write_text(
        "A run of `foreshock demo` made this folder; the next one empties it.\n", encoding="utf-8"
    )


def free_addresses(kafka: str) -> Addresses:
    """Return ports that nobody listens on just now."""
    probes = [socket.socket() for _ in range(3)]
    try:
        for probe in probes:  # all of them before the first is let go: else two could be one
            probe.bind((HOST, 0))
        return Addresses(kafka, *(int(probe.getsockname()[1]) for probe in probes))
    finally:
        for probe in probes:
            probe.close()


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
    settings = yaml.safe_load(base.read_text(encoding="utf-8"))
    for own in ("token", "signing_secret", "app_token"):  # a real one has no business here
        settings.get("channels", {}).get("slack", {}).pop(own, None)
    target = out / CONFIG
    target.write_text(yaml.safe_dump(merged(settings, over), sort_keys=False), encoding="utf-8")
    return load(target, {})


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with every value of ``over`` in its place; neither is changed."""
    result = dict(base)
    for key, value in over.items():
        found = result.get(key)
        result[key] = merged(found, value) if isinstance(found, dict) and isinstance(value, dict) else value
    return result
