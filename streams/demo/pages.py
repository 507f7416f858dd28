"""The page to look at after a run: the table, a picture of each incident, and every message as its reader saw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.demo.checks import Check
from streams.demo.letters import Letter
from streams.demo.recording import Measured
from streams.demo.report import Report, Row, Told
from streams.demo.slack_page import template
from streams.demo.table import FOOTNOTES, Cell, Sheet
from streams.demo.timeline import svg, timeline
from streams.demo.view import offset
from streams.demo.words import title


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows of a run, but for what people read."""

    result: Report
    sheet: Sheet
    checks: Sequence[Check]
    rows: Sequence[Measured]
    first_at: float
    speed: float


def render(page: Page, slack: str, letters: Sequence[Letter]) -> str:
    """Return the page as HTML, with a whole page of Slack's messages; whatever came from outside is escaped."""
    return template("index.html.j2").render(
        sheet=page.sheet,
        footnotes=FOOTNOTES,
        speed=f"{page.speed:g}",
        incidents=[_incident(row, page) for row in page.result.rows],
        slack=slack,
        letters=letters,
        checks=page.checks,
    )


def _incident(row: Row, page: Page) -> dict[str, object]:
    picture = timeline(row, page.rows, page.first_at)
    fault = row.fault
    felt = "never felt by clients" if fault.breach_at is None else f"felt at {offset(fault.breach_at, page.first_at)}"
    index = page.result.rows.index(row)
    result: Cell = page.sheet.rows[index][-1]
    return {
        "title": f"{title(fault).capitalize()} in {', '.join(fault.affected)}, {felt}",
        "result": result,
        "noticed": _noticed(row, page.first_at),
        "series": "" if picture is None else str(picture.series),
        "picture": "" if picture is None else svg(picture),
        "said": [_said(told, page.first_at) for told in (*row.squads, *row.clients, *row.needless)],
    }


def _noticed(row: Row, first_at: float) -> str:
    """Return what the first alert said when it opened; nothing without one."""
    if not row.episodes:
        return ""
    first = row.episodes[0]
    return f"{offset(first.opened_at, first_at)} {first.transitions[0].reason}"


def _said(told: Told, first_at: float) -> str:
    who = told.who if told.is_client else f"squad {told.who}"
    if told.at is None:
        return f"{who}: {told.reason}"
    lead = (
        ""
        if told.lead_s is None
        else f", {abs(told.lead_s):.0f} s {'before' if told.lead_s > 0 else 'after'} it was felt"
    )
    end = "not told the end" if told.ended_at is None else f"told the end at {offset(told.ended_at, first_at)}"
    return f"{who}: told at {offset(told.at, first_at)}{lead}; {end}"
