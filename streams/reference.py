"""Writes what is generated: configuration and metrics pages, schema. `make docs` runs it, a test compares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.reference import generated_files, markdown_table
from streams import metrics

ROOT: Final = Path(__file__).resolve().parents[1]

_CONFIGURATION = f"""# Configuration

Generated from the models by `make docs`. One YAML file; `config/examples/minimal.yaml` is the smallest, and
`config/examples/full.yaml` shows every key. `foreshock check FILE` says what is wrong with yours, and
`foreshock config show FILE` what is in force and where each value comes from. `config/schema.json` is for editors.

{markdown_table()}
"""


def pages() -> Mapping[Path, str]:
    """Return every generated file with its content."""
    return {
        **generated_files(),
        ROOT / "docs" / "configuration.md": _CONFIGURATION,
        ROOT / "docs" / "metrics.md": metrics.page(),
    }


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
