"""The closing table in words, the same for the terminal and the page. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from streams.demo.report import Report, Result, Row, Stray, Told
from streams.demo.view import offset
from streams.demo.words import called, title

NOT_HIT = "not hit"
TITLE = "What was said, and when"
ROOMY = 138  # characters
_LEAST = {"incident": 16, "squads": 12, "result": 8}  # characters: room for the longest word
_LEADING, _CLOSING = 3, 2  # columns before and after those of the clients
GOOD, BAD, FAIR, PLAIN = "good", "bad", "fair", "plain"
_TERMINAL = {GOOD: "green", BAD: "red", FAIR: "yellow", PLAIN: "dim"}
FOOTNOTES = (
    "Told: event time of the decision, plus the wall-clock time from producing its cause to delivery.",
    "Felt: when the recording's load generator had measured a broken SLO for 10 of 12 seconds.",
    "Lead: felt less told.",
    "Approved: once, by a scripted person who takes half a minute. The others stay held.",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text and what to think of it."""

    text: str
    tone: str = PLAIN


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table: a title for each column, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    summary: tuple[str, ...]


def sheet(result: Report, clients: Sequence[str], first_at: float) -> Sheet:
    """Return the table of a run; ``clients`` are their names in the order of the columns."""
    columns = ("incident", "felt at", "squads", *clients, "told the end", "result")
    rows = tuple(_row(row, clients, first_at) for row in result.rows)
    return Sheet(columns, rows, _summary(result, first_at))


def for_terminal(table: Sheet, width: int) -> Table:
    """Return the table as rich draws it; a narrow terminal gets fewer columns of more lines."""
    return _wide(table) if width >= ROOMY else _narrow(table)


def _wide(table: Sheet) -> Table:
    drawn = Table(title=TITLE, title_justify="left", pad_edge=False)
    for column in table.columns:
        drawn.add_column(column, overflow="fold", min_width=_LEAST.get(column))
    for row in table.rows:
        drawn.add_row(*map(_text, row))
    return drawn


def _narrow(table: Sheet) -> Table:
    drawn = Table(title=TITLE, title_justify="left", pad_edge=False, show_lines=True)
    drawn.add_column("incident", overflow="fold", width=_LEAST["incident"])
    drawn.add_column("squads", overflow="fold")  # takes what is left
    drawn.add_column("clients", no_wrap=True)
    drawn.add_column("result", overflow="fold", width=_LEAST["result"])
    names = table.columns[_LEADING:-_CLOSING]
    for incident, felt, squads, *clients, end, result in table.rows:
        lines = [
            Text(f"{name}: ").append_text(_text(cell))
            for name, cell in zip(names, clients, strict=True)
            if cell.text != NOT_HIT
        ]
        drawn.add_row(
            Text(f"{incident.text}, felt: {felt.text}"),
            _text(squads),
            Text("\n").join(lines) if lines else Text("none was hit", style=_TERMINAL[PLAIN]),
            Text("\n").join([_text(result), Text("the end told: "), _text(end)]),
        )
    return drawn


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_TERMINAL[cell.tone])


def _row(row: Row, clients: Sequence[str], first_at: float) -> tuple[Cell, ...]:
    fault = row.fault
    felt = "never" if fault.breach_at is None else offset(fault.breach_at, first_at)
    by_name = {told.who: told for told in (*row.clients, *row.needless)}
    hit = {told.who for told in row.clients}
    return (
        Cell(f"{title(fault)} in {', '.join(fault.affected)}"),
        Cell(felt),
        _squads(row),
        *(_client(by_name.get(name), name in hit) for name in clients),
        _end(row),
        Cell(row.result.value, {Result.WARNED: GOOD, Result.MISSED: BAD, Result.LATE: FAIR}.get(row.result, PLAIN)),
    )


def _squads(row: Row) -> Cell:
    told = [entry for entry in row.squads if entry.at is not None]
    if not told:
        return Cell("not told", PLAIN if row.fault.breach_at is None else BAD)
    return _when(min(told, key=lambda entry: entry.at or 0.0), also=len(told) - 1)


def _client(told: Told | None, hit: bool) -> Cell:
    if told is None:
        return Cell(NOT_HIT)
    if told.at is None:
        return Cell(_why(told.reason), FAIR)
    if not hit:
        return Cell("told, not hit", BAD)
    return _when(told)


def _why(reason: str) -> str:
    if reason.startswith("held"):
        return "held for approval" if "approval" in reason else "held"
    if reason.startswith("not to be told"):
        return "wants none" if "never" in reason else "below their bar"
    return "not told"


def _when(told: Told, also: int = 0) -> Cell:
    more = f", {also} more later" if also else ""
    if told.lead_s is None:
        return Cell(f"told{more}", FAIR)
    seconds = round(abs(told.lead_s))
    text = f"{seconds} s before" if told.lead_s > 0 else f"{seconds} s after"
    return Cell(text + more, GOOD if told.lead_s > 0 else BAD)


def _end(row: Row) -> Cell:
    warned = [told for told in (*row.squads, *row.clients, *row.needless) if told.at is not None]
    if not warned:
        return Cell("nobody to tell")
    ended = sum(told.ended_at is not None for told in warned)
    return Cell(f"{ended} of {len(warned)}", GOOD if ended == len(warned) else BAD)


def _summary(result: Report, first_at: float) -> tuple[str, ...]:
    hurtful = len(result.hurtful)
    lead = "" if result.median_lead_s is None else f"; median lead {result.median_lead_s:.0f} s"
    needless = sum(len(row.needless) for row in result.rows)
    clients = [told for row in result.hurtful for told in row.clients]
    ahead = sum(told.lead_s is not None and told.lead_s > 0 for told in clients)
    late = sum(told.lead_s is not None and told.lead_s <= 0 for told in clients)
    silent = sum(told.at is None and _why(told.reason) in {"held for approval", "wants none"} for told in clients)
    hit = f"{ahead} of {len(clients)} warned before" + (f", {late} after" if late else "")
    lines = [
        f"Squads were warned of {result.warned} of {hurtful} incidents before clients felt them{lead}.",
        f"Clients hit: {hit}; {silent} not: held for approval, or wants none.",
        f"Clients told of an incident that did not hit them: {needless}.",
        f"False alarms: {len(result.false_alarms)}.",
        *(f"  {_stray(alarm, first_at)}" for alarm in result.false_alarms),
        f"Alerts during an incident, on a service that it does not reach: {len(result.beside)}.",
        *(f"  {_stray(alarm, first_at)}" for alarm in result.beside),
    ]
    if result.still_open:
        lines.append(f"Still open when the recording ended: {result.still_open}.")
    if result.afterwards:
        lines.append(f"Not counted: {result.afterwards} alerts after the end, which say that telemetry has stopped.")
    return tuple(lines)


def _stray(alarm: Stray, first_at: float) -> str:
    moment = f"during {called(alarm.during)}" if alarm.during else "in calm time"
    told = f"{', '.join(alarm.clients)} told" if alarm.clients else "no client told"
    return f"{offset(alarm.episode.opened_at, first_at)} {alarm.episode.service}, {moment}; {told}"
