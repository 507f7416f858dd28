"""The record in a database: SQLite by default, PostgreSQL by URL. Appends whole batches or nothing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from domain.errors import ForeshockError
from domain.telemetry import SourceRef
from streams.record.chain import Head, Place, link, seal
from streams.record.entries import Columns, Entry, Message, entry_of
from streams.record.schema import FORMAT, chains, entries, metadata, seals
from streams.topics import Topic

DEFAULT: Final = "foreshock-record.sqlite"
AT_ONCE: Final = 500  # rows held in memory while reading
ABSENT: Final = 0  # no format is numbered so


class RecordError(ForeshockError):
    """The record cannot be opened, read or written; the message says why and never holds a password."""


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry in its place in the chain, as stored."""

    entry: Entry
    position: int
    hash: str

    @property
    def place(self) -> Place:
        """The partition it came from."""
        return Place(self.entry.source.topic, self.entry.source.partition)


@dataclass(frozen=True, slots=True)
class Seal:
    """The head over all chains."""

    entries: int
    hash: str


class Record:
    """An opened record."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Use `open_record`."""
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self.name = name

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def heads(self) -> dict[Place, Head]:
        """Return the end of every chain."""
        with self.reading() as connection:
            return read_heads(connection)

    def hash_at(self, place: Place, position: int) -> str | None:
        """Return the hash at a position of a chain; None when the chain is not that long."""
        here = (entries.c.topic == place.topic) & (entries.c.partition_no == place.partition)
        with self.reading() as connection:
            found: str | None = connection.execute(
                select(entries.c.hash).where(here & (entries.c.position == position))
            ).scalar()
            return found

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the record throughout; raises RecordError."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise _told(error, self.name) from error

    def append(self, messages: Sequence[Message], topics: Mapping[str, Topic]) -> int:
        """Store what is new and return how many entries that were.

        Idempotent by topic, partition and offset. The messages of a partition are in the order of their offsets.
        """
        batches = defaultdict[Place, list[Message]](list)
        for message in messages:
            batches[Place(message.source.topic, message.source.partition)].append(message)
        try:
            with self._writer.begin() as connection:
                stored = sum(
                    _append(connection, place, batch, topics[place.topic]) for place, batch in sorted(batches.items())
                )
                _seal(connection)
                return stored
        except SQLAlchemyError as error:
            raise _told(error, self.name) from error


def open_record(database: str, *, create: bool = False) -> Record:
    """Open the record at a URL or in an SQLite file; raises RecordError, also when there is none and not ``create``."""
    url = _url(database)
    name = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not create and not Path(url.database or "").is_file():
        raise RecordError(f"there is no record at {url.database}: name it with --database")
    with ExitStack() as unless_opened:
        try:
            engine = _engine(url, create=create)
            unless_opened.callback(engine.dispose)
            found = _prepared(engine, create=create)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise RecordError(
                f"{name}: no driver is installed; for PostgreSQL, run pip install '.[postgres]' in the checkout"
            ) from error
        except SQLAlchemyError as error:
            raise _told(error, name) from error
        if found == ABSENT:
            raise RecordError(f"{name} holds no record: `foreshock record` makes one")
        if found not in {None, FORMAT}:  # None: the seal was taken away, which is for `foreshock audit verify` to say
            raise RecordError(f"{name} has record format {found}; this release reads {FORMAT}")
        unless_opened.pop_all()
    return Record(engine, name)


def read_heads(connection: Connection) -> dict[Place, Head]:
    """Return the end of every chain, as stored."""
    heads = (
        Head(Place(row.topic, row.partition_no), row.position, row.offset_no, row.hash, row.next_offset)
        for row in connection.execute(select(chains))
    )
    return {head.place: head for head in heads}


def read_seal(connection: Connection) -> Seal | None:
    """Return the seal; None when there is none."""
    row = connection.execute(select(seals.c.entries, seals.c.hash).where(seals.c.id == 1)).first()
    return None if row is None else Seal(row.entries, row.hash)


def read_entries(connection: Connection, query: Select[Any]) -> Iterator[Chained]:
    """Yield the entries that a query over the whole table selects, without holding all of them at once."""
    streamed = connection.execution_options(yield_per=AT_ONCE)
    for row in streamed.execute(query):
        yield _chained(row)


