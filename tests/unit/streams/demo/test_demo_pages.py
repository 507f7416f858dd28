"""The closing table and the page: right, complete, and safe to open."""

import io
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from domain.anomaly import Evidence
from domain.identity import ServiceId
from domain.notice import Hold, Phase, Suppress
from streams.demo.checks import Check
from streams.demo.letters import Letter, read_letters
from streams.demo.pages import Page, render
from streams.demo.recording import Fault, Measured
from streams.demo.report import Report, report
from streams.demo.table import Cell, Sheet, for_terminal, sheet
from streams.demo.timeline import number, svg, timeline
from streams.demo.words import title
from streams.pictures import LEFT, RIGHT, WIDTH
from tests.support.builders import T0, a_client, a_forecast, a_landscape
from tests.support.demo import Story, a_change, a_fault, a_good_story

HOSTILE = '<script>alert("x")</script>'


def account(story: Story, *faults: Fault) -> Report:
    return report(story.heard(), faults or (a_fault(),), [a_change(10, 15)], a_landscape())


def texts(story: Story, *faults: Fault) -> list[str]:
    return [cell.text for cell in sheet(account(story, *faults), ["Example Bank"], T0).rows[0]]


def rows(until: int = 330) -> tuple[Measured, ...]:
    return tuple(
        Measured(T0 + at, T0 + at, ServiceId("payments-api"), "latency_p95_ms", 200.0 + at) for at in range(until)
    )


def a_page(**changes: object) -> Page:
    result = account(a_good_story())
    page = Page(result, sheet(result, ["Example Bank"], T0), (), rows(), T0, 12.0)
    return replace(page, **changes)  # type: ignore[arg-type] # any of its fields


def test_a_warned_incident_shows_the_lead_of_squad_and_client() -> None:
    name = "disk filling up in payments-api"
    assert texts(a_good_story()) == [name, "03:20", "50 s before", "50 s before", "2 of 2", "warned"]


def test_a_late_warning_says_by_how_much() -> None:
    assert texts(a_good_story(opened=205))[2:] == ["5 s after", "5 s after", "2 of 2", "late"]


def test_a_missed_incident_says_that_nobody_was_told() -> None:
    assert texts(Story())[2:] == ["not told", "not told", "nobody to tell", "missed"]


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (Hold("approval required: nobody has approved"), "held for approval"),
        (Hold("quiet hours until 06:00"), "held"),
        (Suppress("the client is never written to"), "wants none"),
        (Suppress("41% sure is below the client's 60%"), "below their bar"),
    ],
)
def test_a_client_who_was_not_told_shows_why(decision: Hold | Suppress, text: str) -> None:
    story = Story()
    story.alert(150, 240)
    story.client(Phase.WARNING, 150, decision=decision)
    assert texts(story)[3] == text


def test_an_end_that_is_owed_shows() -> None:
    story = a_good_story()
    story.notices.pop()
    assert texts(story)[4] == "1 of 2"


def test_a_client_who_was_not_hit_and_told_all_the_same_shows() -> None:
    assert texts(a_good_story(), a_fault(journeys=()))[3] == "told, not hit"


def test_the_summary_counts_misses_and_false_alarms() -> None:
    story = a_good_story(opened=20, ended=60)
    lines = sheet(account(story), ["Example Bank"], T0).summary
    assert lines[0] == "Squads were warned of 0 of 1 incidents before clients felt them."
    assert "False alarms: 1." in lines
    assert "  00:20 payments-api, during load burst; Example Bank told" in lines
    assert lines[-1] == "Alerts during an incident, on a service that it does not reach: 0."


def test_a_client_who_was_told_too_late_is_counted_too() -> None:
    lines = sheet(account(a_good_story(opened=205)), ["Example Bank"], T0).summary
    assert lines[1] == "Clients hit: 0 of 1 warned before, 1 after; 0 not: held for approval, or wants none."


@pytest.mark.parametrize(("width", "column"), [(80, "clients"), (140, "Example Bank")])
def test_the_table_fits_the_terminal(width: int, column: str) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(for_terminal(sheet(account(a_good_story()), ["Example Bank"], T0), width))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert any(column in line for line in lines[:5])
    assert max(map(len, lines)) <= width
    assert any("50 s before" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100, 137, 138, 200])
def test_no_column_is_cut_off_with_the_names_and_words_of_the_demo(width: int) -> None:
    clients = ("Nordbank AG", "Harbour Pay", "Alpine Trust", "Kiso Credit Union")
    texts = ("slow worker in settlement-queue", "13:33", "113 s before, 2 more later", "112 s before", "not hit",
             "held for approval", "wants none", "nobody to tell", "harmless")  # fmt: skip
    full = Sheet(("incident", "felt at", "squads", *clients, "told the end", "result"), (tuple(map(Cell, texts)),), ())
    console = Console(file=io.StringIO(), width=width)
    console.print(for_terminal(full, width))
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "harmless" in drawn
    assert "settlement-queue" in drawn
    assert {line[-1] for line in drawn.splitlines()[2:] if line.startswith("│")} <= {"│"}


def test_an_unknown_kind_of_fault_has_a_readable_name() -> None:
    assert title(a_fault(kind="cosmic_ray")) == "cosmic ray"


def test_the_picture_is_well_formed_and_marks_every_moment() -> None:
    picture = timeline(account(a_good_story()).rows[0], rows(), T0)
    assert picture is not None
    drawing = ET.fromstring(svg(picture))  # noqa: S314 - made above
    labels = [text.text for text in drawing.iter("text") if "label" in text.attrib["class"]]
    assert labels == ["fault begins", "squad and client told", "clients feel it", "all told the end"]
    assert len(list(drawing.iter("polyline"))) == 1


