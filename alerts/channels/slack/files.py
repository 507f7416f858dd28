"""Pictures in Slack messages: uploaded after the message has gone out, then put into it by an edit.

The upload goes to an address that Slack names, and the file is shared with nobody but the app; a message that shows it
shows it to all of its readers. A file that is still being looked through is refused in messages for a second or two.
https://docs.slack.dev/reference/methods/files.getUploadURLExternal
https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels.slack import outcomes
from alerts.channels.slack.blocks import Block, Message, compose
from alerts.channels.slack.chart import Chart, chart_of, describe
from alerts.channels.slack.picture import draw
from alerts.memory import remember
from domain.notice import ENDINGS, Notice, SquadFacts

log = logging.getLogger(__name__)

WAITS_S = (1.0, 1.0, 2.0, 3.0, 5.0)  # before each attempt to show a file that was just uploaded
BUDGET_S = 25.0  # for everything about one picture
EDIT_S = 3.0  # an edit that is under way is waited for, so that it cannot overtake what comes after it
PAUSE_S = 60.0  # after a 429 that names no time
REMEMBERED = 1000  # messages and files
# An operator has to mend these; until the next start, messages go out without pictures.
_SWITCHED_OFF = frozenset(
    {
        "file_upload_size_restricted",
        "file_uploads_disabled",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "restricted_action",
        "unknown_method",
    }
)


class UploadError(Exception):
    """The bytes of a picture were not taken; the message says why, and names no address."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture in a message: whose bytes it has, and its block."""

    digest: str
    block: Block


