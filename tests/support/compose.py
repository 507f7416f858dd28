"""The compose file as data."""

from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]


def compose_services() -> dict[str, dict[str, Any]]:
    """Return the services of docker-compose.yml, merge keys applied."""
    services: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def kafka_settings() -> dict[str, str]:
    """Return the broker's settings as Apache's image makes them of its environment: KAFKA_NODE_ID is node.id."""
    environment: dict[str, str] = compose_services()["kafka"]["environment"]
    not_settings = {"KAFKA_HEAP_OPTS"}
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name not in not_settings
    }
