"""Queues, as flows: what arrives in a step, what is done in it, what stays, and how long one waits."""

import math
from collections import deque

FULL = 0.98  # no queue is in balance beyond


class Station:
    """Some servers and one queue. ``room``: what comes when so many wait is turned away."""

    def __init__(self, room: float = math.inf) -> None:
        self.backlog = 0.0
        self.busy = 0.0  # servers, on average over the step
        self.wait_s = 0.0
        self._room = room

    def serve(self, arrivals: float, dt: float, servers: float, service_s: float) -> tuple[float, float]:
        """Serve for ``dt`` seconds; return how many were served and how many were turned away.

        One waits for those before, and besides as in a queue of so many servers in balance (after Sakasegawa).
        """
        servers = max(servers, 0.01)
        offered = self.backlog + arrivals
        done = min(offered, servers * dt / service_s)
        refused = max(0.0, offered - done - self._room)
        self.backlog = offered - done - refused
        self.busy = done * service_s / dt
        load = min(FULL, arrivals * service_s / (servers * dt))
        spread = load ** max(0.1, math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - load))
        self.wait_s = service_s * (self.backlog / servers + spread)
        return done, refused


class Line:
    """Records that are worked off one by one, the oldest first."""

    def __init__(self) -> None:
        self.waiting = 0.0
        self._parts: deque[list[float]] = deque()  # when they came, and how many are left

    def add(self, at: float, count: float) -> None:
        """Put some in."""
        self.waiting += count
        self._parts.append([at, count])

    def take(self, count: float) -> float:
        """Work off as many as there are, at most so many; return how many."""
        left = count
        while self._parts and left > 0:
            part = self._parts[0]
            done = min(left, part[1])
            left -= done
            part[1] -= done
            if part[1] <= 0:
                self._parts.popleft()
        self.waiting = max(0.0, self.waiting - (count - left))
        return count - left

    def oldest_s(self, now: float) -> float:
        """Return for how long the oldest has waited."""
        return now - self._parts[0][0] if self._parts else 0.0
