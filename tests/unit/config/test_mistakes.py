"""One file for each mistake: what is told, where, and nothing else."""

import re
from functools import reduce
from pathlib import Path

import pytest

from alerts.channels.email.words.tongues import CODES
from tests.support.config_files import errors_of

FOLDER = Path(__file__).parent / "mistakes"
FILES = sorted(FOLDER.glob("*.yaml"))
BAIT = re.compile(r"\bbait-")


def _directives(path: Path, word: str) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(f"# {word}: ") for line in lines if line.startswith(f"# {word}: ")]


def test_there_is_a_file_for_each_of_many_mistakes() -> None:
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place_and_what_to_do(path: Path) -> None:
    environ = dict(line.split("=", 1) for line in _directives(path, "environ"))
    blanks = {"{folder}": str(FOLDER), "{languages}": ", ".join(CODES)}
    expected = [
        reduce(lambda line, blank: line.replace(*blank), blanks.items(), each) for each in _directives(path, "expect")
    ]

    errors = errors_of(path, environ, require_sources=True)

    assert expected, "a mistake without an expectation"
    assert errors == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_mistake_makes_a_secret_appear(path: Path) -> None:
    environ = dict(line.split("=", 1) for line in _directives(path, "environ"))

    errors = errors_of(path, environ, require_sources=True)

    assert not BAIT.search("\n".join(errors))
