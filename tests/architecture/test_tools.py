"""The guards of the toolchain are seen to fail: a guard that nobody saw fail guards nothing."""

import io
import json
import re
import tokenize
from pathlib import Path
from tokenize import COMMENT
from typing import Any

import pytest

from tests.support.tree import ROOT, modules, project, project_files, run_tool, text_of

RUFF: dict[str, Any] = project()["tool"]["ruff"]["lint"]
BANNED = sorted(RUFF["flake8-tidy-imports"]["banned-api"])


def ruff_codes(code: str, path: str) -> set[str]:
    """The rules that ruff finds broken in ``code`` as if it stood at ``path``."""
    arguments = ("check", "--no-cache", "--output-format", "json", "--stdin-filename", path, "-")
    _, said = run_tool("ruff", *arguments, cwd=ROOT, text=code)
    return {finding["code"] for finding in json.loads(said)}


def use_of(name: str) -> str:
    """Code that uses a banned name, by import and in full."""
    module, _, attribute = name.rpartition(".")
    if name in {"datetime.datetime.now", "datetime.datetime.utcnow"}:
        return f'"""M."""\n\nimport datetime\n\nX = datetime.datetime.{attribute}()\n'
    return f'"""M."""\n\nfrom {module} import {attribute}\n\nX = {attribute}\n' if module else f"import {name}\n"


@pytest.mark.parametrize("name", BANNED)
def test_a_banned_call_is_found_in_our_code(name: str) -> None:
    assert "TID251" in ruff_codes(use_of(name), "detectors/injected.py")


def test_what_is_not_banned_is_not_found() -> None:
    assert ruff_codes('"""M."""\n\nfrom math import sqrt\n\nX = sqrt(2)\n', "detectors/injected.py") == set()


def test_a_function_without_types_or_docstring_is_found() -> None:
    assert {"ANN201", "D103"} <= ruff_codes('"""M."""\n\n\ndef f():\n    return 1\n', "detectors/injected.py")


def test_a_swallowed_exception_is_found() -> None:
    code = '"""M."""\n\ntry:\n    X = 1\nexcept Exception:\n    X = 2\n'

    assert "BLE001" in ruff_codes(code, "alerts/injected.py")


def test_a_line_that_is_not_formatted_is_found() -> None:
    status, _ = run_tool(
        "ruff", "format", "--check", "--stdin-filename", "alerts/x.py", "-", cwd=ROOT, text="x = { }\n"
    )

    assert status == 1


def test_mypy_refuses_a_function_without_types(tmp_path: Path) -> None:
    (tmp_path / "untyped.py").write_text("def double(x):\n    return 2 * x\n")

    status, said = run_tool(
        "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", tmp_path / "cache", "untyped.py", cwd=tmp_path
    )

    assert status == 1
    assert "no-untyped-def" in said


def test_mypy_is_strict_everywhere() -> None:
    settings = project()["tool"]["mypy"]
    overrides = [set(override) - {"module"} for override in settings["overrides"]]

    assert settings["strict"] is True
    assert {"domain", "detectors", "alerts", "config", "streams", "tests"} <= set(settings["files"])
    assert all(override == {"ignore_missing_imports"} for override in overrides)


def test_a_warning_fails_a_test(tmp_path: Path) -> None:
    (tmp_path / "test_warns.py").write_text(
        "import warnings\n\n\ndef test_it():\n    warnings.warn('old', stacklevel=1)\n"
    )

    status, said = run_tool(
        "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-p", "no:cacheprovider", ".", cwd=tmp_path
    )

    assert status == 1
    assert "UserWarning" in said


def test_every_rule_that_is_switched_off_has_its_reason_beside_it() -> None:
    text = text_of(Path("pyproject.toml"))
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.pydocstyle]")]
    lines = [line for line in section.splitlines() if re.match(r'\s*"[A-Z]+\d*",|"[^"]+" = \[', line)]

    assert len(lines) > 20
    assert [line for line in lines if "#" not in line and not line.endswith("= [")] == []


def test_every_exception_for_a_file_is_for_files_that_exist() -> None:
    assert [glob for glob in RUFF["per-file-ignores"] if not any(ROOT.glob(glob))] == []


def unexplained(source: str) -> list[int]:
    """The lines on which a rule is switched off without its name and a reason."""
    comments = (token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == COMMENT)
    explained = r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+(--?|#) \S"
    return [token.start[0] for token in comments if "noqa" in token.string and not re.search(explained, token.string)]


def test_every_exception_on_a_line_has_its_rule_and_its_reason() -> None:
    python = [path for path in project_files() if path.suffix == ".py"]

    assert [f"{path}:{line}" for path in python for line in unexplained(text_of(path))] == []


def test_an_exception_without_a_reason_is_found() -> None:
    off = "# no" + "qa"

    assert unexplained(f"x = 1  {off}\ny = 2  {off}: S101\nz = 3  {off}: S101 - it is a test\nw = '{off}'\n") == [1, 2]


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

    assert [path for path in modules() if {path.stem, *path.parts[:-1]} & drawers] == []


def test_no_module_is_too_long_to_read() -> None:
    assert [f"{path}: {lines}" for path in modules() if (lines := len(text_of(path).splitlines())) > 350] == []
