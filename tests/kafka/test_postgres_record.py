"""The record on a real PostgreSQL: the same rows, the same refusals, the same findings as on SQLite."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from domain.notice import Phase
from streams import records
from streams.commands import app
from streams.record.database import Record, RecordError, open_record
from streams.record.verify import verify
from streams.topics import Topic
from tests.support.postgres import PostgresServer
from tests.support.record import ALERT, TOPICS, Log, MemoryAnchors, a_squad_notice, an_episode, dumped, record_of
from tests.support.tree import ROOT

ROLES = ROOT / "ops" / "postgres" / "record.sql"
GUARDS = ("update", "delete", "truncate")
NOTICES = "topic = 'foreshock.notices' AND partition_no = 2"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as running:
        yield running


@pytest.fixture
def url(server: PostgresServer, request: pytest.FixtureRequest) -> str:
    return server.create(f"db{abs(hash(request.node.nodeid))}")


@pytest.fixture
def log() -> Log:
    log = Log()
    an_episode(log)
    return log


def tamper(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for verb in GUARDS:
            connection.exec_driver_sql(f"DROP TRIGGER entries_never_{verb} ON entries")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def plain_rows(record: Record) -> list[tuple[Any, ...]]:
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in dumped(record)]


def test_the_rows_are_the_same_as_on_sqlite(url: str, log: Log, tmp_path: Path) -> None:
    here, there = record_of(log, url, batch=5), record_of(log, str(tmp_path / "r.sqlite"), batch=2)

    assert plain_rows(here) == plain_rows(there)
    assert verify(here).sound
    here.close()
    there.close()


@pytest.mark.parametrize("statement", ["UPDATE entries SET reason = 'x'", "DELETE FROM entries", "TRUNCATE entries"])
def test_the_database_itself_refuses_to_change_entries(url: str, log: Log, statement: str) -> None:
    record = record_of(log, url)

    with pytest.raises(RecordError, match="the record is append-only"), record.reading() as connection:
        connection.exec_driver_sql(statement)
    record.close()


@pytest.mark.parametrize(
    ("statements", "where"),
    [
        ((f"UPDATE entries SET written_ms = 1 WHERE {NOTICES} AND position = 2",), "foreshock.notices/2@1"),  # noqa: S608 - ours
        ((f"DELETE FROM entries WHERE {NOTICES} AND position = 2",), "foreshock.notices/2@2"),  # noqa: S608 - ours
        ((f"DELETE FROM entries WHERE {NOTICES} AND position > 2",), "foreshock.notices/2"),  # noqa: S608 - ours
        ((f"UPDATE chains SET hash = 'beef' WHERE {NOTICES}",), "foreshock.notices/2"),  # noqa: S608 - ours
        (("UPDATE seal SET hash = 'beef'",), "seal"),
    ],
)
def test_tampering_is_found(url: str, log: Log, statements: tuple[str, ...], where: str) -> None:
    anchors = MemoryAnchors()
    record = record_of(log, url, anchors)
    assert verify(record, anchors.read()).sound

    tamper(url, *statements)

    assert verify(record).findings[0].where.split(" ")[0] == where
    record.close()


def test_names_that_no_text_column_takes_are_recorded(url: str, log: Log) -> None:
    notice = replace(a_squad_notice(Phase.WARNING, 9, 9), recipient="#nul\0" + "ü" * 5000)
    log.say(notice, 1)
    log.put(Topic.ALERTS, b"\xff\x00\xfe")

    record = record_of(log, url)

    assert verify(record).sound
    with record.reading() as connection:
        stored = connection.exec_driver_sql("SELECT value FROM entries WHERE recipient LIKE '#nul%%'").scalar_one()
    assert bytes(stored) == records.encode(notice)
    record.close()


def test_two_recorders_at_once_store_every_entry_once(url: str, log: Log, tmp_path: Path) -> None:
    whole = record_of(log, str(tmp_path / "r.sqlite"))
    open_record(url, create=True).close()
    problems: list[RecordError] = []

    def run() -> None:
        record = open_record(url)
        for start in range(0, len(log.messages), 2):
            for _ in range(20):  # one of two that meet is refused whole, as its supervisor would see
                try:
                    record.append(log.messages[start : start + 2], TOPICS)
                    break
                except RecordError as error:
                    problems.append(error)
        record.close()

    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    record = open_record(url)
    assert plain_rows(record) == plain_rows(whole), problems
    assert verify(record).sound
    record.close()
    whole.close()


def test_a_wrong_password_is_refused_without_repeating_it(server: PostgresServer) -> None:
    with pytest.raises(RecordError, match="password authentication failed") as caught:
        open_record(server.url().replace("hunter2", "letmein"))

    assert "letmein" not in str(caught.value)


@pytest.fixture
def roles(url: str, log: Log) -> Iterator[dict[str, str]]:
    """The record of an episode, made by its owner, and the URLs of the roles that the shipped file makes."""
    record_of(log, url).close()
    engine = create_engine(url)
    names = ("recorder", "auditing")
    with engine.begin() as connection:
        connection.exec_driver_sql(ROLES.read_text())
        for name in names:
            connection.exec_driver_sql(f"ALTER ROLE {name} PASSWORD 'plain-{name}'")
    try:
        yield {name: url.replace("auditor:hunter2", f"{name}:plain-{name}") for name in names}
    finally:
        with engine.begin() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP OWNED BY {name}")
                connection.exec_driver_sql(f"DROP ROLE {name}")
        engine.dispose()


def refused(url: str, statement: str) -> str:
    """What the database says to a statement that it must not take."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection, pytest.raises(ProgrammingError) as caught:
            connection.exec_driver_sql(statement)
        return str(caught.value.orig)
    finally:
        engine.dispose()


def test_the_recorder_may_add_to_the_record_and_nothing_else(roles: dict[str, str], log: Log) -> None:
    known = len(log.messages)
    an_episode(log)
    record = open_record(roles["recorder"], create=True)
    assert record.append(log.messages[known:], TOPICS) == 17
    assert verify(record).sound
    record.close()

    for statement in (
        "UPDATE entries SET reason = 'x'",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "DELETE FROM chains",
        "DELETE FROM seal",
        "CREATE TABLE mine (x int)",
    ):
        assert "permission denied" in refused(roles["recorder"], statement), statement
    assert "must be owner" in refused(roles["recorder"], "DROP TRIGGER entries_never_update ON entries")
    assert "must be owner" in refused(roles["recorder"], "ALTER TABLE entries DISABLE TRIGGER ALL")


def test_an_auditor_may_read_and_verify_and_write_nothing(roles: dict[str, str]) -> None:
    done = CliRunner().invoke(app, ["audit", "verify", "--database", roles["auditing"]])
    told = CliRunner().invoke(app, ["explain", ALERT, "--database", roles["auditing"]])

    assert (done.exit_code, told.exit_code) == (0, 0), done.output + told.output
    for statement in ("UPDATE seal SET hash = 'x'", "INSERT INTO seal VALUES (2, 1, 0, 'x')", "DELETE FROM entries"):
        assert "permission denied" in refused(roles["auditing"], statement), statement


def test_the_commands_work_on_it(url: str, log: Log) -> None:
    record_of(log, url).close()

    done = [
        CliRunner().invoke(app, [*command, "--database", url])
        for command in (
            ["audit", "verify"],
            ["alerts"],
            ["explain", ALERT],
            ["explain", "--client", "x", "--at", "2026-01-01"],
        )
    ]

    assert [each.exit_code for each in done] == [0, 0, 0, 0]
    assert "hunter2" not in "".join(each.output for each in done)
