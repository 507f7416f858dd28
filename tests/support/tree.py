"""The project's own files, and a copy of its packages that a test may spoil."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
BIN: Final = Path(sys.executable).parent


def project() -> dict[str, Any]:
    """Return pyproject.toml as data."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def packages() -> list[str]:
    """Return the names of our top-level packages."""
    found: list[str] = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return found


def modules() -> list[Path]:
    """Return every module of ours, relative to the root."""
    return sorted(path.relative_to(ROOT) for name in packages() for path in (ROOT / name).rglob("*.py"))


def project_files() -> list[Path]:
    """Return the files that are, or would be, under version control, relative to the root.

    Without git (an unpacked archive) every file counts that lies in a folder of the project.
    """
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - fixed
        return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]
    hidden = {".venv", ".git", ".cache", ".hypothesis", "build", "__pycache__"}
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(path for path in files if not hidden & set(path.parts))


def text_of(path: Path) -> str:
    """Return a file's text; nothing for one that is not text."""
    try:
        return (ROOT / path).read_text()
    except UnicodeDecodeError:
        return ""


def copied_packages(folder: Path) -> Path:
    """Copy our packages and pyproject.toml into ``folder`` and return it."""
    for name in packages():
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run_tool(name: str, *arguments: str | Path, cwd: Path, text: str | None = None) -> tuple[int, str]:
    """Run a tool of this environment; return its exit status and everything it said."""
    command = [str(BIN / name), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our tools
    return done.returncode, done.stdout + done.stderr
