"""Simulate hours, run the backtest on each, and print what it was worth: ``make hours ARGS="--seeds 20 21 22"``."""

import argparse
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context
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
    try:
        tallies = _each(judge, [f"{asked.system}-{seed}" for seed in seeds], seeds, asked.jobs)
    except (KeyboardInterrupt, BrokenProcessPool):  # whichever ends first by Ctrl-C, this process or those
        raise SystemExit(f"ended before all was done; what is finished stays in {asked.out}") from None
    if not asked.simulate_only:
        print(table(sum(tallies, Tally())))


def _each(judge: Callable[[str, int], Tally], names: Iterable[str], seeds: Iterable[int], jobs: int) -> list[Tally]:
    """Judge each hour in a process of its own. Ctrl-C ends them all, without a word of theirs."""
    ends = (signal.SIGINT, signal.SIG_DFL)  # once it has begun, and the backtest that it runs: both would be deaf
    with ProcessPoolExecutor(jobs, get_context("spawn"), signal.signal, ends) as pool:  # a fork of threads may hang
        heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a process that has not begun would tell of it
        tallies = pool.map(judge, names, seeds)
        signal.signal(signal.SIGINT, heeded)
        try:
            return list(tallies)
        except KeyboardInterrupt:
            for process in active_children():
                process.terminate()
            raise


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
