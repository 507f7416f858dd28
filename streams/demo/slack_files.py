"""The files of the stand-in for Slack: an address for each upload, the bytes, and when a message may show them.

As at Slack, what is uploaded belongs to the app until a message shows it, an upload that is not completed is no file,
and a fresh file is refused in messages while it is still being looked through.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from streams.demo.slack_rules import SlackError

Json: TypeAlias = dict[str, Any]

SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
MOST_BYTES = 1 << 20
ALT_TEXT_LIMIT = 2000


@dataclass(slots=True)
class SlackFile:
    """One file. ``looks`` are the messages that will be refused before it is ready to be shown."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str | None = None  # None until the upload is completed
    looks: int = 0


class SlackFiles:
    """What was uploaded. ``slow``: so many messages are refused before a fresh file may be shown."""

    def __init__(self, address: Callable[[], str], folder: Path | None = None, *, slow: int = 0) -> None:
        """``address`` is where the server is; with a ``folder`` every picture is written there, too."""
        self.slow = slow
        self._address = address
        self._folder = folder
        self._files: dict[str, SlackFile] = {}

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """Return the bytes of every file that was completed, by its id."""
        return {name: file.content for name, file in self._files.items() if file.content and file.title is not None}

    @property
    def calls(self) -> Mapping[str, Callable[[Json], Json]]:
        """Return the methods of the Web API that are about files."""
        return {
            "files.getUploadURLExternal": self._get_address,
            "files.completeUploadExternal": self._complete,
        }

    def _get_address(self, arguments: Json) -> Json:
        name, length = arguments.get("filename"), str(arguments.get("length") or "")
        if not name or not length.isdigit() or int(length) == 0:
            raise SlackError("invalid_arguments")
        if int(length) > MOST_BYTES:
            raise SlackError("file_upload_size_restricted")
        file = SlackFile(f"F{len(self._files) + 1:010d}", str(name), int(length), looks=self.slow)
        self._files[file.id] = file
        return {"upload_url": f"{self._address()}upload/v1/{file.id}", "file_id": file.id}

    def take(self, name: str, content: bytes) -> int:
        """Take the bytes of an upload, and return the HTTP status."""
        file = self._files.get(name)
        if file is None or file.content is not None:
            return 404
        if len(content) != file.length:
            return 400
        file.content = content
        return 200

    def _complete(self, arguments: Json) -> Json:
        wanted = _listed(arguments.get("files"))
        if not isinstance(wanted, list) or not all(isinstance(each, Mapping) and each.get("id") for each in wanted):
            raise SlackError("invalid_arguments")
        files = [self._files.get(str(each["id"])) for each in wanted]
        if not files or any(file is None or file.content is None or file.title is not None for file in files):
            raise SlackError("file_not_found")
        for file, each in zip(files, wanted, strict=True):
            if file is not None:
                file.title = str(each.get("title") or file.name)
                self._save(file)
        return {"files": [{"id": file.id, "title": file.title} for file in files if file is not None]}

    def complaints(self, blocks: object) -> list[str]:
        """Return what is wrong with the pictures in a message, in Slack's words."""
        every = blocks if isinstance(blocks, list) else []
        return [
            f"{what} [json-pointer:/blocks/{index}{where}]"
            for index, block in enumerate(every)
            if isinstance(block, Mapping) and block.get("type") == "image"
            for where, what in self._of_image(block)
        ]

    def _of_image(self, block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        text, named = block.get("alt_text"), block.get("slack_file")
        if not isinstance(text, str) or not text:
            yield "", "missing required field: alt_text"
        elif len(text) > ALT_TEXT_LIMIT:
            yield "/alt_text", f"must be less than {ALT_TEXT_LIMIT + 1} characters"
        if named is None and block.get("image_url"):
            return
        file = self._files.get(str(named.get("id"))) if isinstance(named, Mapping) else None
        if file is None or file.title is None or not _is_image(file.content):
            yield "/slack_file", "invalid slack file"
        elif file.looks > 0:
            file.looks -= 1
            yield "/slack_file", "invalid slack file"

    def delete(self, name: str) -> None:
        """Delete a file as a person would."""
        del self._files[name]

    def _save(self, file: SlackFile) -> None:
        if self._folder is not None and file.content is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{file.id}.png").write_bytes(file.content)


def _listed(argument: object) -> object:
    """Return a list that came as JSON in a form."""
    try:
        return json.loads(argument) if isinstance(argument, str) else argument
    except ValueError:
        return None


def _is_image(content: bytes | None) -> bool:
    return content is not None and any(content.startswith(signature) for signature in SIGNATURES)
