"""The sketch of a configuration is one that can be used, and what it has in comments can be, too."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from config.loader import load_with_environment
from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind
from streams.commands import app
from streams.sketch import METRICS, SERVICES, sketch
from tests.support.builders import T0
from tests.support.tree import ROOT

TABLE = f"ts,service,metric,value\n{T0},api,p95,7.5\n{T0},api,p95,250000.25\n{T0},ledger-db,commits_total,1000\n"


def init(folder: Path, text: str = TABLE) -> Result:
    (folder / "t.csv").write_text(text)
    return CliRunner().invoke(app, ["init", str(folder / "t.csv"), "--out", str(folder / "foreshock.yaml")])


def without_comments(text: str) -> str:
    """The sketch with everything that it has behind #; what is behind ## are sentences."""
    return re.sub(r"^( *)# ", r"\1", text, flags=re.MULTILINE)


def test_a_sketch_can_be_used_at_once_and_has_every_service(tmp_path: Path) -> None:
    result = init(tmp_path)
    assert result.exit_code == 0, result.output
    assert f"foreshock backtest {tmp_path / 't.csv'} --config" in result.output
    settings = load_with_environment(tmp_path / "foreshock.yaml")
    assert list(settings.services) == ["api", "ledger-db"]


def test_what_a_sketch_has_in_comments_is_a_configuration_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-secret")
    init(tmp_path)
    whole = tmp_path / "whole.yaml"
    whole.write_text(without_comments((tmp_path / "foreshock.yaml").read_text()))
    settings = load_with_environment(whole)
    (latency,) = settings.services["api"].objectives
    (commits,) = settings.services["ledger-db"].objectives
    assert (latency.metric, latency.above, commits.metric, commits.above) == ("p95", 250000, "commits_total", 1)
    assert (list(settings.journeys), list(settings.clients)) == (["payment-initiation"], ["bank-042"])
    assert {service.squad for service in settings.services.values()} == {"operations"}


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "foreshock.yaml").write_text("mine")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert "is there already; name another file with --out" in result.output
    assert (tmp_path / "foreshock.yaml").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "ts,service,metric,value\n", f"ts,service,metric,value\n{T0},api,p95,nan\n"])
def test_telemetry_without_a_sample_leaves_no_file(text: str, tmp_path: Path) -> None:
    assert init(tmp_path, text).exit_code == 2
    assert not (tmp_path / "foreshock.yaml").exists()


def test_the_telemetry_of_the_demo_gives_a_sketch_for_it(tmp_path: Path) -> None:
    telemetry = ROOT / "streams/demo/data/telemetry.csv.gz"
    result = CliRunner().invoke(app, ["init", str(telemetry), "--out", str(tmp_path / "f.yaml")])
    assert result.exit_code == 0, result.output
    assert {"payments-api", "ledger-db"} <= set(load_with_environment(tmp_path / "f.yaml").services)


def test_a_service_with_very_many_metrics_names_those_that_clients_feel_first() -> None:
    names = [*(f"m{i:03}" for i in range(METRICS + 5)), "requests_free", "z_latency_ms"]
    text = sketch("t.csv", [Sample(SeriesKey.of("api", name), float(at), T0 + at) for at in (1, 2) for name in names])
    named = re.findall(r"metric: (\w+)", text)
    assert (len(named), named[:3]) == (METRICS, ["z_latency_ms", "requests_free", "m000"])
    assert "{metric: requests_free, below: 1, for: 1m} # it was 1 to 2" in text
    assert "## and 7 more metrics" in text


def test_the_limit_of_a_counter_is_the_highest_rate_that_any_of_its_series_had() -> None:
    totals = {"a": [100.0, 160.0, 5.0, 65.0], "b": [7.0, 127.0, 127.0, 150.0]}  # one of them begins anew
    text = sketch("t.csv", [
        Sample(SeriesKey.of("api", "orders_total", {"pod": pod}), total, T0 + 60 * minute, SampleKind.COUNTER)
        for minute in range(4) for pod in totals for total in totals[pod][minute : minute + 1]
    ])  # fmt: skip
    assert "{metric: orders_total, above: 2, for: 1m} # a counter: its rate was 0 to 2 a second" in text


def test_of_very_many_services_a_sketch_has_as_many_as_a_configuration_can_have(tmp_path: Path) -> None:
    rows = "".join(f"{T0},service-{i},m{j},1\n" for i in range(3 * SERVICES) for j in range(METRICS))
    assert init(tmp_path, f"ts,service,metric,value\n{rows}").exit_code == 0
    assert len(load_with_environment(tmp_path / "foreshock.yaml").services) == SERVICES
    assert f"## and {2 * SERVICES} more" in (tmp_path / "foreshock.yaml").read_text()


def test_names_that_a_configuration_cannot_have_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = f'{T0},api,p95,1\n{T0},api,"a\tb",1\n{T0},\x1b[31mred,p95,1\n{T0}," blank",p95,1\n'
    assert init(tmp_path, f"ts,service,metric,value\n{rows}").exit_code == 0
    assert list(load_with_environment(tmp_path / "foreshock.yaml").services) == ["api"]
    text = (tmp_path / "foreshock.yaml").read_text()
    assert "## and 1 more metrics" in text
    assert "## and 2 more, or with names that a configuration cannot have" in text


@pytest.mark.parametrize("name", ["${HOME}", "$${x}", "a ${", "${x:-y}"])
def test_what_looks_like_a_reference_is_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-secret")
    whole = tmp_path / "whole.yaml"
    whole.write_text(without_comments(sketch("t.csv", [Sample(SeriesKey.of(name, name), 1.0, T0)])))
    settings = load_with_environment(whole)
    assert settings.services[name].objectives[0].metric == name
    assert settings.journeys["payment-initiation"].stages[0].touchpoints[0].service == name


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(sys.float_info.max)
@example(1e-05)
@example(1e300)
def test_a_limit_is_a_short_number_close_to_what_was_measured(value: float) -> None:
    text = without_comments(sketch("t.csv", [Sample(SeriesKey.of("api", "p95"), value, T0)]))
    limit = yaml.safe_load(text)["services"]["api"]["objectives"][0]["above"]
    assert limit == pytest.approx(value, rel=1e-3)
    assert len(text.split("above: ")[1].split(",")[0]) <= 24


def test_a_file_in_which_nothing_can_be_read_is_refused_with_the_reason_and_no_control_characters(
    tmp_path: Path,
) -> None:
    result = init(tmp_path, f"time,service,metric,value\n{T0},api,\x1b[31mred,x\n")
    assert result.exit_code == 2
    assert "\ufffd[31mred: 'x' is not a number" in result.output


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40), st.text(max_size=20))
def test_hostile_names_stay_names(service: str, metric: str, source: str) -> None:
    text = sketch(source, [Sample(SeriesKey.of(service, metric), 1.0, T0, SampleKind.GAUGE)])
    if not text:
        assert not usable(service)
        return
    assert yaml.safe_load(text)["services"] == {service: {"depends_on": []}}
    (written,) = yaml.safe_load(without_comments(text))["services"].values()
    named = [each["metric"].replace("$${", "${") for each in written.get("objectives", ())]
    assert named == ([metric] if usable(metric) else [])


def usable(name: str) -> bool:
    return name.isprintable() and name == name.strip()


def test_of_many_rows_that_cannot_be_read_the_first_few_are_told(tmp_path: Path) -> None:
    result = init(tmp_path, TABLE + "soon,api,p95,1\n" * 9)
    assert result.exit_code == 0
    assert len(re.findall(r"t\.csv:\d+: ", result.stderr)) == 5
