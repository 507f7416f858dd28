"""What each detector and each ingredient adds, and what it costs: everything runs again without it.

On the recording of the demo and on made-up noise. Cost: processor time without it, as a share of that with everything,
in turns; the median of as many pairs. With ``--cases DIR`` on labelled series of your own too: each
``DIR/SUITE/CASE`` has a ``telemetry.csv.gz`` of one series and a ``truth.json`` with the ``segments`` that are
anomalies, as pairs of row numbers, the second one behind the end, and ``probation_rows``, before which nothing counts.
An event is found when an opening falls into it at most 7 rows late; any other opening is false. Hours that ``make
hours`` has left in DIR (``DIR/SYSTEM-SEED``) are judged as it judges them.
"""

import json
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from typer.testing import CliRunner

from config.loader import load_with_environment
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyPhase
from domain.journeys import Service
from domain.telemetry import Sample
from streams.backtest.csv_file import CsvFile
from streams.commands import app
from tests.hours.score import Tally, tally
from tests.hours.systems import SYSTEMS
from tests.hours.table import table
from tests.support.ablation import VARIANTS, Variant, left_out
from tests.support.timelines import noise, timeline

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(0)]  # some thousand labelled days take their time
DEMO = Path(__file__).parents[2] / "streams" / "demo"
GRACE_S = 60.0
LATE = 7  # rows
NOISE = 60_000
PAIRS = 5


def samples_of(path: Path) -> list[Sample]:
    def complain(text: str) -> None:
        raise AssertionError(text)

    return [line[3] for line in CsvFile(path).lines(complain) if line[3] is not None]


def opened(params: DetectionParams, services: Sequence[Service], samples: Sequence[Sample]) -> list[Anomaly]:
    detection = Detection(params, services)
    found: list[Anomaly] = []
    for sample in samples:
        found += [anomaly for anomaly in detection.observe(sample)[1] if anomaly.phase is AnomalyPhase.OPENED]
    return found


def cost_without(variant: Variant, run: Callable[[], object]) -> float:
    """The share of the processor time that is left."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(PAIRS):
        for without in (False, True):
            with left_out(variant) if without else nullcontext():
                started = time.process_time()
                run()
                spent[without].append(time.process_time() - started)
    return median(less / whole for less, whole in zip(spent[True], spent[False], strict=True))


def on_the_demo(variant: Variant) -> str:
    settings = load_with_environment(DEMO / "payments.yaml")
    samples = samples_of(DEMO / "data" / "telemetry.csv.gz")
    run = partial(opened, settings.detectors, settings.landscape().services, samples)
    with left_out(variant):
        said = run()
    rows = [json.loads(line) for line in (DEMO / "data" / "incidents.jsonl").read_text().splitlines()]
    faults = [row for row in rows if row["breach_at"] is not None]
    leads: list[float] = []
    for row in faults:
        start, breach = row["fault_started_at"], row["breach_at"]
        first = min((a.at for a in said if a.service in row["affected"] and start <= a.at < breach), default=breach)
        leads.append((breach - first) / (breach - start))
    spans = [(row["fault_started_at"], row["resolved_at"] + GRACE_S) for row in rows]
    outside = sum(not any(start <= a.at <= end for start, end in spans) for a in said)
    return (
        f"demo: {sum(lead > 0 for lead in leads)} of {len(leads)} warned, median lead {median(leads):.2f} of the ramp, "
        f"{len(said)} openings, {outside} outside of faults, {cost_without(variant, run):.2f} of the cost"
    )


def on_noise(variant: Variant) -> str:
    run = partial(opened, DetectionParams(), (), timeline(noise(NOISE), step_s=60.0))
    with left_out(variant):
        said = run()
    return f"noise: {len(said)} openings in {NOISE} samples, {cost_without(variant, run):.2f} of the cost"


def on_suite(suite: Path) -> str:
    hits = false = events = 0
    for case in sorted(path for path in suite.iterdir() if (path / "truth.json").exists()):
        truth = json.loads((case / "truth.json").read_text())
        samples = samples_of(case / "telemetry.csv.gz")
        if len({sample.key for sample in samples}) > 1:
            return f"{suite.name}: left out, {case.name} has more than one series"
        times = [sample.observed_at for sample in samples]
        said = opened(DetectionParams(), (), samples)
        start = truth["probation_rows"]
        rows = [row for row in (bisect_left(times, anomaly.at) for anomaly in said) if row >= start]
        spans = [(max(first, start), end) for first, end in truth["segments"] if end > start]
        hits += sum(any(first <= row < end for row in rows) and _in_time(rows, first, end) for first, end in spans)
        false += sum(not any(first <= row < end for first, end in spans) for row in rows)
        events += len(spans)
    return f"{suite.name}: F1 {2 * hits / max(1, hits + false + events):.3f}, {hits} of {events} found, {false} false"


def _in_time(rows: Sequence[int], first: int, end: int) -> bool:
    return next(row for row in rows if first <= row < end) - first <= LATE


def suites(cases: Path | None) -> Iterator[Path]:
    """Folders of labelled single series."""
    for folder in sorted(cases.iterdir()) if cases is not None else ():
        truths = list(folder.glob("*/truth.json"))
        if truths and all({"segments", "probation_rows"} <= json.loads(t.read_text()).keys() for t in truths):
            yield folder


def on_hours(system: str, cases: Sequence[Path], out: Path) -> str:
    total = Tally()
    for case in cases:
        files = [case / "telemetry.csv.gz", "--config", SYSTEMS[system].config, "--out", out / case.name]
        done = CliRunner().invoke(app, ["backtest", *map(str, files)])
        assert done.exit_code == 0, done.output
        total += tally(case, out / case.name)
    lines = table(total).partition("\n\n")[0].splitlines()
    return f"{system}, {len(cases)} recordings: " + "; ".join(" ".join(line.split()) for line in lines)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_what_is_lost_without_it(variant: Variant, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    print(f"\n{variant.name}\n  {on_the_demo(variant)}\n  {on_noise(variant)}")
    cases = request.config.getoption("--cases")
    with left_out(variant):
        for suite in suites(cases):
            print(f"  {on_suite(suite)}")
        for system in SYSTEMS if cases is not None else ():
            hours = sorted(path.parent for path in cases.glob(f"{system}-*/incidents.jsonl"))
            if hours:
                print(f"  {on_hours(system, hours, tmp_path)}")
