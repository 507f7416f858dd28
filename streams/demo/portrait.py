"""A page with one message of a run: for the pictures in the README.

python -m streams.demo.portrait demo-output > warning.html                           # somebody still had to approve
python -m streams.demo.portrait demo-output status@harbourpay.example > letter.html  # the first letter to somebody
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from alerts.channels.slack.controls import APPROVE
from streams.demo.letters import read_letters
from streams.demo.slack_messages import Posted
from streams.demo.slack_page import render_page
from streams.demo.slack_people import has_button


def portrait(out: Path) -> str:
    """Return the page of the first message that asked for an approval; LookupError when none did."""
    pictures = {file.stem: file.read_bytes() for file in (out / "slack" / "files").glob("*.png")}
    for file in sorted((out / "slack").glob("*.json")):
        message = Posted(**json.loads(file.read_text("utf-8")))
        versions = [version for version in _versions(message) if has_button(version, APPROVE)]
        if versions:
            drawn = (version for version in versions if any(block["type"] == "image" for block in version.blocks))
            return render_page([next(drawn, versions[0])], pictures, note=False)
    raise LookupError(f"no message in {out} has asked for an approval")


def first_letter(out: Path, recipient: str) -> str:
    """Return the first letter to this address; LookupError when there is none."""
    for letter in read_letters((out / "mail").glob("*.eml")):
        if letter.recipient == recipient:
            return letter.html
    raise LookupError(f"no letter in {out} went to {recipient}")


def _versions(message: Posted) -> Iterator[Posted]:
    for edit in message.edits:
        yield replace(message, text=edit["text"], blocks=edit["blocks"], edits=[])
    yield replace(message, edits=[])


if __name__ == "__main__":
    folder, *whom = sys.argv[1:]
    sys.stdout.write(first_letter(Path(folder), *whom) if whom else portrait(Path(folder)))
