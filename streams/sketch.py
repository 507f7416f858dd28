"""A first configuration, sketched from telemetry: its services and metrics, and what people have to add. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import inf, isfinite
from typing import Final

import yaml
from pydantic import TypeAdapter, ValidationError

from config.fields import Name
from detectors.arrival.features import Refusal, judged
from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind
from streams.sketch_limits import Range, proposed

SERVICES: Final = 500  # that are sketched: what is much longer is no configuration any more
METRICS: Final = 6  # that are named for each service: those that clients feel first
COUNTERS: Final = 200_000  # series of counters of which the rates are looked at
IN_ALL: Final = 2000  # metrics that are named
WHOLE: Final = 1e16  # whole numbers below are written out
_NAME: Final = TypeAdapter(Name)
_NOT_TAKEN: Final = frozenset(Refusal) - {Refusal.NO_RATE}
_PLAIN: Final = re.compile(r"[A-Za-z][\w.-]*")
_WORDS_OF_YAML: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})

_TOP: Final = """\
## A first configuration, sketched from {source}. What it lacks stands in comments: nobody but you can know it.
## `foreshock check` says what is wrong with it; docs/configuration.md has every key.
kafka: {{brokers: ["localhost:9092"]}}
sources:
  - {{topic: telemetry, format: native}} # or otlp_json, otlp_proto
  - {{topic: incidents, kind: incidents, format: native}}
services:
"""
_BELOW: Final = """\
## Who answers for them: take a squad for each service, and how it is told.
# squads:
#   operations: {{slack: "#operations"}}
# channels:
#   slack: {{token: "${{SLACK_TOKEN}}"}}
#   email: {{host: smtp.example.com, sender: notices@example.com}}
## What clients do with you, step by step, and who they are:
# journeys:
#   payment-initiation:
#     squad: operations
#     stages:
#       - {{name: submit, touchpoints: [{{name: "POST /payments", service: {service}}}]}}
# clients:
#   bank-042:
#     name: Example Bank
#     journeys: [payment-initiation]
#     contacts: [{{email: ops@bank.example}}]
#     timezone: Europe/Berlin
#     notices: {{approval: required, min_confidence: 0.8}}
"""


def sketch(source: str, samples: Iterable[Sample]) -> str:
    """Return the text of a configuration for the services of some telemetry; nothing if it can name none of them."""
    seen: dict[str, dict[str, Range]] = defaultdict(dict)
    counted: dict[SeriesKey, tuple[float, float]] = {}  # when, and what, a counter said last
    for sample in samples:
        key, value, at, kind, _ = sample
        if not isfinite(value):
            continue
        known = seen[key.service].get(key.metric)
        if known is None:
            known = seen[key.service][key.metric] = Range(kind is SampleKind.COUNTER)
        if not known.counts:
            known.take(value)
        elif key in counted or len(counted) < COUNTERS:
            rate = judged(at, value, SampleKind.COUNTER, *counted.get(key, (-inf, 0.0)))
            if not isinstance(rate, Refusal):
                known.take(rate)
            if rate not in _NOT_TAKEN:
                counted[key] = at, value
    names = sorted(filter(_is_name, seen))[:SERVICES]
    if not names:
        return ""
    each = min(METRICS, IN_ALL // len(names))
    services = [line for name in names for line in _service(name, seen[name], each)]
    if len(names) < len(seen):
        services.append(f"  ## and {len(seen) - len(names)} more, or with names that a configuration cannot have")
    below = _BELOW.format(service=_value(names[0]))
    return _TOP.format(source=_told(source)) + "".join(f"{line}\n" for line in services) + below


def _service(name: str, metrics: Mapping[str, Range], most: int) -> Iterator[str]:
    yield f"  {_key(name)}:"
    yield "    depends_on: [] # the services that it needs"
    yield "    # squad: operations"
    proposals = {metric: proposed(metric, metrics[metric]) for metric in sorted(filter(_is_name, metrics))}
    named = sorted(proposals.items(), key=lambda item: item[1].rank)[:most]
    if named:
        yield "    # objectives: # what clients would feel, with the limits that you promise"
    for metric, each in named:
        side, limit = "above" if each.above else "below", _number(each.limit)
        yield f"    #   - {{metric: {_value(metric)}, {side}: {limit}, for: 1m}} # {_was(metrics[metric])}"
    if len(metrics) > len(named):
        yield f"    ## and {len(metrics) - len(named)} more metrics"


def _was(seen: Range) -> str:
    """Say what a limit rests on."""
    if seen.low is None or seen.high is None:
        return "a counter: its rate a second"
    between = f"{_number(seen.low)} to {_number(seen.high)}"
    return f"a counter: its rate was {between} a second" if seen.counts else f"it was {between}"


def _number(value: float) -> str:
    """Return a number as YAML reads it back: with a point before an exponent."""
    short = float(f"{value:.4g}")
    short = short if isfinite(short) else value
    text = f"{short:.0f}" if short.is_integer() and abs(short) < WHOLE else repr(short)
    return text if "." in text else text.replace("e", ".0e")


def _is_name(name: str) -> bool:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


def _key(name: str) -> str:
    """Return a name as YAML reads it back."""
    return (
        name
        if _PLAIN.fullmatch(name) and name.casefold() not in _WORDS_OF_YAML
        else yaml.safe_dump(name, default_style='"', width=inf, allow_unicode=True).strip()
    )


def _value(name: str) -> str:
    """Return a name as a configuration reads it back, where a ``${`` would be a reference."""
    return _key(name.replace("${", "$${"))


def _told(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)
