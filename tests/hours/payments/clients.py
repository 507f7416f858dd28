"""The clients: how many requests they send, and what they measure of the answers. A breach is theirs alone."""

import math
from collections import deque
from typing import Final

from tests.hours.breaches import Breaches
from tests.hours.engine import Steps
from tests.hours.payments.gateway import KINDS, MIX, TIMEOUT_S, Gateway
from tests.hours.payments.settlement import Payment

LIMIT_S: Final = {"payment": 0.250, "onboarding": 0.250, "balance": 0.150, "report": 0.400}
SEEN_S: Final = 5.0  # answers that one measurement is of
SETTLED_WITHIN_S: Final = 15.0


class Load:
    """Requests at random, whether or not the earlier ones are answered. ``burst``: a benign change."""

    def __init__(self, gateway: Gateway) -> None:
        self.burst = 1.0
        self._gateway, self._machine = gateway, gateway.machine
        self._unrest = 0.0
        self._small = 1.0  # bursts that nobody takes note of

    def requests(self) -> Steps:
        """Send requests, second by second."""
        chance, engine = self._machine.chance, self._machine.engine
        next_small, small_until = chance.uniform(60, 200), 0.0
        while True:
            second = engine.now
            own = self._machine.character
            self._unrest = own.memory * self._unrest + chance.gauss(0, own.unrest)
            if second > next_small:
                self._small, small_until = chance.uniform(1.2, 1.45), second + chance.uniform(5, 14)
                next_small = second + chance.uniform(120, 300)
            if second > small_until:
                self._small = 1.0
            rate = self._rate(second)
            at = chance.expovariate(rate)
            while at < 1.0:
                yield second + at - engine.now
                drawn = chance.random()
                self._gateway.take(KINDS[next(i for i, share in enumerate(MIX) if drawn < share)])
                at += chance.expovariate(rate)
            yield second + 1.0 - engine.now

    def _rate(self, second: float) -> float:
        own = self._machine.character
        rate = own.base_rate * (1 + own.swing * math.sin(2 * math.pi * second / 600 + own.phase))
        return rate * math.exp(self._unrest) * self.burst * self._small


class Clients(Breaches):
    """What they measure once a second, and whether that is a breach of what they were promised."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__((*KINDS, "settlement"), every_s=1.0, window=12, bad=10)
        self._gateway, self._settlement = gateway, gateway.settlement
        self._checks: deque[tuple[float, Payment]] = deque()  # payments to be read again, and when
        self._settled: deque[tuple[float, bool]] = deque()  # when read again, and that it was not settled

    def measure(self) -> Steps:
        """Measure once a second."""
        engine = self._gateway.machine.engine
        while True:
            yield 1.0
            now = engine.now
            row = {kind: self._answers(kind, now) for kind in KINDS} | {"settlement": self._settlements(now)}
            self.take(now, row)

    def _answers(self, kind: str, now: float) -> list[float]:
        """Return how many answers, the 95th percentile in ms, the share of errors, and 1 where that is bad."""
        done = self._gateway.done[kind]
        while done and done[0][0] < now - SEEN_S:
            done.popleft()
        times = [took for _, took, _ in done]
        errors = sum(failed for _, _, failed in done)
        for request in self._gateway.open[kind]:  # the oldest first: what is open for long counts as slow
            age_s = now - request.sent_at
            if age_s < LIMIT_S[kind]:
                break
            times.append(age_s * 1e3)
            errors += age_s > TIMEOUT_S
        times.sort()
        n = len(times)
        p95 = times[min(n - 1, int(0.95 * n))] if n else 0.0
        share = errors / n if n else 0.0
        bad = (n >= 4 and p95 > LIMIT_S[kind] * 1e3) or (errors >= 2 and share > 0.05)
        return [n, round(p95, 1), round(share, 4), int(bad)]

    def _settlements(self, now: float) -> list[float]:
        """Read payments again after some time: how many, 0, the share that is not settled, and 1 where that is bad."""
        if self._settlement.last is not None:
            self._checks.append((now + SETTLED_WITHIN_S, self._settlement.last))
            self._settlement.last = None
        while self._checks and self._checks[0][0] <= now:
            self._settled.append((now, not self._checks.popleft()[1].settled))
        while self._settled and self._settled[0][0] < now - SEEN_S:
            self._settled.popleft()
        n, late = len(self._settled), sum(missing for _, missing in self._settled)
        return [n, 0, round(late / n, 4) if n else 0, int(n >= 2 and late > n / 2)]
