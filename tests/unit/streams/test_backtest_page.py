"""The report: complete, self-contained, and safe whatever the telemetry is called."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from rich.progress import Progress
from typer.testing import CliRunner

from domain.alert import Severity, Transition
from domain.identity import SeriesKey
from domain.notice import Phase
from domain.telemetry import Sample, SampleKind
from streams.backtest.compare import client_names, compare, received
from streams.backtest.history import Cadence, Counted, Episode
from streams.backtest.judge import Scope, Score, judge
from streams.backtest.overview import LANES, overview
from streams.backtest.page import render_comparison
from streams.backtest.scenes import MOST, collect, draw, scenes, ticks, worst
from streams.backtest.source import Complain, Line
from streams.backtest.terminal import Advance
from streams.commands.backtest import backtest
from streams.pictures import HEIGHT, thinned
from tests.support.backtest import an_alert, told
from tests.support.builders import T0, a_forecast, a_landscape
from tests.support.timelines import START, noise, with_shape

HOSTILE = "x\"><script>alert('x')</script>"
CONFIG = """
services:
  api:
    squad: core
    objectives: [{metric: value, above: 90, for: 5s}]
journeys:
  pay: {title: Payment, squad: core, stages: [{name: s, touchpoints: [{name: t, service: api}]}]}
squads: {core: {slack: "#core"}}
clients:
  bank:
    name: Bank & Sons
    journeys: [pay]
    contacts: [{email: a@bank.example}]
    notices: {approval: automatic, min_confidence: CONFIDENCE}
channels:
  slack: {token: "${BACKTEST_TOKEN:-unused}"}
  email: {host: mail.example, sender: a@b.example}
