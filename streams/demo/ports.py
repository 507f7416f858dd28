"""Ports for processes that are told theirs before they start."""

import os
import socket
from collections.abc import Iterator
from typing import Final

HOST: Final = "127.0.0.1"
PORTS: Final = range(
    20_000, 32_000
)  # below those that systems give to whoever asks for any, as outgoing connections do
APART: Final = 7417  # a golden section of them: processes that were started one after the other begin far apart


def free_ports() -> Iterator[int]:
    """Yield loopback ports on which nobody listens, each once. Nobody is given one who does not ask for its number."""
    start = os.getpid() * APART % len(PORTS)
    for port in (*PORTS[start:], *PORTS[:start]):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what ends there is no matter
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port
