"""A real browser, driven by its own protocol: what a person sees, and what happens when they click.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.support.processes import PATIENCE_S, program

NAME: Final = "chromium"
LOOK_S: Final = 0.1


class Tab:
    """One tab. Elements are named by what JavaScript finds them with: an expression."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self._call("Page.navigate", url=address)
        await self.until(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    async def value(self, expression: str) -> Any:
        """Return what an expression is worth."""
        result = (await self._call("Runtime.evaluate", expression=expression, returnByValue=True))["result"]
        return result.get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true; TimeoutError when it never is."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self.value(expression):  # noqa: ASYNC110 - only the browser knows, and has to be asked
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise TimeoutError(f"never true: {expression}\n{await self.text()}") from None

    async def text(self) -> str:
        """Return the text that the tab shows."""
        return str(await self.value("document.body.innerText"))

    async def click(self, element: str) -> None:
        """Click in the middle of an element with the mouse, as soon as it can be seen."""
        await self.until(f"({element})?.checkVisibility()")
        place = await self.value(
            f"(() => {{ const it = {element}; it.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    async def write(self, text: str) -> None:
        """Type a text where the cursor is."""
        await self._call("Input.insertText", text=text)

    async def _call(self, method: str, **arguments: Any) -> Any:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": arguments})
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == number:
                    assert "error" not in answer, answer
                    return answer["result"]


@asynccontextmanager
async def a_tab(folder: Path) -> AsyncIterator[Tab]:
    """Start a browser with nothing in its memory, and open one tab."""
    with (
        TemporaryDirectory() as scratch
    ):  # it leaves its socket there; below ``folder`` the path would be too long for one
        process = await asyncio.create_subprocess_exec(
            program(NAME, NAME),
            "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,800", "--remote-debugging-port=0",
            f"--user-data-dir={folder}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "TMPDIR": scratch},
        )  # fmt: skip
        try:
            async with ClientSession() as session:
                address = await _address(folder / "DevToolsActivePort")
                async with session.get(f"http://{address}/json") as answer:
                    pages = [each for each in await answer.json() if each["type"] == "page"]
                async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Tab(socket)
        finally:
            process.terminate()
            await process.wait()


async def _address(file: Path) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while len(lines := _lines(file)) < 2:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_S)
    return f"127.0.0.1:{lines[0]}"


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