"""


class Page(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [str(value) for name, value in attrs if name in {"src", "href", "style"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def telemetry(folder: Path, service: str = "api") -> Path:
    values = with_shape([*noise(400), *noise(100, seed=4)], 400, lambda i: min(45.0, 1.2 * i))
    path = folder / "t.csv"
    rows = (f"{START + i},{service},value,{value!r}\n" for i, value in enumerate(values))
    path.write_text("ts,service,metric,value\n" + "".join(rows))
    return path


def config(folder: Path, name: str = "c.yaml", confidence: float = 0.5) -> Path:
    (folder / name).write_text(CONFIG.replace("CONFIDENCE", str(confidence)))
    return folder / name


def incidents(folder: Path, title: str = "slow") -> Path:
    path = folder / "i.jsonl"
    row = {"at": START + 440, "kind": "incident", "service": "api", "resolved_at": START + 490, "title": title}
    path.write_text(json.dumps(row))
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(backtest)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_report_tells_of_every_incident_journey_detector_and_alert(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, said = run(
        telemetry(tmp_path), "--config", config(tmp_path), "--incidents", incidents(tmp_path), "--out", out, "--report"
    )
    assert code == 0
    page = Page((out / "report.html").read_text())
    assert page.links == [], "nothing is fetched from anywhere, and nothing runs"
    assert page.tags["script"] == 0
    opened = sum(json.loads(line)["status"] == "open" for line in (out / "alerts.jsonl").read_text().splitlines())
    assert opened > 0
    assert page.tags["svg"] == opened + 1, "one for each alert, and one for the whole"
    for word in ("slow", "warned", "Payment", "forecast", "Bank & Sons", "belongs to one", "Squads: core"):
        assert word in page.text
    assert "report.html" in said
    assert "1 of 1 (100%)" in said


def test_the_terminal_lists_the_worst_alerts_and_what_each_was_worth(tmp_path: Path) -> None:
    code, _, said = run(telemetry(tmp_path), "--incidents", incidents(tmp_path), "--out", tmp_path / "out")
    assert code == 0
    _, _, listed = said.partition("Alerts (UTC):\n")
    first = json.loads((tmp_path / "out/alerts.jsonl").read_text().partition("\n")[0])
    assert first["reason"] in listed
    assert "before: slow)" in listed


def test_a_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    code, _, said = run(telemetry(tmp_path, "a\x1b[31mpi[/b]"), "--out", tmp_path / "out")
    assert code == 0
    assert "a\ufffd[31mpi[/b]: " in said
    assert "\x1b" not in said


def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, *_ = run(telemetry(tmp_path, HOSTILE), "--incidents", incidents(tmp_path, HOSTILE), "--out", out, "--report")
    assert code == 0
    html = (out / "report.html").read_text()
    assert Page(html).tags["script"] == 0
    assert "&lt;script&gt;" in html


def test_without_incidents_nothing_is_called_right_or_wrong(tmp_path: Path) -> None:
    code, *_ = run(telemetry(tmp_path), "--out", tmp_path / "out", "--report")
    assert code == 0
    text = Page((tmp_path / "out/report.html").read_text()).text
    assert "No incidents of that time were given" in text
    assert "false alarm" not in text


def test_the_report_changes_nothing_in_the_files_of_the_run(tmp_path: Path) -> None:
    source = telemetry(tmp_path)
    run(source, "--out", tmp_path / "a")
    run(source, "--out", tmp_path / "b", "--report", "--json")
    for name in ("scores.csv", "alerts.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_summary_as_json_is_all_that_standard_output_has(tmp_path: Path) -> None:
    code, printed, _ = run(telemetry(tmp_path), "--incidents", incidents(tmp_path), "--out", tmp_path / "out", "--json")
    body = json.loads(printed)
    assert code == 0
    assert (body["rows"], body["series"], body["worth"]["incidents"]) == (500, 1, 1)
    assert body["alerts"]["open"] >= 1
    assert sum(row["led"] for row in body["detectors"]) == body["alerts"]["open"]


def test_two_configurations_are_set_side_by_side(tmp_path: Path) -> None:
    first, second = config(tmp_path, "strict.yaml", 0.99), config(tmp_path, "easy.yaml", 0.2)
    code, printed, said = run(
        telemetry(tmp_path), "--compare", first, second, "--out", tmp_path / "out", "--report", "--json"
    )
    assert code == 0
    body = json.loads(printed)
    assert body["configurations"] == ["strict.yaml", "easy.yaml"]
    told_now = {row["reader"]: (row["first"]["warnings"], row["second"]["warnings"]) for row in body["readers"]}
    assert told_now["Bank & Sons"][0] == 0 < told_now["Bank & Sons"][1]
    assert "client Bank & Sons newly told" in said
    for run_, folder in zip(body["runs"], "ab", strict=True):
        decided = [json.loads(line) for line in (tmp_path / "out" / folder / "notices.jsonl").read_text().splitlines()]
        assert len(decided) == run_["notices"]
        assert all(each["reason"] for each in decided)
        assert {each["decision"] for each in decided if each["kind"] == "client"} >= {
            {"a": "suppress", "b": "notify"}[folder]
        }
    page = Page((tmp_path / "out/report.html").read_text())
    assert page.links == ["a/report.html", "b/report.html"]
    assert all((tmp_path / "out" / link).exists() for link in page.links)
    assert "newly told" in page.text
    assert page.text.count("is below the client's 99%") >= 2, "why not is said at the difference, and to the reader"


def test_the_comparison_escapes_what_comes_from_outside() -> None:
    steps = an_alert(HOSTILE)
    episodes = [Episode(steps, (told(steps, Phase.WARNING, 5),))]
    second = [replace(each, said=HOSTILE, reader=HOSTILE) for each in received(episodes, client_names(a_landscape()))]
    html = render_comparison(
        HOSTILE, compare((HOSTILE, "b"), [], second), [score(), score()], ["a", "b"], [f"Mind {HOSTILE}"]
    )
    assert html.count("&lt;script&gt;") >= 6
    assert f"Mind {HOSTILE}" in Page(html).text
    assert Page(html).tags["script"] == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--out", "o"], "give either a file of telemetry or --topic"),
        (["FILE", "--topic", "t", "--out", "o"], "give either a file of telemetry or --topic"),
        (["--topic", "t", "--out", "o"], "--topic needs --config"),
        (["--topic", "t", "--config", "CONFIG", "--out", "o"], "--topic needs --from"),
        (["--topic", "t", "--config", "CONFIG", "--from", "9", "--to", "9", "--out", "o"], "--from must be before"),
        (["FILE", "--from", "9", "--out", "o"], "--from and --to are for --topic"),
        (["FILE", "--config", "CONFIG", "--compare", "CONFIG", "CONFIG", "--out", "o"], "either --config or --compare"),
        (["FILE", "--horizon", "an hour", "--out", "o"], "--horizon: 'an hour' is not a duration"),
        (["FILE", "--compare", "gone.yaml", "CONFIG", "--out", "o"], "gone.yaml"),
        (["FILE", "--out", "BELOW"], "/o: Not a directory"),
    ],
)
def test_what_does_not_go_together_ends_with_two_and_a_sentence(
    arguments: list[str], problem: str, tmp_path: Path
) -> None:
    file = telemetry(tmp_path)
    names = {"FILE": file, "CONFIG": config(tmp_path), "o": tmp_path / "o", "BELOW": file / "o"}
    code, _, said = run(*(names.get(each, each) for each in arguments))
    assert (code, "Traceback" in said) == (2, False)
    assert problem in said


def expecting(step: Transition, low: float, high: float) -> Transition:
    evidence = tuple(replace(each, low=low, high=high) for each in step.anomaly.evidence)
    return replace(step, anomaly=replace(step.anomaly, evidence=evidence))


class Fixed:
    """A source of samples that were made up."""

    name, unit, size, done = "fixed", "samples", 0, 0
    remarks = ()

    def __init__(self, *samples: Sample) -> None:
        self._samples = samples

    def lines(self, complain: Complain) -> Iterator[Line]:
        del complain
        return iter([("", "", "", sample) for sample in self._samples])


def test_the_worst_alerts_are_shown_in_order_of_time() -> None:
    many = [Episode(an_alert(opened=i)) for i in range(MOST + 5)]
    bad = Episode(an_alert(opened=MOST + 50.0, ended=MOST + 60.0, severity=Severity.CRITICAL))
    found = worst([*many, bad])
    assert len(found) == MOST
    assert found[-1] is bad
    assert [e.opened_at for e in found] == sorted(e.opened_at for e in found)


@pytest.mark.parametrize("usual", [(180.0, 310.0), (310.0, 310.0)], ids=["a range", "a single number"])
def test_a_picture_shows_the_forecast_the_finding_the_limit_and_what_was_expected(usual: tuple[float, float]) -> None:
    steps = an_alert(opened=100, ended=160, forecast=a_forecast(T0 + 150, T0 + 100))
    steps = tuple(expecting(step, *usual) for step in steps)
    key = SeriesKey.of("payments-api", "latency_p95_ms")
    (scene,) = scenes([Episode(steps)], {key: Cadence(300, T0, T0 + 299)}, T0 + 300)
    samples = [Sample(key, 200.0 + i, T0 + i) for i in range(300)]
    points = collect(Fixed(*samples), [scene])
    drawing = ET.fromstring(draw(scene, points[scene.episode.alert], []))  # noqa: S314 - made above
    found = Counter(shape.attrib.get("class", "") for shape in drawing.iter())
    assert (found["cone"], found["finding"], found["limit"], found["band"], found["series"]) == (2, 1, 1, 1, 1)
    assert scene.start <= T0 + 40
    assert points[scene.episode.alert][0][0] >= scene.start


def test_a_counter_is_shown_as_its_rate_and_called_so() -> None:
    key = SeriesKey.of("payments-api", "latency_p95_ms")
    values = [10.0, 30.0, 5.0, 9.0]
    samples = [Sample(key, value, T0 + 2 * i, SampleKind.COUNTER, "By") for i, value in enumerate(values)]
    counted = Counted(Fixed(*samples))
    assert len(list(counted.lines(lambda _: None))) == 4
    (scene,) = scenes([Episode(an_alert())], counted.cadences, T0 + 30)
    assert scene.unit == "By per second"
    points = collect(Fixed(*samples), [scene])
    assert points[scene.episode.alert] == [(T0 + 2, 10.0), (T0 + 6, 2.0)]


def test_a_line_with_many_points_keeps_its_extremes() -> None:
    run_ = [(float(i), float(i % 97)) for i in range(50_000)]
    kept = thinned(run_, 500)
    assert len(kept) <= 1000
    assert (max(v for _, v in kept), min(v for _, v in kept)) == (96.0, 0.0)
    assert list(kept) == sorted(kept)


@pytest.mark.parametrize(
    ("span_s", "pattern"), [(30, r"(15 Jun )?\d\d:\d\d:\d\d"), (3600, r"(15 Jun )?\d\d:\d\d"), (3e6, r"\d+ \w{3}")]
)
def test_times_below_a_picture_are_few_and_round(span_s: float, pattern: str) -> None:
    found = ticks(T0, T0 + span_s)
    assert 2 <= len(found) <= 8
    assert re.match(r"\d+ \w{3}", found[0][1]), "the date is told once at least"
    assert all(re.fullmatch(pattern, text) for _, text in found)


def test_where_the_day_changes_the_date_is_told() -> None:
    assert [text for _, text in ticks(T0, T0 + 86400)] == ["15 Jun 18:00", "16 Jun", "06:00", "12:00"]


@pytest.mark.parametrize("end", [T0 + 1e9, 1e15, 1e300])
def test_a_wrong_clock_costs_no_more_than_a_strange_picture(end: float) -> None:
    assert 1 <= len(ticks(T0, end)) <= 8
    assert "<svg" in overview([Episode(an_alert())], [], frozenset(), (-end, end))


def test_the_overview_has_the_lanes_of_the_loudest_services() -> None:
    calm = [Episode(an_alert(service=f"calm-{number:02d}")) for number in range(LANES)]
    loud = [Episode(an_alert(service="loud", opened=at)) for at in (0, 100)]
    drawing = overview([*calm, *loud], [], frozenset(), (T0, T0 + 200))
    assert ">loud</text>" in drawing
    assert f">calm-{LANES - 2:02d}</text>" in drawing
    assert f">calm-{LANES - 1:02d}</text>" not in drawing


def test_an_alert_is_as_sure_as_it_ever_was() -> None:
    first, last = an_alert(opened=0, ended=10)
    surest = replace(first, anomaly=replace(first.anomaly, confidence=0.9))
    unsure = replace(last, anomaly=replace(last.anomaly, confidence=0.2))
    assert Episode((surest, unsure)).confidence == 0.9


def test_what_is_higher_stands_higher_in_a_picture_and_within_it() -> None:
    key = SeriesKey.of("payments-api", "latency_p95_ms")
    (scene,) = scenes([Episode(an_alert(opened=100, ended=160))], {key: Cadence(300, T0, T0 + 299)}, T0 + 300)
    samples = [Sample(key, float(i), T0 + i) for i in range(300)]
    points = collect(Fixed(*samples), [scene])
    drawing = ET.fromstring(draw(scene, points[scene.episode.alert], []))  # noqa: S314 - made above
    (line,) = (shape for shape in drawing.iter() if shape.attrib.get("class") == "series")
    heights = [float(place.partition(",")[2]) for place in line.attrib["points"].split()]
    assert heights == sorted(heights, reverse=True)
    assert 0 <= heights[-1] < heights[0] <= HEIGHT


def test_no_alert_and_no_incident_have_no_overview() -> None:
    assert overview([], [], frozenset(), (T0, T0 + 10)) == ""


def score() -> Score:
    return judge([], [], a_landscape(), Scope([], 0.0, 0.0)).whole


def test_the_bar_goes_on_when_a_second_run_begins() -> None:
    with Progress(disable=True) as bar:
        source = Fixed()
        source.size = 100
        advance = Advance(bar, source, 2)
        seen = []
        for read in (40, 90, 30):
            advance(read)
            seen.append(bar.tasks[0].completed)
        assert (seen, bar.tasks[0].total) == ([40, 90, 130], 200)
