"""The payments system, put together, and what can be done to it."""

from random import Random
from typing import Final

from tests.hours.engine import Engine, Steps
from tests.hours.payments.character import drawn
from tests.hours.payments.clients import Clients, Load
from tests.hours.payments.database import Database
from tests.hours.payments.gateway import Gateway
from tests.hours.payments.machine import Machine
from tests.hours.payments.neighbours import Cache, Provider
from tests.hours.payments.process import Process
from tests.hours.payments.settlement import Reporting, Settlement

PURGE_S: Final = 60


class Payments:
    """All parts of the system; they share one source of chance, so that an hour follows from its seed."""

    def __init__(self, chance: Random) -> None:
        self.engine = Engine()
        self.machine = Machine(self.engine, chance, drawn(chance))
        self.process = Process(self.machine)
        self.database = Database(self.machine)
        self.cache = Cache(self.machine)
        self.provider = Provider(self.machine)
        self.settlement = Settlement(self.machine, self.database, self.cache)
        self.reporting = Reporting(self.machine, self.database)
        self.gateway = Gateway(self.process, self.database, self.cache, self.provider, self.settlement)
        self.load = Load(self.gateway)
        self.clients = Clients(self.gateway)

    def begin(self) -> None:
        """Set everything going."""
        for steps in (
            self.settlement.worker(),
            self.load.requests(),
            self.reporting.batches(),
            self.database.locker(),
            self.process.stalls(),
            self._seconds(),
            self.clients.measure(),
        ):
            self.engine.spawn(steps)

    def _seconds(self) -> Steps:
        """Let the world go on, second by second."""
        while True:
            self.provider.every_second()
            self.database.background()
            self.machine.every_second()
            if self.process.up:
                if self.process.every_second():
                    self.process.killed_at = self.engine.now
                    self.kill_process()
                self.process.shrink_pool()
            self.database.clean()
            self.gateway.every_second()
            if int(self.engine.now) % PURGE_S == 0:
                self.cache.purge()
            yield 1.0

    def kill_process(self) -> None:
        """End payments-api and everything it was doing."""
        self.process.up = False
        self.gateway.lose()
        self.process.kill()

    def start_process(self) -> None:
        """Start payments-api again."""
        self.process.start()
        self.cache.clients = 5

    def replace_process(self) -> None:
        """Restart payments-api gracefully: the socket stays open, requests wait for a moment."""
        self.gateway.flush()
        self.start_process()
        self.process.free_at = self.engine.now + self.machine.chance.uniform(0.03, 0.06)
        self.gateway.accepted += 3

    def kill_database(self) -> None:
        """End the database."""
        self.database.kill()
        self.process.empty_pool()

    def start_database(self) -> None:
        """Start the database again."""
        self.process.refill_pool()
        self.database.start()