def _append(connection: Connection, place: Place, batch: Sequence[Message], topic: Topic) -> int:
    here = (chains.c.topic == place.topic) & (chains.c.partition_no == place.partition)
    # The row is locked until the end, so that two recorders never write the same position.
    found = connection.execute(select(chains).where(here).with_for_update()).first()
    head = Head(place)
    if found is not None:
        head = Head(place, found.position, found.offset_no, found.hash, found.next_offset)
    rows = []
    for message in batch:
        if message.source.offset < head.next_offset:
            continue
        head = replace(head, next_offset=message.source.offset + 1)
        entry = entry_of(message, topic)
        if entry is None:
            continue
        head = replace(head, position=head.position + 1, offset=message.source.offset, hash=link(head.hash, entry))
        rows.append(_row(entry, head))
    if rows:
        connection.execute(entries.insert(), rows)
    values = {
        "position": head.position,
        "offset_no": head.offset,
        "hash": head.hash,
        "next_offset": head.next_offset,
    }
    if found is None:
        connection.execute(chains.insert().values(topic=place.topic, partition_no=place.partition, **values))
    else:
        connection.execute(chains.update().where(here).values(**values))
    return len(rows)


def _seal(connection: Connection) -> None:
    heads = read_heads(connection).values()
    count = sum(head.position for head in heads)
    connection.execute(seals.update().where(seals.c.id == 1).values(entries=count, hash=seal(heads)))


def _row(entry: Entry, head: Head) -> dict[str, Any]:
    return {
        "topic": entry.source.topic,
        "partition_no": entry.source.partition,
        "offset_no": entry.source.offset,
        "position": head.position,
        "hash": head.hash,
        "written_ms": entry.written_ms,
        "key": entry.key,
        "value": entry.value,
        **asdict(entry.columns),
    }


def _chained(row: Row[Any]) -> Chained:
    columns = Columns(
        kind=row.kind, at=row.at, alert=row.alert, notice=row.notice, anomaly=row.anomaly, service=row.service,
        client=row.client, squad=row.squad, recipient=row.recipient, verdict=row.verdict, reason=row.reason,
    )  # fmt: skip
    source = SourceRef(row.topic, row.partition_no, row.offset_no)
    entry = Entry(source, row.written_ms, _bytes(row.key, source), _bytes(row.value, source), columns)
    numbers = (row.partition_no, row.offset_no, row.position, row.written_ms)
    if not isinstance(row.hash, str) or not all(isinstance(number, int) for number in numbers):
        raise RecordError(f"{source}: a number or a hash is none")
    return Chained(entry, row.position, row.hash)


def _bytes(found: object, source: SourceRef) -> bytes | None:
    if found is None or isinstance(found, bytes):
        return found
    if isinstance(found, memoryview):
        return bytes(found)
    raise RecordError(f"{source}: key and value are not the bytes of a message")


def _url(database: str) -> URL:
    if "://" not in database:
        return URL.create("sqlite", database=database)
    try:
        url = make_url(database)
    except ArgumentError as error:
        raise RecordError("the database is neither a file nor a URL such as postgresql://user@host/name") from error
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url


def _prepared(engine: Engine, *, create: bool) -> int | None:
    """Return the format of the record, made if need be: ABSENT when there is none, None when it has lost its seal."""
    with engine.begin() as connection:
        if not inspect(connection).has_table(seals.name):
            if not create:
                return ABSENT
            metadata.create_all(connection)
            connection.execute(seals.insert().values(id=1, format=FORMAT, entries=0, hash=seal(())))
        found: int | None = connection.execute(select(seals.c.format)).scalar()
        return found


def _engine(url: URL, *, create: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, so that reading sees one state
        if create:  # readers leave the file as it is: it may be evidence on a medium that takes no writes
            connection.execute("PRAGMA journal_mode=WAL").close()
            connection.execute("PRAGMA synchronous=FULL").close()
        connection.execute("PRAGMA busy_timeout=10000").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _told(error: SQLAlchemyError, name: str) -> RecordError:
    """Return the error without statement and parameters: rows hold addresses of people."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).strip().splitlines()
    return RecordError(f"{name}: {said[0] if said else type(error).__name__}")
