"""The back end of a mobile bank, in steps of ten seconds; faults move a resource, the rest follows.

    apps -> ingress -> mobile-bff -> session-cache, accounts-api -> accounts-db (primary, replica)
                                  -> payments-api -> core-gateway (of another company), accounts-db
    notifier takes from Kafka what happened, and pushes it to the apps

Who waits too long gives up, and some try again. Calls go to all processes in turn, also to one that is slow.
"""

import math
from random import Random
from typing import Final

from tests.hours.engine import Engine
from tests.hours.mobile.backing import Database, Notifications
from tests.hours.mobile.calls import CALLS, Step, Took, either, failed_of, late, shares
from tests.hours.mobile.character import CORE_TIMEOUT_S, NODES, POOL, STEP_S, THREADS, TIMEOUT_S, Character, drawn
from tests.hours.mobile.faults import Faults
from tests.hours.mobile.load import Load
from tests.hours.mobile.pods import Deployment, Pod

TRANSFERS: Final = 0.08  # share of the requests
BFF_TARGET, ACCOUNTS_TARGET = 0.5, 0.5  # of the cores, which the autoscaler keeps
RETRY_AFTER_STEPS: Final = 2
UNEXPLAINED: Final = 0.0004  # share that fails for no reason that anybody knows


class Mobile:
    """All parts of the system, and ``last``: what happened in the last step."""

    def __init__(self, chance: Random) -> None:
        self.engine = Engine()
        self.chance = chance
        self.character: Character = drawn(chance)
        self.load = Load(chance, self.character)
        self.faults = Faults()
        self.front = Deployment("mobile-bff", chance, 3, 10)
        self.accounts = Deployment("accounts-api", chance, 2, 8)
        self.payments = Deployment("payments-api", chance, 3, 3)
        self.notifiers = Deployment("notifier", chance, 3, 3)
        self.database = Database(chance, self.character)
        self.notifications = Notifications(chance, self.character)
        self.work_scale = 1.0  # a feature may cost more
        self.bytes_scale = 1.0  # and be longer
        self.node_cpu = [0.0] * NODES  # cores that are busy
        self.nodes_down: set[int] = set()
        self.pool_used: dict[str, float] = {}
        self.threads_used: dict[str, float] = {}
        self.waiting_retries = 0.0
        self.last = Step(0, 0, 0, 0, 0, 0, 0, 0.3, 0, (), (), ())
        self._wander = 0.0

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """All that run on the nodes."""
        return self.front, self.accounts, self.payments, self.notifiers

    def clean(self) -> None:
        """Put everything right, and drop what waits."""
        self.faults = Faults()
        self.waiting_retries = 0.0
        self.database.filled = self.database.slow_replica = self.notifications.slow = 0.0
        stations = [
            self.database.cores,
            *(one for d in self.deployments for p in d.pods for one in (p.station, p.pool)),
        ]
        for station in stations:
            station.backlog = 0.0

    def step(self) -> None:
        """Go on by ten seconds."""
        own, faults, now = self.character, self.faults, self.engine.now
        again = self.waiting_retries / RETRY_AFTER_STEPS
        self.waiting_retries -= again
        requests = self.load.drawn(now, STEP_S) + again
        self.accounts.level = max(faults.leak, faults.unreturned)
        self.node_cpu = [0.25 + (7.5 * faults.stolen if self._hit(node) else 0.0) for node in range(NODES)]
        hits = own.hits * (1 - faults.eroded) * self.chance.uniform(0.99, 1.005)
        queries = requests * CALLS * (0.6 + 4 * (1 - hits))
        front = self._front(requests)
        accounts = self._accounts(requests * CALLS, queries)
        core_s, core_failed = self._core()
        payments = self._payments(requests * TRANSFERS, core_s, core_failed)
        self.database.serve(now, queries, requests * TRANSFERS * 2, STEP_S)
        pushed = self.notifications.work(now, requests * TRANSFERS * 2.5, STEP_S)
        for pod, share in shares(self.notifiers.ready(now)):
            pod.done += pushed * share
        self._scale()
        reading = 1 - (1 - failed_of(front)) * (1 - CALLS * failed_of(accounts)) * (1 - self._unexplained())
        paying = 1 - (1 - failed_of(front)) * (1 - failed_of(payments)) * (1 - self._unexplained())
        failed = requests * ((1 - TRANSFERS) * reading + TRANSFERS * paying)
        self.waiting_retries += failed * min(1.0, own.retry + faults.eager) * (1 + 2 * faults.eager)
        self.last = Step(
            requests=requests,
            failed=failed,
            transfers=requests * TRANSFERS,
            transfers_failed=requests * TRANSFERS * paying,
            queries=queries,
            lookups=requests * 0.9,
            hits=requests * 0.9 * hits,
            core_s=core_s,
            core_failed=core_failed,
            front=front,
            accounts=accounts,
            payments=payments,
        )

    def _hit(self, node: int) -> bool:
        return node < NODES / 2

    def _unexplained(self) -> float:
        return UNEXPLAINED * self.chance.uniform(0.2, 1.8)

    def _cores(self, pod: Pod) -> float:
        """Return how much of its one core a process gets."""
        return 1 - self.faults.stolen if self._hit(pod.node) else 1.0

    def _front(self, requests: float) -> list[Took]:
        own, faults, now = self.character, self.faults, self.engine.now
        pods = self.front.ready(now)
        took = []
        for pod, share in shares(pods):
            cost_s = own.bff_s * self.work_scale * pod.cold(now)
            cores = self._cores(pod)
            done, refused = pod.station.serve(requests * share, STEP_S, 1.0, cost_s / cores)
            self._count(pod, done, done * cost_s, (1 - cores) * min(1.0, pod.station.busy) * STEP_S)
            lost = 1.0 if pod.node in self.nodes_down else refused / max(1.0, requests * share)
            fixed_s = cost_s / cores + faults.lookup_s * 0.5
            failed = either(lost, late(TIMEOUT_S - fixed_s, pod.station.wait_s), faults.broken, faults.unresolved)
            pod.failed += done * failed
            took.append(Took(fixed_s, pod.station.wait_s, failed))
        return took or [Took(0.0, 0.0, 1.0)]

    def _accounts(self, calls: float, queries: float) -> list[Took]:
        own, faults, database, now = self.character, self.faults, self.database, self.engine.now
        query_s = database.query_s(now) + database.cores.wait_s
        took = []
        for pod, share in shares(self.accounts.ready(now)):
            free = (1 - pod.collecting) * self._cores(pod)
            cost_s = own.accounts_s * self.work_scale * pod.cold(now)
            done, refused = pod.station.serve(calls * share, STEP_S, 1.0, cost_s / max(0.02, free))
            leaked = POOL * min(1.0, max(0.0, faults.unreturned - pod.leak_from) * pod.frailty)
            each = queries / max(1.0, calls)
            _, turned = pod.pool.serve(done, STEP_S, POOL - int(leaked), query_s * each + 0.012)
            self.pool_used[pod.name] = min(float(POOL), int(leaked) + pod.pool.busy)
            self._count(pod, done, done * cost_s, (1 - self._cores(pod)) * min(1.0, pod.station.busy) * STEP_S)
            wait_s = pod.station.wait_s + pod.pool.wait_s + 1.5 * pod.collecting * (pod.heap / 2**30)
            fixed_s = cost_s / max(0.02, free) + query_s * each + faults.lookup_s * 0.3
            lost = 1.0 if pod.node in self.nodes_down else (refused + turned) / max(1.0, calls * share)
            failed = either(lost, late(TIMEOUT_S - fixed_s, wait_s))
            pod.failed += done * failed
            took.append(Took(fixed_s, wait_s, failed))
            if pod.fill(calls * share, STEP_S, faults.leak):
                pod.restart(now, faults.leak)
        return took or [Took(0.0, 0.0, 1.0)]

    def _core(self) -> tuple[float, float]:
        """Return the middle time of the core bank, and the share of calls that fail."""
        self._wander = 0.995 * self._wander + self.chance.gauss(0, 0.014)
        core_s = self.character.core_s * math.exp(self._wander) + self.faults.core_s
        if self.faults.core_gone:
            return CORE_TIMEOUT_S, 1.0
        slow = 0.5 * math.erfc(math.log(CORE_TIMEOUT_S / core_s) / (self.character.core_sigma * math.sqrt(2)))
        return core_s, either(slow, self.faults.unresolved)

    def _payments(self, transfers: float, core_s: float, core_failed: float) -> list[Took]:
        faults, database, now = self.faults, self.database, self.engine.now
        own_s = 0.02 + 2 * (database.query_s(now) + database.cores.wait_s) + faults.lookup_s
        took = []
        for pod, share in shares(self.payments.ready(now)):
            held_s = min(CORE_TIMEOUT_S, core_s * 1.1) + own_s * pod.cold(now)
            done, refused = pod.station.serve(transfers * share, STEP_S, THREADS, held_s)
            self.threads_used[pod.name] = min(float(THREADS), pod.station.busy)
            self._count(pod, done, done * 0.03, 0.0)
            lost = 1.0 if pod.node in self.nodes_down or database.full else refused / max(1.0, transfers * share)
            failed = either(lost, core_failed, late(TIMEOUT_S - held_s, pod.station.wait_s))
            pod.failed += done * failed
            took.append(Took(own_s, pod.station.wait_s, failed))
            pod.fill(transfers * share * 3, STEP_S, 0.0)
        return took or [Took(0.0, 0.0, 1.0)]

    def _count(self, pod: Pod, done: float, cpu_s: float, throttled_s: float) -> None:
        pod.done += done
        pod.cpu_s += cpu_s
        pod.throttled_s += throttled_s
        self.node_cpu[pod.node] += cpu_s / STEP_S

    def _scale(self) -> None:
        now = self.engine.now
        for deployment, target in ((self.front, BFF_TARGET), (self.accounts, ACCOUNTS_TARGET)):
            used = sum(min(self._cores(pod), pod.station.busy) for pod in deployment.ready(now))
            deployment.scale(now, used, target)
        for deployment in (self.payments, self.notifiers):
            deployment.keep(now)
