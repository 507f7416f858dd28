"""The body of a request from outside: at most so large, and in time. Nobody else reads one."""

import asyncio
from enum import StrEnum

from aiohttp import web


class Unread(StrEnum):
    """Why a body was not read to its end, in one word for a counter."""

    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


async def body_of(request: web.Request, most: int, within_s: float) -> bytes | Unread:
    """Return the body as it came, at most ``most`` bytes of it."""
    if (request.content_length or 0) > most:
        return Unread.TOO_LARGE
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most:
                    return Unread.TOO_LARGE
    except TimeoutError:
        return Unread.TOO_SLOW
    return bytes(body)
