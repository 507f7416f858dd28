"""Who may import whom: the contracts of pyproject.toml hold, and each is seen to fail."""

import importlib
import importlib.metadata
import re
from pathlib import Path

import pytest

from tests.support.tree import ROOT, copied_packages, packages, project, run_tool

# What breaks each contract: a module that does not exist yet, or lines for one that does.
VIOLATIONS = {
    "Layers: streams -> config -> alerts | detectors -> domain": {
        "alerts/injected.py": "import detectors.base\n",
        "domain/injected.py": "import config\n",
    },
    "Inside detectors: from a partition down to one series and its scores": {
        "detectors/values/stuck.py": "\nimport detectors.series.bank\n"
    },
    "The centre is pure: no clock, chance, I/O or framework": {"detectors/injected.py": "import asyncio\n"},
    "The domain is the standard library only": {"domain/injected.py": "import pydantic\n"},
    "slack_sdk is known to the Slack channel only": {"streams/injected.py": "import slack_sdk\n"},
    "Pillow is known to the Slack channel only": {"streams/injected.py": "import PIL\n"},
    "aiosmtplib is known to the e-mail channel only": {"config/injected.py": "import aiosmtplib\n"},
    "cryptography is known to the e-mail channel only": {"config/injected.py": "import cryptography\n"},
    "river is known to the detectors only": {"alerts/injected.py": "import river\n"},
    "sqlalchemy is known to the record only": {"streams/commands/injected.py": "import sqlalchemy\n"},
    "prometheus_client is known to the metrics only": {"streams/injected.py": "import prometheus_client\n"},
    "Codecs do not know each other": {"streams/codecs/cloudevents.py": "\nimport streams.codecs.native\n"},
}


def contracts() -> list[str]:
    return [contract["name"] for contract in project()["tool"]["importlinter"]["contracts"]]


def verdicts(folder: Path) -> dict[str, str]:
    """What import-linter says of each contract."""
    _, said = run_tool("lint-imports", "--no-cache", cwd=folder)
    return dict(re.findall(r"^(.*) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?$", said, re.MULTILINE))


def inject(folder: Path, violation: dict[str, str]) -> None:
    for name, lines in violation.items():
        with (folder / name).open("a") as file:
            file.write(lines)


def test_every_contract_holds_for_the_tree_as_it_is(tmp_path: Path) -> None:
    assert verdicts(copied_packages(tmp_path)) == dict.fromkeys(contracts(), "KEPT")


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_every_contract_is_seen_to_fail(contract: str, tmp_path: Path) -> None:
    folder = copied_packages(tmp_path)
    inject(folder, VIOLATIONS[contract])

    assert verdicts(folder)[contract] == "BROKEN"


def test_every_contract_has_something_that_breaks_it() -> None:
    assert sorted(VIOLATIONS) == sorted(contracts())


def test_no_other_distribution_brings_a_package_of_our_name() -> None:
    owners = importlib.metadata.packages_distributions()

    for name in packages():
        assert set(owners.get(name, [])) <= {"foreshock"}, name


@pytest.mark.parametrize("name", packages())
def test_our_packages_are_the_ones_that_are_imported(name: str) -> None:
    found = importlib.import_module(name).__file__

    assert found is not None
    assert Path(found) == ROOT / name / "__init__.py"


@pytest.mark.parametrize("name", packages())
def test_every_package_is_typed_and_says_what_it_is(name: str) -> None:
    assert (ROOT / name / "py.typed").exists()
    assert importlib.import_module(name).__doc__