def test_a_gap_in_the_series_stays_a_gap() -> None:
    broken = [row for row in rows() if not 120 <= row.at - T0 <= 140]
    picture = timeline(account(a_good_story()).rows[0], broken, T0)
    assert picture is not None
    assert len(list(ET.fromstring(svg(picture)).iter("polyline"))) == 2  # noqa: S314 - made above


def test_a_series_that_the_recording_does_not_have_leads_no_picture() -> None:
    assert timeline(account(a_good_story()).rows[0], (), T0) is None


def test_what_was_expected_is_drawn_from_the_moment_on_at_which_it_was_said() -> None:
    picture = timeline(account(a_good_story()).rows[0], rows(), T0)
    assert picture is not None
    assert picture.band is not None
    at = (picture.start + picture.end) / 2
    drawn = ET.fromstring(svg(replace(picture, band=replace(picture.band, at=at))))  # noqa: S314 - made above
    band = next(shape for shape in drawn.iter("rect") if shape.attrib["class"] == "band")
    assert float(band.attrib["x"]) == pytest.approx((LEFT + WIDTH - RIGHT) / 2, abs=0.1)


def test_a_flat_series_can_be_drawn() -> None:
    flat = [replace(row, value=5.0) for row in rows()]
    picture = timeline(account(a_good_story()).rows[0], flat, T0)
    assert picture is not None
    ET.fromstring(svg(replace(picture, band=None)))  # noqa: S314 - made above


def test_an_incident_without_an_alert_has_no_picture() -> None:
    assert timeline(account(Story()).rows[0], rows(), T0) is None


def test_the_series_of_the_forecast_leads_the_picture_and_shows_its_limit() -> None:
    story = a_good_story()
    told = replace(story.transitions[0].anomaly, forecast=a_forecast(metric="pool_in_use"))
    story.transitions = [replace(transition, anomaly=told) for transition in story.transitions]
    pool = [replace(row, metric="pool_in_use") for row in rows()]
    picture = timeline(account(story).rows[0], pool, T0)
    assert picture is not None
    assert (picture.series.metric, picture.limit) == ("pool_in_use", 800.0)
    assert picture.band is None, "nothing was said of what is usual for it"
    assert "limit 800" in svg(picture)


def test_a_series_that_fell_silent_leads_its_own_picture() -> None:
    story = a_good_story()
    anomaly = story.transitions[0].anomaly
    silent: tuple[Evidence, ...] = (replace(anomaly.evidence[0], actual=None),)
    story.transitions = [replace(t, anomaly=replace(anomaly, evidence=silent)) for t in story.transitions]
    other = [replace(row, metric="error_ratio") for row in rows()]
    picture = timeline(account(story).rows[0], [*other, *rows()], T0)
    assert picture is not None
    assert picture.series == silent[0].key


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.05, "0.05"), (250, "250"), (1_500, "1,500"), (12_000, "12 k"), (209e6, "209 M")]
)
def test_values_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_the_page_shows_table_checks_and_messages() -> None:
    letter = Letter("Possible delay", "ops@bank.example", "Mon, 1 Jan 2029", "<p>calm</p>")
    check = Check("everything was consumed", False, "3 missing")
    page = render(a_page(checks=(check,)), "<p>posted</p>", (letter,))
    for text in (
        "disk filling up",
        "50 s before",
        "Possible delay",
        "everything was consumed",
        "3 missing",
        "&lt;p&gt;posted",
    ):
        assert text in page


def test_whatever_came_from_outside_is_escaped() -> None:
    story = a_good_story()
    clients = [a_client(title=HOSTILE)]
    result = report(story.heard(), [a_fault(kind=HOSTILE, affected="payments-api")], [], a_landscape(clients=clients))
    letter = Letter(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    page = render(a_page(result=result, sheet=sheet(result, [HOSTILE], T0)), HOSTILE, (letter,))
    assert "<script" not in page


def test_messages_are_shown_in_frames_that_run_nothing() -> None:
    page = render(a_page(), "<p>y</p>", (Letter("s", "r", "d", "<p>x</p>"),))
    assert page.count("<iframe") == 2
    assert page.count(" sandbox ") + page.count(' sandbox="allow-popups allow-popups-to-escape-sandbox" ') == 2


def test_an_incident_says_what_was_noticed_first_or_that_nothing_was() -> None:
    assert "02:30 because" in render(a_page(), "", ())
    missed = account(Story())
    page = render(a_page(result=missed, sheet=sheet(missed, ["Example Bank"], T0)), "", ())
    assert "No alert opened." in page


def test_a_page_about_a_silent_run_says_so() -> None:
    page = render(a_page(), "", ())
    assert "Nothing was posted." in page
    assert "Nothing was sent." in page


def test_letters_are_read_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    for name, day in (("a", 2), ("b", 1)):
        letter = EmailMessage()
        letter["Subject"], letter["To"] = f"mail {name}", "ops@bank.example"
        letter["Date"] = f"Mon, 0{day} Jan 2029 10:00:00 +0000"
        letter.set_content("plain <b>")
        if name == "a":
            letter.add_alternative("<p>rich</p>", subtype="html")
        (tmp_path / f"{name}.eml").write_bytes(bytes(letter))
    letters = read_letters(tmp_path.glob("*.eml"))
    assert [(letter.subject, letter.html.strip()) for letter in letters] == [
        ("mail b", "<pre>plain &lt;b&gt;\n</pre>"),
        ("mail a", "<p>rich</p>"),
    ]
