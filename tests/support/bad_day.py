"""A bad day, made up: 40 services in eight stacks, 200 clients, six episodes at once, two of which come and go.

Nothing in it was recorded. Values are Gaussian noise around what is usual, with steps, ramps and swings of the
episodes on top; the same seed gives the same day.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from domain.identity import JourneyId, ServiceId
from streams.demo.recording import Fault, Measured, Recording

SEED: Final = 40_200
T0: Final = 1_763_452_800.0  # a Tuesday, 08:00 UTC
SCRAPE_S: Final = 5.0
STACKS: Final = 8
PARTS: Final = {"gateway": ["api"], "api": ["db", "cache"], "worker": ["db"], "db": [], "cache": []}
CLIENTS: Final = 200
LEARNING_S: Final = 750.0  # 150 samples a series
DAY_S: Final = 1080.0
TAIL_S: Final = 300.0
LATENCY_LIMIT: Final = 400.0
ERRORS_LIMIT: Final = 0.05
USUAL: Final = {"latency_p95_ms": (80.0, 4.0), "error_ratio": (0.004, 0.001), "requests_per_s": (50.0, 2.0)}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one metric of one service does, in seconds of the day: it climbs to ``top`` and stays, or comes and goes."""

    service: str
    metric: str
    top: float
    from_s: float
    to_s: float
    climb_s: float = 0.0
    swing_s: float = 0.0  # so long there, so long gone

    def share(self, at_s: float) -> float:
        """Return how much of it there is at a time, 0 to 1."""
        if not self.from_s <= at_s < self.to_s:
            return 0.0
        gone_s = at_s - self.from_s
        if self.swing_s:
            return 1.0 if gone_s % (2 * self.swing_s) < self.swing_s else 0.0
        return min(1.0, gone_s / self.climb_s) if self.climb_s else 1.0


TROUBLES: Final = (
    # A database slows down; whoever needs it follows.
    Trouble("s0-db", "latency_p95_ms", 520.0, 90, 600, climb_s=240),
    Trouble("s0-api", "latency_p95_ms", 560.0, 150, 610, climb_s=240),
    Trouble("s0-gateway", "latency_p95_ms", 600.0, 160, 615, climb_s=240),
    # Errors at once, declared as an incident.
    Trouble("s1-api", "error_ratio", 0.2, 150, 480),
    # A cache that comes and goes: nine times, thirty seconds each.
    Trouble("s2-cache", "latency_p95_ms", 900.0, 120, 660, swing_s=30),
    # A slow climb that clients feel at the end of it only.
    Trouble("s3-gateway", "latency_p95_ms", 500.0, 180, 720, climb_s=420),
    # A worker, declared as an incident.
    Trouble("s4-worker", "latency_p95_ms", 1500.0, 240, 700),
    # Errors that come and go, a minute each.
    Trouble("s5-api", "error_ratio", 0.3, 200, 780, swing_s=60),
)


def learning() -> Recording:
    """Return the quiet time before the day, for the series to become usual."""
    return _recording(-LEARNING_S, 0.0)


def day() -> Recording:
    """Return the day with its six episodes and the incidents that people declared."""
    declared = [
        Fault(
            id=f"INC-{service}", kind="load", affected=(ServiceId(service),), started_at=T0 + from_s,
            breach_at=T0 + from_s + 60, resolved_at=T0 + to_s, journeys=(JourneyId(journey),),
        )
        for service, journey, from_s, to_s in (("s1-api", "journey-1", 150, 480), ("s4-worker", "journey-4", 240, 700))
    ]  # fmt: skip
    return _recording(0.0, DAY_S, tuple(declared))


def tail() -> Recording:
    """Return the quiet time after it."""
    return _recording(DAY_S, DAY_S + TAIL_S)


def services() -> dict[str, Any]:
    """Return the configuration of 40 services."""
    objectives = [
        {"metric": "latency_p95_ms", "above": LATENCY_LIMIT, "for": "10s"},
        {"metric": "error_ratio", "above": ERRORS_LIMIT, "for": "10s"},
    ]
    return {
        f"s{stack}-{part}": {
            "squad": f"squad-{stack}",
            "depends_on": [f"s{stack}-{needed}" for needed in needs],
            "objectives": objectives,
        }
        for stack in range(STACKS)
        for part, needs in PARTS.items()
    }


def clients(seed: int = SEED) -> dict[str, Any]:
    """Return the configuration of 200 clients: 25 on each stack, every fifth on the next one too, policies mixed."""
    chance = random.Random(seed)
    found = {}
    for number in range(CLIENTS):
        stack = number % STACKS
        journeys = [f"journey-{stack}", *([f"journey-{(stack + 1) % STACKS}"] if number % 5 == 0 else [])]
        name = f"bank-{number:03d}"
        found[name] = {
            "name": f"Bank {number:03d}",
            "journeys": journeys,
            "contacts": [{"email": f"{desk}@{name}.example"} for desk in ("ops", "risk")[: chance.choice((1, 1, 2))]],
            "locale": chance.choice(("en", "de", "fr")),
            "timezone": chance.choice(("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo")),
            "notices": _policy(chance),
        }
    return found


def overrides() -> dict[str, Any]:
    """Return all of the configuration that tells of people and services."""
    return {
        "services": services(),
        "journeys": {
            f"journey-{stack}": {
                "title": f"Journey {stack}",
                "squad": f"squad-{stack}",
                "stages": [
                    {"name": "ask", "touchpoints": [{"name": "gateway", "service": f"s{stack}-gateway"}]},
                    {"name": "settle", "touchpoints": [{"name": "worker", "service": f"s{stack}-worker"}]},
                ],
            }
            for stack in range(STACKS)
        },
        "squads": {f"squad-{stack}": {"slack": f"#squad-{stack}"} for stack in range(STACKS)},
        "fallback_squad": "squad-0",
        "clients": clients(),
        "alerts": {"resolve_hold": "30s", "flap_hold": "120s"},
        "delivery": {"backoff_cap": "5s"},  # a wait that fits to the speed at which the day is played
    }


def _policy(chance: random.Random) -> dict[str, Any]:
    automatic = {"approval": "automatic", "min_confidence": chance.choice((0.5, 0.6, 0.8))}
    more: list[dict[str, Any]] = [
        {}, {}, {}, {}, {}, {},
        {"approval": "required"},
        {"approval": "never"},
        {"quiet_hours": "22:00-06:00"},
        {"max_per_day": 1},
        {"min_evidence": 2},
    ]  # fmt: skip
    return automatic | chance.choice(more)


def _recording(from_s: float, to_s: float, faults: tuple[Fault, ...] = ()) -> Recording:
    return Recording(tuple(_rows(from_s, to_s)), faults)


def _rows(from_s: float, to_s: float) -> Iterator[Measured]:
    chance = random.Random(f"{SEED} {from_s}")
    names = list(services())
    for scrape in range(math.ceil(from_s / SCRAPE_S), math.ceil(to_s / SCRAPE_S)):
        for number, name in enumerate(names):
            at_s = scrape * SCRAPE_S + number * SCRAPE_S / len(names)  # not all services at one instant
            for metric, (usual, noise) in USUAL.items():
                value = max(0.0, chance.gauss(usual, noise))
                for trouble in TROUBLES:
                    if (trouble.service, trouble.metric) == (name, metric):
                        value += trouble.share(at_s) * (trouble.top - usual)
                yield Measured(T0 + at_s, T0 + at_s, ServiceId(name), metric, value)
