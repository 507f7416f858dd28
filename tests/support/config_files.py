"""Configuration files for tests: written into a folder, read back with an environment of their own."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from config.loader import Loaded, read
from config.origins import InvalidConfigError
from tests.support.dkim import ED25519_KEY

SOURCES = "sources: [{topic: telemetry}]\n"
EXAMPLE_ENVIRONMENT = {
    "KAFKA_PASSWORD": "bait-kafka-password",
    "SLACK_TOKEN": "xoxb-bait-slack-token",
    "SMTP_PASSWORD": "bait smtp: 'password'\\",
    "DKIM_KEY": ED25519_KEY,
}


def write(folder: Path, text: str) -> Path:
    """Write a configuration and return its path."""
    path = folder / "foreshock.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def read_text(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read a configuration given as text; sources may be missing."""
    return read(write(folder, text), environ or {})


def errors_of(path: Path, environ: Mapping[str, str] | None = None, *, require_sources: bool = False) -> list[str]:
    """Return everything that is wrong with a file, without the path in front; nothing when it can be used."""
    try:
        read(path, environ or {}, require_sources=require_sources)
    except InvalidConfigError as error:
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []
