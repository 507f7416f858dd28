"""Does a request come from Slack, now, and for the first time?

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections import deque
from typing import Final

from pydantic import SecretStr

from domain.clock import Clock

WINDOW_S: Final = 300.0  # either way
MOST_SEEN: Final = 10_000  # genuine requests within the window; a workspace has nowhere near so many
_STAMP: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")


class Doorkeeper:
    """Admits a genuine request once. What was seen is kept for as long as its time stamp is good, and no longer."""

    def __init__(self, secret: SecretStr, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._seen: set[str] = set()
        self._leaving: deque[tuple[float, str]] = deque()  # in the order in which they came

    def refuses(self, body: bytes, stamp: str, signature: str) -> str | None:
        """Return why the request is refused, in one word for a counter; None when it is admitted."""
        if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            return "unsigned"
        now = self._clock.now()
        if abs(now - float(stamp)) > WINDOW_S:
            return "stale"
        message = b"v0:" + stamp.encode() + b":" + body
        expected = hmac.new(self._secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={expected}", signature):
            return "forged"
        self._forget(now)
        if signature in self._seen:
            return "replayed"
        if len(self._seen) >= MOST_SEEN:
            return "too_many"  # only genuine requests get here; without room to remember, none is admitted
        self._seen.add(signature)
        self._leaving.append((now, signature))
        return None

    def _forget(self, now: float) -> None:
        # A stamp may be a window ahead of now and is then good for two.
        while self._leaving and now - self._leaving[0][0] > 2 * WINDOW_S:
            self._seen.discard(self._leaving.popleft()[1])
