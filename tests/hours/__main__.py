"""Simulate hours, run the backtest on each, and print what it was worth: ``make hours ARGS="--seeds 20 21 22"``."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.hours.score import Tally
from tests.hours.systems import ROOT, SYSTEMS, judged
from tests.hours.table import table


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and do it."""
    asked = _parser().parse_args(arguments)
    system = SYSTEMS[asked.system]
    seeds = dict.fromkeys(asked.seeds or system.seeds)  # one that is named twice is one hour
    judge = partial(judged, system, asked.out.resolve(), judge=not asked.simulate_only)
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:  # a fork of threads may hang
        tallies = list(pool.map(judge, [f"{asked.system}-{seed}" for seed in seeds], seeds))
    if not asked.simulate_only:
        print(table(sum(tallies, Tally())))


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
