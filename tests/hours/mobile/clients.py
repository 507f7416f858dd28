"""What users of the app measure once a minute. A breach is theirs alone, whatever the exporters say."""

from random import Random
from typing import Final

from tests.hours.breaches import Breaches
from tests.hours.collector import quantile
from tests.hours.daily import MINUTE_S
from tests.hours.engine import Steps
from tests.hours.mobile.calls import Step, times
from tests.hours.mobile.system import Mobile

SLOW_READ_S: Final = 1.5  # the 95th percentile
SLOW_TRANSFER_S: Final = 4.0  # the same
FAILED: Final = 0.01  # share
OLD_S: Final = 120.0  # a balance
LATE_PUSH_S: Final = 600.0
JOURNEYS: Final = ("balance", "transfer", "push")
DRAWN: Final = 50  # requests of each step


class Clients(Breaches):
    """What they measure, and whether that is a breach of what they were promised."""

    def __init__(self, system: Mobile, chance: Random) -> None:
        super().__init__(JOURNEYS, MINUTE_S, window=5, bad=4)
        self._system, self._chance = system, chance
        self._steps: list[Step] = []

    def see(self, step: Step) -> None:
        """Take part in what happened in a step."""
        self._steps.append(step)

    def measure(self) -> Steps:
        """Measure once a minute."""
        while True:
            yield MINUTE_S
            at = self._system.engine.now
            steps, self._steps = self._steps, []
            self.take(at, self._row(steps, at))

    def _row(self, steps: list[Step], at: float) -> dict[str, list[float]]:
        """Return for each journey how many, how slow or old, which share failed, and whether that is bad."""
        sigma = self._system.character.core_sigma
        drawn = [times(self._chance, step, DRAWN, sigma) for step in steps]
        read_s = quantile([one for reading, _ in drawn for one in reading], 0.95)
        transfer_s = quantile([one for _, paying in drawn for one in paying], 0.95)
        requests, transfers = sum(step.requests for step in steps), sum(step.transfers for step in steps)
        failed, unpaid = sum(step.failed for step in steps), sum(step.transfers_failed for step in steps)
        reads = max(1.0, requests - transfers)
        unread, unpaid_share = (failed - unpaid) / reads, unpaid / max(1.0, transfers)
        old_s = self._system.database.behind_s
        oldest_s = self._system.notifications.oldest_s(at)
        slow = read_s > SLOW_READ_S or old_s > OLD_S
        bad = {
            "balance": slow or (failed - unpaid >= 3 and unread > FAILED),
            "transfer": transfer_s > SLOW_TRANSFER_S or (unpaid >= 3 and unpaid_share > FAILED),
            "push": oldest_s > LATE_PUSH_S,
        }
        return {
            "balance": [round(reads), round(read_s, 3), round(unread, 4), int(bad["balance"])],
            "transfer": [round(transfers), round(transfer_s, 3), round(unpaid_share, 4), int(bad["transfer"])],
            "push": [round(old_s), round(oldest_s), 0, int(bad["push"])],
        }
