import re
from importlib import import_module
from pathlib import Path

import pytest

import detectors

FOLDER = Path(detectors.__file__).parent
PACKAGES = ["detectors", *sorted(f"detectors.{path.parent.name}" for path in FOLDER.glob("*/__init__.py"))]
LINE = re.compile(r"^(?:  )?((?:\w+, )*\w+)  +\w", re.MULTILINE)


def on_the_map(package: str) -> list[str]:
    """The modules and packages with which the lines of a package's docstring begin."""
    return [name for line in LINE.findall(import_module(package).__doc__ or "") for name in line.split(", ")]


def within(package: str) -> set[str]:
    """The modules and packages that lie in a package."""
    folder = FOLDER.parent.joinpath(*package.split("."))
    return {path.stem for path in folder.glob("[!.]*") if path.suffix == ".py" or (path / "__init__.py").exists()}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_stands_once_in_the_way_of_a_sample(package: str) -> None:
    assert sorted(on_the_map(package)) == sorted(within(package) - {"__init__"})
