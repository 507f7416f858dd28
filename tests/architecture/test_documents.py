"""What the documents name exists, and no file of the project names a machine or a registry."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from streams.commands import app
from tests.support.tree import ROOT, project_files, text_of

DOCUMENTS = [
    path for path in project_files() if path.suffix == ".md" and (path.parts[0] == "docs" or len(path.parts) == 1)
]
TOP = {path.parts[0] for path in project_files()}
MADE_LATER = {".venv", "build", "demo-output"}  # by make and by the demo

# Patterns, so that this file does not itself name what it looks for.
HOSTS = [
    r"pypi\W?org",
    r"pythonhosted\W?org",
    r"registry\Wnpmjs",
    r"repo1?\Wmaven",
    r"deb\Wdebian\Worg",
    r"proxy\Wgolang",
]
MACHINE_PATHS = [r"(?<![\w.])/(?:work)/", r"(?<![\w./])/(?:root)/", r"(?<![\w./])/(?:home)/\w", r"/(?:opt)/wheels"]


def named_paths(document: str) -> list[str]:
    """The paths that a document names between backticks or links to."""
    prose = re.sub(r"^(```|~~~).*?^\1", "", document, flags=re.MULTILINE | re.DOTALL)
    ticked = [word for word in re.findall(r"`([^`\s]+)`", prose) if word.split("/")[0] in TOP and "/" in word]
    files = [word for word in re.findall(r"`([\w.-]+\.(?:py|md|toml|yaml|yml|json|txt))`", prose) if word in TOP]
    linked = re.findall(r"\]\((?!https?:|mailto:|#)([^)\s#]+)", prose)
    return [*ticked, *files, *(f"@{link}" for link in linked)]


def exists(named: str, document: Path) -> bool:
    if named.startswith("@"):
        return (ROOT / document.parent / named[1:]).exists()
    if "<" in named or named.split("/", maxsplit=1)[0] in MADE_LATER:
        return True
    expanded = re.sub(r"\{[^}]*\}", "*", named.split(":", maxsplit=1)[0].split("#", maxsplit=1)[0])
    return any(ROOT.glob(expanded.rstrip("/")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    assert [named for named in named_paths(text_of(document)) if not exists(named, document)] == []


def anchors(document: str) -> set[str]:
    """What a link may point at in a document: its headings, in small letters, hyphens for spaces, no marks."""
    prose = re.sub(r"^(```|~~~).*?^\1", "", document, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def lost_anchors(document: str, place: Path) -> list[str]:
    """The links of a document to headings that are not there."""
    found = []
    for target, anchor in re.findall(r"\]\(((?!https?:)[^)\s#]*)#([^)\s]+)\)", document):
        other = document if not target else (ROOT / place.parent / target).read_text(encoding="utf-8")
        if anchor not in anchors(other):
            found.append(f"{target}#{anchor}")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_heading_that_a_document_links_to_exists(document: Path) -> None:
    assert lost_anchors(text_of(document), document) == []


def test_a_heading_that_does_not_exist_is_found() -> None:
    text = "# What a `score` means\n[this](#what-a-score-means) and [that](#gone), [there](docs/runbook.md#gone-too)\n"

    assert lost_anchors(text, Path("README.md")) == ["#gone", "docs/runbook.md#gone-too"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_make_target_and_command_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(Path("Makefile")), re.MULTILINE))
    group: Any = typer.main.get_command(app)
    text = text_of(document)
    asked = re.findall(r"(?:^|`|\$ )make ([a-z]+)\b", text, re.MULTILINE)
    commands = re.findall(
        r"(?:^|[`/ ])foreshock ([a-z]+(?:-[a-z]+)*)\b(?=[^`\n]*(?:`|$))",
        re.sub(r"[*_]", "", code_of(text)),
        re.MULTILINE,
    )

    assert [name for name in asked if name not in targets] == []
    assert [name for name in commands if name not in group.commands] == []


def code_of(document: str) -> str:
    """Only what stands in backticks or in a fenced or indented block."""
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    \S.*$", document, re.MULTILINE)
    return "\n".join([*fenced, *indented, *re.findall(r"`[^`\n]+`", document)])


def test_what_does_not_exist_is_found() -> None:
    text = "See `streams/cli.py`, `streams/gone.py` and [this](gone.md), not `a/b`.\n```\n`streams/x.py`\n```\n"

    missing = [named for named in named_paths(text) if not exists(named, Path("README.md"))]

    assert missing == ["streams/gone.py", "@gone.md"]


@pytest.mark.parametrize("what", [*HOSTS, *MACHINE_PATHS])
def test_no_file_names_a_registry_or_a_path_of_a_machine(what: str) -> None:
    found = [str(path) for path in project_files() if path.suffix != ".gz" and re.search(what, text_of(path))]

    assert [path for path in found if path != "tests/architecture/test_documents.py"] == []


def test_a_registry_and_a_machine_path_would_be_found() -> None:
    bait = f"https://{'pypi'}.org/simple and {'/wo'}rk/main"

    assert any(re.search(what, bait) for what in HOSTS)
    assert any(re.search(what, bait) for what in MACHINE_PATHS)


@pytest.mark.parametrize("name", ["requirements/run.txt", "requirements/dev.txt"])
def test_requirements_name_no_place_and_every_one_has_a_hash(name: str) -> None:
    lines = [line for line in text_of(Path(name)).splitlines() if line and not line.startswith((" ", "#"))]

    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    assert [line for line in lines if not re.fullmatch(r"[\w.\[\]-]+==\S+( ;.*)? \\", line)] == []
    assert "--hash=sha256:" in text_of(Path(name))
