"""Compose file and Dockerfile agree with the command line, with the files beside them, and with good manners."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from streams.commands import app
from tests.support.compose import ROOT, compose_services

SERVICES = compose_services()
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "foreshock:local"}
OTHERS = OURS.keys() - {"foreshock", "answers"}
WRITES_TO_ITS_IMAGE = {"kafka", "sources"}  # Apache's image makes its configuration when it starts


def bound_files(service: dict[str, Any]) -> dict[str, Path]:
    """Paths inside the container with the files of this repository that are mounted there."""
    mounts = [volume.split(":") for volume in service.get("volumes", []) if volume.startswith("./")]
    return {inside: ROOT / outside for outside, inside, *_ in mounts}


def outside(argument: str, service: dict[str, Any]) -> str:
    """An argument with paths inside the container replaced by those of the mounted files."""
    return str(bound_files(service).get(argument, argument))


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_file_exists_and_is_mounted_read_only(name: str) -> None:
    volumes = [volume for volume in SERVICES[name].get("volumes", []) if volume.startswith("./")]

    assert [path for path in bound_files(SERVICES[name]).values() if not path.exists()] == []
    assert all(volume.endswith(":ro") for volume in volumes)


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_foreshock_understands(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    usual = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert usual is not None
    written: list[str] = OURS[name].get("command") or json.loads(usual.group(1))
    words = [outside(word, OURS[name]) for word in written]

    # Parsing alone: an unknown command, an unknown option or a missing argument is an error here.
    command: Any = typer.main.get_command(app)
    context: Any = None
    while hasattr(command, "resolve_command"):
        context = command.make_context(command.name, words, parent=context, resilient_parsing=True)
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    command.make_context(command.name, words, parent=context)


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("read_only", False) is (name not in WRITES_TO_ITS_IMAGE)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert ":latest" not in service["image"]
    assert re.search(r":(local|v?\d+\.\d+\.\d+)$", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_others_wait_for_says_when_it_is_ready(name: str) -> None:
    for waited_for, how in SERVICES[name].get("depends_on", {}).items():
        image_has_one = waited_for in OURS  # the Dockerfile's
        if how["condition"] == "service_healthy":
            assert image_has_one or SERVICES[waited_for]["healthcheck"]["test"]
        else:
            assert SERVICES[waited_for].get("restart") is None, "a task that is restarted never ends"


def test_the_addresses_that_compose_sets_are_those_that_the_configuration_asks_for() -> None:
    configuration = (ROOT / "streams" / "demo" / "payments.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", configuration))

    assert {name for name in OURS["foreshock"]["environment"] if not name.startswith("FORESHOCK__")} == asked


def test_what_shows_buttons_and_what_hears_them_are_told_the_same_of_slack() -> None:
    environment = OURS["answers"]["environment"]

    assert OURS["foreshock"]["environment"] == environment
    # Without a value: taken from the shell, and left out where it is not set there. An empty token is refused.
    assert environment["FORESHOCK__CHANNELS__SLACK__APP_TOKEN"] is None
    assert environment["SLACK_URL"].startswith("${SLACK_URL:-")
    assert all("FORESHOCK__CHANNELS__SLACK__APP_TOKEN" not in OURS[name].get("environment", {}) for name in OTHERS)


def test_compose_and_the_tests_run_the_same_kafka() -> None:
    pom = (ROOT / "ops" / "kafka" / "pom.xml").read_text()
    tested = re.search(r"<kafka.version>(.*)</kafka.version>", pom)

    assert tested is not None
    assert {SERVICES[name]["image"] for name in ("kafka", "sources")} == {f"apache/kafka:{tested.group(1)}"}


def test_the_image_has_every_package_of_the_wheel_and_the_python_of_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    makefile = (ROOT / "Makefile").read_text()

    assert set(re.findall(r"^COPY (\w+)/ \1/$", dockerfile, re.MULTILINE)) == packages
    assert packages <= {line.removeprefix("!") for line in ignore if line.startswith("!")}
    locked_for = re.search(r"uv pip compile .*--python-version (\S+)", makefile)
    assert locked_for is not None
    bases = set(re.findall(r"^FROM python:(\S+?)-slim", dockerfile, re.MULTILINE))
    assert {".".join(base.split(".")[:2]) for base in bases} == {locked_for.group(1)}


def test_the_image_does_not_run_as_root_and_keeps_its_health() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert OURS["foreshock"]["user"] == "10001:10001"
    assert "/readyz" in dockerfile
    assert dockerfile.count("--require-hashes") == 2
