"""The tables of the record, and the triggers that refuse to change what was written."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

FORMAT: Final = 1  # of tables and chains; another one is refused

metadata: Final = MetaData()

# `value` is the record's own bytes; all columns after `value` are derived from it and only there to search by.
entries: Final = Table(
    "entries",
    metadata,
    Column("topic", String(255), primary_key=True),
    Column("partition_no", Integer, primary_key=True, autoincrement=False),
    Column("offset_no", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, comment="1, 2, 3 ... within the partition's chain"),
    Column("hash", String(64), nullable=False, comment="covers this entry and the hash at the position before"),
    Column("written_ms", BigInteger, nullable=False, comment="Kafka's time stamp"),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("kind", Text, nullable=False),
    Column("at", Float(53), comment="the event's own time, epoch seconds"),
    Column("alert", Text),
    Column("notice", Text),
    Column("anomaly", Text),
    Column("service", Text),
    Column("client", Text),
    Column("squad", Text),
    Column("recipient", Text),
    Column("verdict", Text),
    Column("reason", Text),
    UniqueConstraint("topic", "partition_no", "position", name="entries_position"),
    Index("entries_alert", "alert", "kind"),
    Index("entries_notice", "notice", "kind"),
    Index("entries_anomaly", "anomaly", "kind"),
    Index("entries_client", "client", "at"),
    Index("entries_kind", "kind", "at"),
)

chains: Final = Table(
    "chains",
    metadata,
    Column("topic", String(255), primary_key=True),
    Column("partition_no", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("offset_no", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("next_offset", BigInteger, nullable=False, comment="where to go on reading"),
)

seals: Final = Table(
    "seal",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

# Against accidents: whoever owns the database can drop a trigger. Against those there is the chain.
_REFUSAL: Final = "the record is append-only"
_GUARDS: Final = {
    "sqlite": tuple(
        f"CREATE TRIGGER entries_never_{verb} BEFORE {verb} ON entries BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION foreshock_append_only() RETURNS trigger LANGUAGE plpgsql
        AS $body$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $body$""",
        *(
            f"CREATE TRIGGER entries_never_{verb} BEFORE {verb} ON entries "
            "FOR EACH STATEMENT EXECUTE FUNCTION foreshock_append_only()"
            for verb in ("update", "delete", "truncate")
        ),
    ),
}


@event.listens_for(entries, "after_create")
def _guard(_: Table, connection: Connection, **__: object) -> None:
    for statement in _GUARDS.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
