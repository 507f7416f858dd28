"""A stand-in for Slack's Web API: the calls that notices need, with Slack's answers, limits and failures.

For the demo and the tests. Keeps every message with its edits, and writes each as JSON into a folder if given one.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from domain.clock import Clock
from streams.demo.faults import Fault
from streams.demo.slack_files import SlackFiles
from streams.demo.slack_messages import BOT, Json, Posted
from streams.demo.slack_people import APP_TOKEN, SlackPeople
from streams.demo.slack_rules import SlackError, complaints, refusal
from streams.system import SystemClock

STEP_S = 1e-6  # no two messages of a channel have one time stamp


class SlackServer:
    """Serves on loopback inside the caller's event loop: ``async with SlackServer() as server``."""

    def __init__(
        self,
        port: int = 0,
        folder: Path | None = None,
        *,
        host: str = "127.0.0.1",
        token: str = "xoxb-stand-in",  # noqa: S107 - a stand-in's token opens nothing
        clock: Clock | None = None,
        channels: Sequence[str] | None = None,
    ) -> None:
        """``channels`` are those that exist (``#name``), None for all."""
        self.host, self.port, self.token = host, port, token
        self.messages: list[Posted] = []
        self.calls: list[tuple[str, Json]] = []
        self.faults: deque[Fault] = deque()
        self.down = False  # every call answers 503
        self.archived: set[str] = set()
        self._known_as = ""  # how the app, which may be on another machine, calls this one
        self.files = SlackFiles(self._address, folder and folder / "files")
        self.people = SlackPeople(self._address, clock or SystemClock())
        self._folder = folder
        self._more: list[web.RouteDef] = []
        self._clock = clock or SystemClock()
        self._open = channels is None
        self._ids: dict[str, str] = {}
        self._last_ts = 0.0
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        for name in channels or ():
            self._channel_named(name.lstrip("#"))

    @property
    def url(self) -> str:
        """Return the base address of the API."""
        return f"http://{self.host}:{self.port}/api/"

    def _address(self) -> str:
        return f"http://{self._known_as or f'{self.host}:{self.port}'}/"

    @property
    def notice_ids(self) -> list[str]:
        """Return the ids of the notices that have arrived, one for each message that carries one."""
        return [message.notice for message in self.messages if message.notice is not None]

    def everything_said(self) -> str:
        """Return what all messages say and have said before edits, as JSON."""
        return json.dumps(
            [(message.text, message.blocks, message.edits) for message in self.messages], ensure_ascii=False
        )

    def serve(self, routes: Iterable[web.RouteDef]) -> None:
        """Serve these beside the API, from the start on."""
        self._more.extend(routes)

    def replies(self, ts: str) -> list[Posted]:
        """Return the thread below a message, without the message itself."""
        return [message for message in self.messages if message.thread_ts == ts]

    async def __aenter__(self) -> Self:
        """Start serving; a port of 0 becomes the one that was found."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/api/{method}", self._serve)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.add_routes([*self.people.routes, *self._more])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; the messages stay."""
        self._stopping.set()
        await self.people.leave()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _upload(self, request: web.Request) -> web.Response:
        self.calls.append(("upload", {"file": request.match_info["file"], "token": "Authorization" in request.headers}))
        fault = self._next_fault("upload")
        status = self.files.take(request.match_info["file"], await request.read()) if fault is None else fault.value
        return web.Response(status=status, text=f"OK - {status}")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._known_as = request.host
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.calls.append((method, arguments))
        fault = self._next_fault(method)
        if self.down:
            fault = Fault.server_error(503)
        if fault is not None and fault.kind == "held":
            await fault.value.wait()
            fault = None
        if fault is None:
            return self._answer(request, method, arguments)
        match fault.kind:
            case "rate_limited":
                headers = {"Retry-After": str(fault.value)}
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            case "server_error":
                return web.Response(status=fault.value, text="<html>Server Error</html>", content_type="text/html")
            case "refused":
                return web.json_response({"ok": False, "error": fault.value})
            case "hang":
                await self._stopping.wait()
                return web.Response(status=503)
            case "dropped_after":
                self._answer(request, method, arguments)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)

    def _next_fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method in {None, method}:
                self.faults.remove(fault)
                return fault
        return None

    def _answer(self, request: web.Request, method: str, arguments: Json) -> web.Response:
        calls: Mapping[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.list": self._list,
            "conversations.replies": self._replies,
            **self.files.calls,
            **self.people.calls,
        }
        try:
            self._check_token(request, APP_TOKEN if method == "apps.connections.open" else self.token)
            return web.json_response({"ok": True, **calls.get(method, _unknown)(arguments)})
        except SlackError as error:
            return web.json_response(error.answer)

    def _check_token(self, request: web.Request, token: str) -> None:
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            raise SlackError("not_authed")
        if authorization != f"Bearer {token}":
            raise SlackError("invalid_auth")

    def _auth_test(self, _: Json) -> Json:
        return {"url": "https://demo.slack.com/", "team": "Demo", "team_id": BOT["team"], "user": "foreshock"} | {
            "user_id": BOT["user"],
            "bot_id": BOT["bot_id"],
        }

    def _post_message(self, arguments: Json) -> Json:
        channel = self._channel(arguments, by_name=True)
        _check_content(arguments, self.files)
        thread_ts = arguments.get("thread_ts")
        if thread_ts is not None and self._find(channel, thread_ts) is None:
            raise SlackError("thread_not_found")
        message = Posted(
            channel=channel,
            channel_name=self._name(channel),
            ts=self._next_ts(),
            text=arguments.get("text") or "",
            blocks=arguments.get("blocks") or [],
            metadata=arguments.get("metadata"),
            thread_ts=thread_ts,
            broadcast=bool(arguments.get("reply_broadcast")),
        )
        self.messages.append(message)
        self._save(message)
        return {"channel": channel, "ts": message.ts, "message": message.shown(metadata=True)}

    def _update(self, arguments: Json) -> Json:
        channel = self._channel(arguments, by_name=False)
        message = self._find(channel, str(arguments.get("ts")))
        if message is None:
            raise SlackError("message_not_found")
        _check_content(arguments, self.files)
        message.edits.append({"text": message.text, "blocks": message.blocks})
        message.text = arguments.get("text") or message.text
        message.blocks = arguments.get("blocks") or []
        # As Slack does: metadata stays unless another is given.
        message.metadata = arguments.get("metadata") or message.metadata
        message.edited_ts = self._next_ts()
        self._save(message)
        return {"channel": channel, "ts": message.ts, "text": message.text, "message": message.shown(metadata=True)}

    def _history(self, arguments: Json) -> Json:
        channel = self._channel(arguments, by_name=False)
        own = [m for m in self.messages if m.channel == channel and (m.thread_ts is None or m.broadcast)]
        return _page(own[::-1], arguments)

    def _replies(self, arguments: Json) -> Json:
        channel = self._channel(arguments, by_name=False)
        parent = self._find(channel, str(arguments.get("ts")))
        if parent is None:
            raise SlackError("thread_not_found")
        return _page([parent, *self.replies(parent.ts)], arguments)

    def _list(self, arguments: Json) -> Json:
        shown = [
            {
                "id": channel,
                "name": name,
                "is_channel": True,
                "is_archived": channel in self.archived,
                "is_member": True,
            }
            for name, channel in self._ids.items()
            if channel not in self.archived or not _true(arguments.get("exclude_archived"))
        ]
        return {"channels": shown, "response_metadata": {"next_cursor": ""}}

    def _channel(self, arguments: Json, *, by_name: bool) -> str:
        """Return the id of the channel that is meant: posting takes a name as well, everything else only an id."""
        given = str(arguments.get("channel") or "")
        found = given if given in self._ids.values() else None
        if found is None and by_name and given:
            name = given.lstrip("#")
            found = self._ids.get(name) or (self._channel_named(name) if self._open else None)
        if found is None:
            raise SlackError("channel_not_found")
        if found in self.archived and by_name:
            raise SlackError("is_archived")
        return found

    def _channel_named(self, name: str) -> str:
        return self._ids.setdefault(name, f"C{len(self._ids) + 1:09d}")

    def _name(self, channel: str) -> str:
        return next(name for name, found in self._ids.items() if found == channel)

    def archive(self, name: str) -> None:
        """Archive a channel."""
        self.archived.add(self._channel_named(name.lstrip("#")))

    def delete(self, message: Posted) -> None:
        """Delete a message as a person would."""
        self.messages.remove(message)

    def _find(self, channel: str, ts: str) -> Posted | None:
        return next((m for m in self.messages if m.channel == channel and m.ts == ts), None)

    def _next_ts(self) -> str:
        self._last_ts = max(self._clock.now(), self._last_ts + STEP_S)
        return f"{self._last_ts:.6f}"

    def _save(self, message: Posted) -> None:
        if self._folder is None:
            return
        name = f"{message.channel_name}-{message.ts}.json".replace("/", "_")
        text = json.dumps(asdict(message), ensure_ascii=False, indent=2)
        (self._folder / name).write_text(text + "\n", encoding="utf-8")


async def _arguments(request: web.Request) -> Json:
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        with contextlib.suppress(ValueError):
            body = await request.json()
            arguments |= body if isinstance(body, dict) else {}
    else:
        arguments |= dict(await request.post())
    return arguments


def _unknown(_: Json) -> Json:
    raise SlackError("unknown_method")


def _check_content(arguments: Json, files: SlackFiles) -> None:
    found = [*complaints(arguments), *files.complaints(arguments.get("blocks"))]
    error = refusal(arguments) or ("invalid_blocks" if found else None)
    if error == "invalid_blocks":
        raise SlackError(error, errors=found, response_metadata={"messages": [f"[ERROR] {line}" for line in found]})
    if error is not None:
        raise SlackError(error)


def _page(messages: Sequence[Posted], arguments: Json) -> Json:
    limit = min(int(arguments.get("limit") or 100), 999)
    start = int(arguments.get("cursor") or 0)
    metadata = _true(arguments.get("include_all_metadata"))
    more = start + limit < len(messages)
    return {
        "messages": [message.shown(metadata=metadata) for message in messages[start : start + limit]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _true(value: object) -> bool:
    return str(value).lower() in {"1", "true"}
