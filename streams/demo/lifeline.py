"""Ends a process of the demo when the demo is gone, however it went: killed, or with its terminal."""

import os
import threading

EXIT_ALONE = 1


def follow() -> None:
    """End this process when its standard input does, which the demo holds open for as long as it lives."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1):
        pass
    os._exit(EXIT_ALONE)  # at once: the broker went with the demo, so there is nothing that could be ended well
