"""What the ablation leaves out is there: a benchmark that nobody runs for weeks must not rot meanwhile."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyKind
from tests.support.ablation import VARIANTS, Variant, left_out
from tests.support.timelines import feed, noise, timeline
from tests.without import PARTS, main


def unknown(params: BaseModel, changes: Mapping[str, Any], place: str = "") -> list[str]:
    """The names that parameters do not have, section by section."""
    found = [f"{place}{name}" for name in changes if name not in type(params).model_fields]
    for name, change in changes.items():
        if isinstance(change, Mapping) and not found:
            found += unknown(getattr(params, name), change, f"{name}.")
    return found


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_part_that_the_ablation_leaves_out_exists(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown(DetectionParams(), variant.params) == []
    for name, instead in variant.patches.items():
        monkeypatch.setattr(name, instead)  # fails when there is no such thing


def test_no_part_is_left_out_twice() -> None:
    names = [variant.name for variant in VARIANTS]

    assert sorted(set(names)) == sorted(names)


def test_a_parameter_that_does_not_exist_is_found() -> None:
    assert unknown(DetectionParams(), {"level": {"gone": 1}}) == ["level.gone"]


def test_every_part_has_a_name_of_its_own_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(PARTS) == len(VARIANTS)
    with pytest.raises(SystemExit, match="no part is called 'gone'") as ended:
        main("gone", "backtest", "telemetry.csv")
    assert set(PARTS) <= set(str(ended.value).splitlines())
    with pytest.raises(SystemExit):
        main("stuck", "backtest", "--help")
    assert "--incidents" in capsys.readouterr().out


def test_what_is_left_out_is_there_again_afterwards() -> None:
    samples = timeline([*noise(300), *[50.0] * 60])

    def kinds() -> set[AnomalyKind]:
        return {anomaly.kind for anomaly in feed(Detection(DetectionParams()), samples)[1]}

    with left_out(PARTS["stuck"]):
        assert AnomalyKind.STUCK not in kinds()
    assert AnomalyKind.STUCK in kinds()
