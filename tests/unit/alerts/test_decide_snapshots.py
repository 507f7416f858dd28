import json
import math
from dataclasses import replace
from typing import Any

import pytest

from alerts.decide import Decide
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.errors import StateError
from tests.support.builders import (
    T0,
    a_forecast,
    a_landscape,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)
from tests.support.decide import PARAMS, Item, a_decide, feed

ENDED = AnomalyPhase.ENDED
UPDATED = AnomalyPhase.UPDATED


def test_a_snapshot_survives_json_and_goes_on_alike() -> None:
    one, other = a_decide(), a_decide()
    story: list[Item] = [
        an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast()),
        an_incident("INC-1", "ledger-db", at=T0 + 1),
        a_watermark(T0 + 2, 3),
    ]
    rest: list[Item] = [
        an_anomaly(phase=UPDATED, at=T0 + 60, opened_at=T0, kind=AnomalyKind.BREACH),
        an_anomaly("ledger-db", at=T0 + 61),
        an_anomaly(phase=ENDED, at=T0 + 90, opened_at=T0),
        *story,
        a_watermark(T0 + 3000, 3),
    ]
    feed(one, *story)

    other.restore(json.loads(json.dumps(one.snapshot())))

    assert other.snapshot() == one.snapshot()
    assert feed(other, *rest) == feed(one, *rest)


def test_a_fresh_state_can_be_saved_too() -> None:
    decide = a_decide()

    decide.restore(json.loads(json.dumps(a_decide().snapshot())))

    assert decide.open_alerts == ()


def test_an_open_ended_range_survives_a_snapshot() -> None:
    one, other = a_decide(), a_decide()
    feed(one, an_anomaly(evidence=[replace(an_evidence(), low=-math.inf)]))

    other.restore(one.snapshot())

    assert other.open_alerts == one.open_alerts


def damaged(change: dict[str, Any]) -> dict[str, Any]:
    decide = a_decide()
    feed(decide, an_anomaly())
    state = decide.snapshot()
    assert isinstance(state, dict)
    return {**state, **change}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "saved alerts have version None; this release reads versions 2, 3, 4 and 5"),
        ([], "saved alerts have version None; this release reads versions 2, 3, 4 and 5"),
        (damaged({"version": 1}), "saved alerts have version 1; this release reads versions 2, 3, 4 and 5"),
        (damaged({"seen": 5}), "saved alerts are damaged at seen: Input should be a valid dictionary"),
        (damaged({"episodes": {"x": {"alert": "secret"}}}), "saved alerts are damaged at episodes.x.service: "),
    ],
)
def test_a_damaged_snapshot_is_refused_and_changes_nothing(state: Any, message: str) -> None:
    decide = a_decide()
    feed(decide, an_anomaly())
    before = decide.snapshot()

    with pytest.raises(StateError) as caught:
        decide.restore(state)

    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)
    assert decide.snapshot() == before


def test_what_is_remembered_is_bounded_in_number() -> None:
    decide = Decide(a_landscape(), PARAMS.model_copy(update={"remember_most": 10}))

    for number in range(50):
        feed(decide, an_anomaly(at=T0 + number, phase=ENDED), an_incident(f"INC-{number}", at=T0 + number))

    assert (len(decide._memory.seen), len(decide._memory.incidents)) == (10, 10)
    assert next(iter(decide._memory.incidents)) == "INC-40"


def test_what_is_long_past_is_forgotten_but_not_what_is_open() -> None:
    decide = Decide(a_landscape(), PARAMS.model_copy(update={"stale_after": 30 * 86400.0}))
    open_still = an_anomaly(at=T0 + 1)

    feed(decide, an_anomaly(phase=ENDED), an_incident(), open_still, a_watermark(T0 + 7 * 86400 + 2))

    assert (list(decide._memory.seen), decide._memory.incidents) == ([open_still.id], {})
