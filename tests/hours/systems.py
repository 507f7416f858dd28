"""What can be simulated, and how an hour of it is judged."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.hours.cards import days as cards
from tests.hours.labels import Recording
from tests.hours.mobile import days as mobile
from tests.hours.payments import hour as payments
from tests.hours.score import Tally, tally

ROOT: Final = Path(__file__).parents[2]
FORESHOCK: Final = (sys.executable, "-m", "streams.cli")  # of this checkout, whatever is installed


class System(NamedTuple):
    """What can be simulated, the configuration that it is judged with, and the seeds if none are named."""

    simulate: Callable[[int, str], Recording]
    config: Path
    seeds: Sequence[int]


SYSTEMS: Final = {
    "payments": System(
        payments.simulate, ROOT / "streams/demo/payments.yaml", (48271, 90133, 11587, 67741, 30911, 85027)
    ),
    "cards": System(cards.simulate, ROOT / "tests/hours/cards/cards.yaml", (0, 1, 2)),
    "mobile": System(mobile.simulate, ROOT / "tests/hours/mobile/mobile.yaml", (0, 1, 2)),
}


def judged(system: System, out: Path, name: str, seed: int, *, judge: bool) -> Tally:
    """Simulate one hour unless it is there already, run the backtest on it and hold the two against each other."""
    case, run = out / name, out / "runs" / name
    if not case.exists():
        system.simulate(seed, name).write(case)
    if not judge:
        return Tally()
    files = [case / "telemetry.csv.gz", "--config", system.config, "--out", run]
    command = [*FORESHOCK, "backtest", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return tally(case, run)
