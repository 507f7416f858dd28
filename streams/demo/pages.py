"""The page to look at after a run: the table, a picture of each incident, and every message as its reader saw it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from streams.demo.checks import Check
from streams.demo.recording import Measured
from streams.demo.report import Report, Row, Told
from streams.demo.table import FOOTNOTES, Cell, Sheet, title
from streams.demo.timeline import svg, timeline
from streams.demo.view import offset


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail for the page. ``html`` is shown in a sandboxed frame: it runs no scripts."""

    subject: str
    recipient: str
    date: str
    html: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows."""

    result: Report
    sheet: Sheet
    checks: Sequence[Check]
    rows: Sequence[Measured]
    first_at: float
    speed: float
    slack: str  # a whole HTML page, or nothing
    mails: Sequence[Mail]


def render(page: Page) -> str:
    """Return the page as HTML; whatever came from outside is escaped."""
    environment = Environment(
        loader=PackageLoader("streams.demo"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    return environment.get_template("index.html.j2").render(
        sheet=page.sheet,
        footnotes=FOOTNOTES,
        speed=f"{page.speed:g}",
        incidents=[_incident(row, page) for row in page.result.rows],
        slack=page.slack,
        mails=page.mails,
        checks=page.checks,
    )


def read_mails(files: Iterable[Path]) -> tuple[Mail, ...]:
    """Return the e-mails in these files, the earliest first."""
    letters = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return tuple(_mail(letter) for letter in sorted(letters, key=_sent_at))


def _sent_at(letter: EmailMessage) -> float:
    date = letter["Date"]
    return 0.0 if date is None else float(date.datetime.timestamp())


def _mail(letter: EmailMessage) -> Mail:
    body = letter.get_body(("html", "plain"))
    text = "" if body is None else str(body.get_content())
    if body is not None and body.get_content_type() == "text/plain":
        text = f"<pre>{escape(text)}</pre>"
    return Mail(str(letter["Subject"] or "").strip(), str(letter["To"] or ""), str(letter["Date"] or ""), text)


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
