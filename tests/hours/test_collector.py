"""How telemetry lies on its way, and what is written."""

import gzip
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.hours import ramps
from tests.hours.collector import Collector, DataFault


def written(collector: Collector, folder: Path) -> list[str]:
    collector.write(folder / "telemetry.csv.gz")
    return gzip.decompress((folder / "telemetry.csv.gz").read_bytes()).decode().splitlines()[1:]


def three_scrapes(folder: Path, fault: DataFault) -> list[str]:
    """What arrives of a series 1, 2, 3 and of another one; the second and third scrape are spoilt."""
    collector = Collector(Random(7), 1000.0)
    for number in (1, 2, 3):
        collector.stamp = float(number)
        collector.faults = [fault] if number > 1 else []
        collector.emit("api", "depth", number)
        collector.emit("api", "rate", number)
        collector.emit("other", "depth", number)
    lines = written(collector, folder)
    for unspoilt in ("api,rate", "other,depth"):
        assert [line for line in lines if unspoilt in line] == [f"100{n}.000,{unspoilt},{n}" for n in (1, 2, 3)]
    return [line for line in lines if ",api," in line and "rate" not in line]


@pytest.mark.parametrize(
    ("kind", "details", "values"),
    [
        ("silent", {}, ["depth,1"]),
        ("stuck", {}, ["depth,1", "depth,1", "depth,1"]),
        ("unit", {"factor": 1000}, ["depth,1", "depth,2000", "depth,3000"]),
        ("renamed", {"to": "length"}, ["depth,1", "length,2", "length,3"]),
        ("dup", {"p": 1.0}, ["depth,1", "depth,2", "depth,2", "depth,3", "depth,3"]),
        ("late", {"delay": [9, 9]}, ["depth,1", "depth,2", "depth,3"]),
    ],
)
def test_a_fault_spoils_its_series_and_no_other(
    tmp_path: Path, kind: str, details: dict[str, Any], values: list[str]
) -> None:
    lines = three_scrapes(tmp_path, DataFault(kind, "api", "depth", details))

    assert [line.split(",", 2)[2] for line in lines] == values


def test_what_is_late_arrives_late_and_keeps_its_time(tmp_path: Path) -> None:
    collector = Collector(Random(7), 0.0)
    collector.faults = [DataFault("late", "api", "*", {"delay": [1.5, 1.5]})]
    for number in (1, 2, 3):
        collector.stamp = float(number)
        collector.emit("api" if number == 1 else "other", "depth", number)

    assert [line.split(",")[0] for line in written(collector, tmp_path)] == ["2.000", "1.000", "3.000"]


def test_labels_stand_in_columns_of_their_own_and_tell_series_apart(tmp_path: Path) -> None:
    collector = Collector(Random(7), 0.0, ("pod", "code"))
    collector.faults = [DataFault("stuck", "api", "*", where=",a,")]
    for number in (1, 2):
        for labels in (",a,", ",a,5xx", ",b,"):
            collector.stamp = float(number)
            collector.emit("api", "errors", 10 * number + len(labels), labels)
    collector.write(tmp_path / "telemetry.csv.gz")
    lines = gzip.decompress((tmp_path / "telemetry.csv.gz").read_bytes()).decode().splitlines()

    assert lines == [
        "ts,service,metric,value,pod,code",
        "1.000,api,errors,13,a,",
        "1.000,api,errors,16,a,5xx",
        "1.000,api,errors,13,b,",
        "2.000,api,errors,13,a,",
        "2.000,api,errors,16,a,5xx",
        "2.000,api,errors,23,b,",
    ]


def test_a_clock_that_is_wrong_changes_the_time_and_not_the_order(tmp_path: Path) -> None:
    collector = Collector(Random(7), 1000.0)
    collector.faults = [DataFault("skew", "api", "*", {"by": -60.0})]
    for number in (1, 2):
        collector.stamp = float(number)
        collector.emit("other", "depth", number)
        collector.emit("api", "depth", number)

    assert [line.split(",")[0] for line in written(collector, tmp_path)] == [
        "1001.000",
        "941.000",
        "1002.000",
        "942.000",
    ]


def test_a_counter_that_becomes_a_gauge_says_how_much_it_grows_in_a_second(tmp_path: Path) -> None:
    collector = Collector(Random(7), 0.0)
    collector.faults = [DataFault("retyped", "api", "calls_total")]
    for number in (0, 1, 2):
        collector.stamp = 30.0 * number
        collector.emit("api", "calls_total", 1000.0 + 60 * number)

    assert [line.rpartition(",")[2] for line in written(collector, tmp_path)] == ["0", "2", "2"]


def test_what_is_long_on_its_way_comes_after_what_is_not(tmp_path: Path) -> None:
    collector = Collector(Random(7), 0.0)
    for number in (1, 2, 3):
        for service, delay_s in (("far", 1.5), ("near", 0.0)):
            collector.stamp, collector.delay_s = float(number), delay_s
            collector.emit(service, "depth", number)

    assert [line.split(",")[1] for line in written(collector, tmp_path)] == [
        "near",
        "near",
        "far",
        "near",
        "far",
        "far",
    ]


def test_an_unknown_fault_is_refused() -> None:
    collector = Collector(Random(7), 0.0)
    collector.faults = [DataFault("gone", "api", "*")]

    with pytest.raises(ValueError, match="gone"):
        collector.emit("api", "depth", 1)


@pytest.mark.parametrize("shape", sorted(set(ramps.SHAPES)))
def test_a_ramp_begins_at_nothing_and_reaches_what_is_meant_to_hurt(shape: str) -> None:
    assert ramps.level(shape, 0.0) == 0.0
    assert ramps.level(shape, 0.5) < 0.65
    assert 0.85 <= ramps.level(shape, 0.999) <= 1.0
    assert 1.0 <= ramps.level(shape, 1.45) <= 1.5


@pytest.mark.parametrize("shape", ["saturate", "turn"])
def test_what_is_not_meant_to_hurt_bends_or_goes_back(shape: str) -> None:
    assert ramps.level(shape, 1.15) - ramps.level(shape, 0.9) < 0.05
    assert ramps.level(shape, 0.5) > 0.7
