"""Simulate hours, run the backtest on each, and print what it was worth: ``make hours ARGS="--seeds 20 21 22"``."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.hours.cards import days as cards
from tests.hours.labels import Recording
from tests.hours.payments import hour as payments
from tests.hours.score import Tally, tally
from tests.hours.table import table

ROOT: Final = Path(__file__).parents[2]
FORESHOCK: Final = "from streams.cli import main; main()"  # of this checkout, whatever is installed


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
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and do it."""
    asked = _parser().parse_args(arguments)
    system = SYSTEMS[asked.system]
    judge = partial(judged, asked.system, asked.out, judge=not asked.simulate_only)
    with ProcessPoolExecutor(asked.jobs) as pool:
        tallies = list(pool.map(judge, asked.seeds or system.seeds))
    if not asked.simulate_only:
        print(table(sum(tallies, Tally())))


def judged(name: str, out: Path, seed: int, *, judge: bool) -> Tally:
    """Simulate one hour unless it is there already, run the backtest on it and hold the two against each other."""
    case = out / f"{name}-{seed}"
    if not (case / "telemetry.csv.gz").exists():
        SYSTEMS[name].simulate(seed, case.name).write(case)
    if not judge:
        return Tally()
    run = out / "runs" / case.name
    files = [case / "telemetry.csv.gz", "--config", SYSTEMS[name].config, "--out", run]
    command = [sys.executable, "-c", FORESHOCK, "backtest", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise SystemExit(f"{case.name}: {done.stderr}")
    return tally(case, run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make hours", description=__doc__.partition(":")[0])
    parser.add_argument("--system", choices=SYSTEMS, default="payments")
    parser.add_argument("--seeds", type=int, nargs="+", help="one hour for each; else those of the published figures")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "hours", help="where hours and runs are put")
    parser.add_argument("--jobs", type=int, default=2, help="hours at a time")
    parser.add_argument("--simulate-only", action="store_true", help="make the hours, judge nothing")
    return parser


if __name__ == "__main__":
    main()
