"""The Slack channel: an episode is one message that is edited, with a thread of what changed below it."""

import json
import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from alerts.channels.base import Rendered
from alerts.channels.slack import outcomes
from alerts.channels.slack.blocks import METADATA_TYPE, Message, compose
from alerts.channels.slack.connection import connect
from alerts.channels.slack.files import WAITS_S, Pictures
from alerts.channels.slack.params import SlackParams
from alerts.channels.slack.trial import TRIAL
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Notice, Outcome, Rejected

log = logging.getLogger(__name__)

PAGE = 200
LIST_PAGES = 20  # of 1,000 channels each
# The first message is gone or cannot be answered: the notice becomes a first message of its own.
_GONE = frozenset({"message_not_found", "thread_not_found", "cannot_reply_to_message", "thread_locked"})
# The first message stands but a workspace may forbid edits: the thread says it, and the channel sees it.
_LOCKED = frozenset({"cant_update_message", "edit_window_closed", "update_failed"})


class SlackChannel:
    """Posts the first notice of a thread, edits that message for later ones, and notes each change in its thread.

    A reference is ``channel:ts`` of the first message. The edit comes before the note: it can be repeated without harm,
    and the note, whose metadata carries the notice id, is what ``find`` looks for.
    """

    kind = ChannelKind.SLACK

    def __init__(self, params: SlackParams, _: object = None, *, waits_s: tuple[float, ...] = WAITS_S) -> None:
        """``waits_s`` is the patience with a picture that Slack has just got; squads answer by buttons, not links."""
        self._params = params
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._ids: dict[str, str] = {}  # channel name -> id, learnt from answers
        self._pictures = Pictures(lambda: self._web, params.base_url, waits_s=waits_s, buttons=params.buttons)

    def render(self, notice: Notice) -> Rendered:
        """Return the message as JSON: what is posted or edited, and the note for the thread."""
        message = compose(notice, buttons=self._params.buttons)
        content = json.dumps(
            {
                "channel": notice.recipient,
                "text": message.text,
                "blocks": list(message.blocks),
                "metadata": message.metadata,
                "reply": message.reply,
            },
            ensure_ascii=False,
            sort_keys=True,
        )
        return Rendered(self.kind, message.text, message.reply, content.encode())

    async def send(self, notice: Notice, reference: str | None) -> Outcome:
        """Post or edit. Whatever goes wrong becomes an outcome."""
        try:
            message = compose(notice, buttons=self._params.buttons)
        except (TypeError, ValueError, ArithmeticError) as error:
            # A fault of ours: trying again would write the same message.
            log.exception("notice %s cannot be written for Slack", notice.id)
            return Rejected(Failure.REFUSED, f"the message could not be written ({type(error).__name__})")
        try:
            if reference is None:
                return await self._post(notice, message)
            return await self._revise(notice, message, reference)
        except Exception as error:  # noqa: BLE001 - no exception leaves a channel
            return self._failed(notice, error)

    async def find(self, notice: Notice, reference: str | None) -> Outcome | None:
        """Look for the notice's id among the messages of the channel and in its thread."""
        try:
            if reference is not None:
                channel, _, ts = reference.partition(":")
                if await self._search(notice, channel, ts) is not None:
                    return Delivered(reference)
            found = await self._channel_id(notice.recipient)
            ts_found = None if found is None else await self._search(notice, found)
            return None if ts_found is None else Delivered(f"{found}:{ts_found}")
        except SlackApiError as error:
            outcome = outcomes.of_error(error)
            if isinstance(outcome, Deferred) and outcomes.code(error) != "missing_scope":
                return outcome
            # A repeat beats a miss: who may not read cannot know, and sends.
            log.warning("cannot look for notice %s on Slack: %s", notice.id, outcome.detail)
            return None
        except Exception as error:  # noqa: BLE001 - no exception leaves a channel
            return outcomes.of_error(error)

    async def try_out(self, recipient: str) -> Outcome:
        """Send what is plainly a test, the same way."""
        try:
            answer = await self._web.chat_postMessage(channel=recipient, text=TRIAL)
        except Exception as error:  # noqa: BLE001 - no exception leaves a channel
            return outcomes.of_error(error)
        return Delivered(f"{answer['channel']}:{answer['ts']}")

    async def illustrate(self, notice: Notice, reference: str) -> None:
        """Put the picture of the series into the message. Never raises."""
        if self._params.pictures:
            await self._pictures.add(notice, reference)

    async def close(self) -> None:
        """Close the session."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    def _failed(self, notice: Notice, error: Exception) -> Outcome:
        outcome = outcomes.of_error(error)
        log.warning("notice %s not delivered on Slack: %s, %s", notice.id, outcome.failure, outcome.detail)
        return outcome

    async def _post(self, notice: Notice, message: Message) -> Outcome:
        answer = await self._web.chat_postMessage(
            channel=notice.recipient,
            text=message.text,
            blocks=list(message.blocks),
            metadata=message.metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        channel = str(answer["channel"])
        self._ids[notice.recipient] = channel
        return Delivered(f"{channel}:{answer['ts']}")

    async def _revise(self, notice: Notice, message: Message, reference: str) -> Outcome:
        channel, _, ts = reference.partition(":")
        try:
            edited = await self._edit(channel, ts, message)
            await self._web.chat_postMessage(
                channel=channel,
                thread_ts=ts,
                text=message.reply,
                metadata=message.metadata,
                reply_broadcast=not edited,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if outcomes.code(error) in _GONE:
                return await self._post(notice, message)
            raise
        return Delivered(reference)

    async def _edit(self, channel: str, ts: str, message: Message) -> bool:
        blocks = self._pictures.within(f"{channel}:{ts}", message.blocks)
        try:
            # Without `metadata` the first message keeps its own, which names the notice that it was posted for.
            await self._web.chat_update(channel=channel, ts=ts, text=message.text, blocks=blocks)
        except SlackApiError as error:
            if outcomes.code(error) in _LOCKED:
                return False
            if outcomes.code(error) == "invalid_blocks" and self._pictures.forget(f"{channel}:{ts}"):
                return await self._edit(channel, ts, message)  # somebody has deleted the file
            raise
        return True

    async def _search(self, notice: Notice, channel: str, thread_ts: str | None = None) -> str | None:
        """Return the time stamp of the message in a channel or a thread that carries this notice's id.

        Apps sold outside Slack's marketplace get 15 messages a minute here, internal apps the full page:
        https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps
        """
        cursor = None
        for _ in range(self._params.search_pages):
            try:
                page = await self._page(channel, thread_ts, cursor)
            except SlackApiError as error:
                if outcomes.code(error) in _GONE:
                    return None
                raise
            for message in page.get("messages") or ():
                if _carries(message, notice):
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
        return None

    async def _page(self, channel: str, thread_ts: str | None, cursor: str | None) -> AsyncSlackResponse:
        if thread_ts is None:
            return await self._web.conversations_history(
                channel=channel, cursor=cursor, limit=PAGE, include_all_metadata=True
            )
        return await self._web.conversations_replies(
            channel=channel, ts=thread_ts, cursor=cursor, limit=PAGE, include_all_metadata=True
        )

    async def _channel_id(self, recipient: str) -> str | None:
        """Return the id that reading needs; a name is looked up among the channels that the bot can see."""
        if not recipient.startswith("#"):
            return recipient
        if recipient not in self._ids:
            await self._learn_ids()
        return self._ids.get(recipient)

    async def _learn_ids(self) -> None:
        cursor = None
        for _ in range(LIST_PAGES):
            page = await self._web.conversations_list(
                cursor=cursor, limit=1000, exclude_archived=True, types="public_channel,private_channel"
            )
            for channel in page.get("channels") or ():
                self._ids.setdefault(f"#{channel['name']}", str(channel["id"]))
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    @property
    def _web(self) -> AsyncWebClient:
        """Return the client, made on first use: a session belongs to a running event loop."""
        if self._client is None:
            self._session, self._client = connect(self._params, __name__)
        return self._client


def _carries(message: dict[str, Any], notice: Notice) -> bool:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return metadata.get("event_type") == METADATA_TYPE and payload.get("notice") == notice.id