class Pictures:
    """Adds pictures to messages, each at most once. Nothing that goes wrong here is more than a line in the log."""

    def __init__(
        self,
        web: Callable[[], AsyncWebClient],
        base_url: str,
        *,
        waits_s: tuple[float, ...] = WAITS_S,
        buttons: bool = False,
    ) -> None:
        """``buttons``: the messages have them, and keep them when a picture is added."""
        self._web = web
        self._base_url = base_url
        self._waits_s = waits_s
        self._buttons = buttons
        self._shown: dict[str, Shown] = {}  # by reference of the message
        self._files: dict[str, str] = {}  # digest -> id of the file
        self._uploading = asyncio.Lock()  # one at a time: two squads get the same picture at the same time
        self._off = False
        self._paused_until = 0.0  # by the clock of the event loop

    def within(self, reference: str, blocks: Sequence[Block]) -> list[Block]:
        """Return the blocks with the picture that the message has had, if any, so that an edit does not take it out."""
        shown = self._shown.get(reference)
        return list(blocks) if shown is None else with_picture(blocks, shown.block)

    def forget(self, reference: str) -> bool:
        """Forget the picture of a message, which Slack shows no longer; True if there was one."""
        return self._shown.pop(reference, None) is not None

    async def add(self, notice: Notice, reference: str) -> None:
        """Draw, upload and show the picture of a message that is there. Never raises."""
        if self._off or asyncio.get_running_loop().time() < self._paused_until:
            return
        try:
            chart = _chart(notice)
            if chart is not None:
                async with asyncio.timeout(BUDGET_S):
                    await self._add(chart, compose(notice, buttons=self._buttons), reference)
        except SlackApiError as error:
            self._refused(notice, error)
        except Exception as error:  # noqa: BLE001 - a warning without its picture is still a warning
            log.warning("notice %s stays without a picture: %s", notice.id, _reason(error))

    async def _add(self, chart: Chart, message: Message, reference: str) -> None:
        image = await asyncio.to_thread(draw, chart)  # some milliseconds, in which other work goes on
        digest = hashlib.sha256(image).hexdigest()
        known = self._shown.get(reference)
        if known is not None and known.digest == digest:
            return
        waits_s = (0.0, *self._waits_s)
        async with self._uploading:
            file = self._files.get(digest)
            if file is None:
                file, waits_s = await self._upload(image, chart.title), self._waits_s
                remember(self._files, digest, file, REMEMBERED)
        shown = Shown(digest, image_block(file, describe(chart)))
        await self._show(shown, message, reference, waits_s)
        remember(self._shown, reference, shown, REMEMBERED)

    async def _upload(self, image: bytes, title: str) -> str:
        web = self._web()
        answer = await web.files_getUploadURLExternal(filename="series.png", length=len(image))
        address, file = str(answer["upload_url"]), str(answer["file_id"])
        if not self._trusted(address):
            raise UploadError("Slack named an address for the upload that is not https")
        if web.session is None:
            raise UploadError("there is no connection")
        # The address is the permission: no token goes there, and no redirect is followed.
        async with web.session.post(address, data=image, proxy=web.proxy, allow_redirects=False) as uploaded:
            if uploaded.status != 200:
                raise UploadError(f"the upload was answered with HTTP {uploaded.status}")
        await web.files_completeUploadExternal(files=[{"id": file, "title": title}])
        return file

    def _trusted(self, address: str) -> bool:
        target, own = urlsplit(address), urlsplit(self._base_url)
        return target.scheme == "https" or (target.scheme, target.netloc) == (own.scheme, own.netloc)

    async def _show(self, shown: Shown, message: Message, reference: str, waits_s: Sequence[float]) -> None:
        channel, _, ts = reference.partition(":")
        blocks = with_picture(message.blocks, shown.block)
        for attempt, wait_s in enumerate(waits_s, 1):
            await asyncio.sleep(wait_s)
            try:
                await _to_its_end(self._edit(channel, ts, message.text, blocks))
            except SlackApiError as error:
                if outcomes.code(error) != "invalid_blocks" or attempt == len(waits_s):
                    self._files.pop(shown.digest, None)
                    raise
            else:
                return

    async def _edit(self, channel: str, ts: str, text: str, blocks: Sequence[Block]) -> None:
        await self._web().chat_update(channel=channel, ts=ts, text=text, blocks=list(blocks))

    def _refused(self, notice: Notice, error: SlackApiError) -> None:
        outcome, code = outcomes.of_error(error), outcomes.code(error)
        if code in _SWITCHED_OFF:
            self._off = True
            log.warning(
                "Slack takes no pictures (%s): messages go out without them until the next start. The app needs the "
                "scope files:write; channels.slack.pictures: false says that none are wanted", code,
            )  # fmt: skip
            return
        if outcomes.status(error) == 429 or code in outcomes.RATE_LIMITED:
            pause_s = getattr(outcome, "retry_after_s", None)
            self._paused_until = asyncio.get_running_loop().time() + (PAUSE_S if pause_s is None else pause_s)
        log.warning("notice %s stays without a picture: %s", notice.id, outcome.detail)


def image_block(file: str, alt_text: str) -> Block:
    """Return the block that shows an uploaded file."""
    return {"type": "image", "slack_file": {"id": file}, "alt_text": alt_text}


def with_picture(blocks: Sequence[Block], picture: Block) -> list[Block]:
    """Return the blocks with the picture below the heading and the line about what stands."""
    place = next((n for n, block in enumerate(blocks, 1) if block["type"] == "context"), len(blocks))
    return [*blocks[:place], picture, *blocks[place:]]


def _chart(notice: Notice) -> Chart | None:
    facts = notice.facts
    return chart_of(facts, over=notice.phase in ENDINGS) if isinstance(facts, SquadFacts) else None


async def _to_its_end(edit: Coroutine[Any, Any, None]) -> None:
    """Wait for an edit even when told to stop: it may be at Slack already, and must not overtake what follows."""
    task = asyncio.ensure_future(edit)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=EDIT_S)
        task.cancel()
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that nobody misses it
        raise


def _reason(error: Exception) -> str:
    # Only the class of foreign errors: their text may name an address with a permission in it.
    return str(error) if isinstance(error, UploadError) else type(error).__name__
