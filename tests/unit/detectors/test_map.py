import re
from pathlib import Path

import detectors

FOLDER = Path(detectors.__file__).parent
LINE = re.compile(r"^(?:  )?((?:\w+, )*\w+)  +\w", re.MULTILINE)


def on_the_map() -> list[str]:
    """The modules with which a line of the package's docstring begins, and those that it names in passing."""
    text = detectors.__doc__ or ""
    listed = [name for line in LINE.findall(text) for name in line.split(", ")]
    return [
        *listed,
        *(name for name in ("params", "calibration", "fused", "_river") if re.search(rf"\b{name}\b", text)),
    ]


def test_every_module_stands_once_in_the_way_of_a_sample() -> None:
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert sorted(on_the_map()) == sorted(modules)
