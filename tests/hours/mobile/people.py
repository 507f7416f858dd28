"""What people and Kubernetes do to the processes: rollouts, drained and lost nodes, replacements, jobs."""

from random import Random
from typing import Final

from tests.hours.daily import MINUTE_S
from tests.hours.engine import Steps
from tests.hours.items import Change
from tests.hours.mobile.pods import Deployment
from tests.hours.mobile.system import Mobile

NOTICED_S: Final = 50.0  # until nobody calls the processes of a lost node
EVICTED_S: Final = 300.0  # until they are started elsewhere


class People:
    """Each of their doings is a process of its own, or a part of that of a change."""

    def __init__(self, system: Mobile, chance: Random) -> None:
        self._system, self._chance = system, chance

    def replace_leaking(self) -> None:
        """Begin to replace all processes that leak."""
        system = self._system
        system.engine.spawn(self._replaced(system.accounts), 0.0)

    def _replaced(self, deployment: Deployment) -> Steps:
        yield from self._rolled(deployment)
        self._system.clean()

    def lose(self, node: int) -> None:
        """Lose a node: calls to its processes fail until that is noticed; later they are started elsewhere."""
        self._system.nodes_down.add(node)
        self._system.engine.spawn(self._without(node), NOTICED_S)

    def _without(self, node: int) -> Steps:
        system = self._system
        for deployment in system.deployments:
            deployment.away.add(node)
            for pod in deployment.pods:
                pod.cut = pod.cut or pod.node == node
        yield EVICTED_S
        for deployment in system.deployments:
            deployment.leave(node)

    def bring_back(self, node: int) -> None:
        """Bring a node back, empty."""
        self._system.nodes_down.discard(node)
        for deployment in self._system.deployments:
            deployment.leave(node)
            deployment.away.discard(node)

    def release_bad(self, share: float) -> None:
        """Roll out a version that fails with a share of what it is asked."""
        self._system.engine.spawn(self._bad(share), 0.0)

    def _bad(self, share: float) -> Steps:
        front, faults = self._system.front, self._system.faults
        front.release()
        pods = list(front.pods)
        for number, pod in enumerate(pods, 1):
            yield from front.replace(pod, self._system.engine.now)
            if faults is not self._system.faults:  # rolled back already
                return
            faults.broken = share * number / len(pods)

    def roll_back(self) -> None:
        """Roll out the version before."""
        self._system.engine.spawn(self._rolled(self._system.front), 0.0)

    def _rolled(self, deployment: Deployment) -> Steps:
        deployment.release()
        for pod in list(deployment.pods):
            if pod in deployment.pods:
                yield from deployment.replace(pod, self._system.engine.now)
                yield self._chance.uniform(5, 20)

    def change(self, change: Change) -> Steps:
        """Do what hurts nobody."""
        system, chance, details = self._system, self._chance, change.details
        match change.kind:
            case "rollout":
                deployment = next(each for each in system.deployments if each.name == details["service"])
                yield from self._rolled(deployment)
            case "more_replicas":
                deployment = next(each for each in system.deployments if each.name == details["service"])
                deployment.least = min(deployment.most, deployment.wanted + 2)
                yield 2 * MINUTE_S
            case "drain":
                yield from self._drained(details["node"])
            case "vacuum":
                system.database.vacuum = True
                yield chance.uniform(10, 40) * MINUTE_S
                system.database.vacuum = False
            case "campaign":
                system.load.burst = details["factor"]
                yield details["lasts_s"]
                system.load.burst = 1.0
            case "feature":
                system.work_scale *= details["work"]
                system.bytes_scale *= details["bytes"]
                yield 0.0
            case "reindex":
                system.database.busy = 0.8
                yield chance.uniform(20, 60) * MINUTE_S
                system.database.busy = 0.0
            case _:
                raise ValueError(f"no change is called {change.kind}")

    def _drained(self, node: int) -> Steps:
        """Move all processes of a node elsewhere, patch it, and take it back."""
        system = self._system
        for deployment in system.deployments:
            deployment.away.add(node)
        for deployment in system.deployments:
            for pod in [pod for pod in deployment.pods if pod.node == node]:
                yield from deployment.replace(pod, system.engine.now)
        for deployment in system.deployments:  # whoever came in between
            deployment.leave(node)
        system.nodes_down.add(node)
        yield self._chance.uniform(4, 9) * MINUTE_S
        system.nodes_down.discard(node)
        for deployment in system.deployments:
            deployment.away.discard(node)
