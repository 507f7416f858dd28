"""Is the record what was written? Recomputes every chain and compares it with its head, its seal, and Kafka."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from streams.record.anchors import Anchor
from streams.record.chain import Head, Place, link, seal
from streams.record.database import Chained, Record, RecordError, read_entries, read_heads, read_seal
from streams.record.entries import Columns, columns_of
from streams.record.schema import entries
from streams.topics import Topic

MOST: Final = 20  # findings that are told one by one


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the record is not what was written."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. ``anchored`` of the ``entries`` are covered by heads on Kafka, None: not compared."""

    entries: int
    chains: int
    seal: str
    findings: tuple[Finding, ...]
    more: int = 0
    anchored: int | None = None
    anchors: int = 0
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Scan:
    """One chain as it was found: its recomputed end, and what is wrong."""

    head: Head
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def verify(record: Record, anchors: Iterable[Anchor | str] | None = None) -> Verdict:
    """Verify the whole record, and with ``anchors``, that it is the one whose heads were written to Kafka."""
    try:
        return _verify(record, anchors)
    except (TypeError, ValueError, AttributeError) as error:
        # SQLite takes anything into any column: whoever puts a name where a number belongs is found, too.
        damage = Finding(record.name, f"holds values of other types than were written ({error})")
        return Verdict(0, 0, "", (damage,))


def _verify(record: Record, anchors: Iterable[Anchor | str] | None) -> Verdict:
    expected, findings = _expected(anchors)
    anchor_count = sum(len(heads) for heads in expected.values())
    with record.reading() as connection:
        heads = read_heads(connection)
        places = sorted({*heads, *_places(connection), *expected})
        scans = [_scan(connection, place, heads.get(place), expected.get(place, {})) for place in places]
        findings += [finding for scan in scans for finding in scan.findings]
        findings += _check_seal(connection, heads.values())
    ends = [scan.head for scan in scans]
    if anchors is not None and not anchor_count and any(head.position for head in ends):
        findings.append(
            Finding("heads on Kafka", "there are none: nothing shows that this is the database that was written")
        )
    notes = tuple(note for scan in scans for note in scan.notes)
    return Verdict(
        entries=sum(head.position for head in ends),
        chains=sum(1 for head in ends if head.position),
        seal=seal(head for head in ends if head.position),
        findings=tuple(findings[:MOST]),
        more=max(0, len(findings) - MOST),
        anchored=None if anchors is None else sum(max(heads, default=0) for heads in expected.values()),
        anchors=anchor_count,
        notes=notes,
    )


def _expected(anchors: Iterable[Anchor | str] | None) -> tuple[dict[Place, dict[int, Head]], list[Finding]]:
    """Return by chain and position what Kafka says that the record is, and where Kafka contradicts itself."""
    expected = defaultdict[Place, dict[int, Head]](dict)
    findings = []
    for anchor in anchors or ():
        if isinstance(anchor, str):
            findings.append(Finding("heads on Kafka", anchor))
            continue
        for place, head in anchor.heads.items():
            known = expected[place].setdefault(head.position, head)
            if known != head:
                findings.append(
                    Finding(
                        f"{place} at position {head.position}",
                        f"two heads on Kafka differ, the later one at {anchor.source}",
                    )
                )
    return dict(expected), findings


def _places(connection: Connection) -> Iterator[Place]:
    for row in connection.execute(select(entries.c.topic, entries.c.partition_no).distinct()):
        yield Place(row.topic, row.partition_no)


def _scan(connection: Connection, place: Place, head: Head | None, expected: Mapping[int, Head]) -> _Scan:
    """Follow one chain from its beginning. After a bad entry go on from what is stored, to find the next bad one."""
    here = (entries.c.topic == place.topic) & (entries.c.partition_no == place.partition)
    query = select(entries).where(here).order_by(entries.c.position, entries.c.offset_no)
    end = Head(place)
    findings: list[Finding] = []
    notes: list[str] = []
    for chained in _readable(connection, query, place, findings):
        findings += [Finding(_where(chained), what) for what in _entry_problems(end, chained)]
        if not end.position and chained.entry.source.offset and chained.position == 1 and not _sparse(place):
            notes.append(f"{place} begins at offset {chained.entry.source.offset}: earlier ones were not recorded")
        end = Head(place, chained.position, chained.entry.source.offset, chained.hash)
        there = expected.get(end.position)
        if there is not None and there.hash != end.hash:
            findings.append(
                Finding(_where(chained), "is not what Kafka's heads say was recorded here: replaced up to this entry")
            )
    findings += _end_problems(end, head, expected)
    return _Scan(end, tuple(findings), tuple(notes))


def _readable(connection: Connection, query: Select[Any], place: Place, findings: list[Finding]) -> Iterator[Chained]:
    """Yield the entries up to the first that holds no values of ours, and note that one."""
    try:
        yield from read_entries(connection, query)
    except RecordError as error:
        findings.append(Finding(str(place), f"cannot be read on: {error}"))


def _entry_problems(before: Head, chained: Chained) -> Iterator[str]:
    entry = chained.entry
    if chained.position != before.position + 1:
        gap = f"position {chained.position} follows {before.position}"
        missing = chained.position > before.position + 1
        yield f"{gap}: {'entries are missing' if missing else 'an entry was put in or moved'} before it"
    elif entry.source.offset <= before.offset:
        yield f"offset {entry.source.offset} follows {before.offset}: the order was changed"
    elif before.position and entry.source.offset != before.offset + 1 and not _sparse(before.place):
        lost = f"{before.offset + 1} to {entry.source.offset - 1}"
        yield f"offsets {lost} before it are missing: skipped, or gone from Kafka before they were recorded"
    if chained.hash != link(before.hash, entry):
        yield "does not fit its hash: it was changed, or does not follow the entry before it"
    changed = [name for name, kept, derived in _columns(entry.columns, columns_of(entry.value)) if kept != derived]
    if changed:
        yield f"the column {', '.join(changed)} is not what the record says"


def _end_problems(end: Head, head: Head | None, expected: Mapping[int, Head]) -> Iterator[Finding]:
    place = end.place
    if head is None:
        if end.position:
            yield Finding(str(place), "the chain has no head: it was removed, or the entries were put in")
    elif (head.position, head.offset, head.hash) != (end.position, end.offset, end.hash):
        if head.position > end.position:
            what = f"ends at position {end.position}, its head says {head.position}: entries are missing at the end"
        elif head.position < end.position:
            what = (
                f"has {end.position} entries, its head says {head.position}: entries were put in, or the head changed"
            )
        else:
            what = "its head is not the hash of its last entry: one of them was changed"
        yield Finding(str(place), what)
    elif head.next_offset <= head.offset or (not _sparse(place) and head.next_offset != head.offset + 1):
        yield Finding(str(place), f"is to go on at offset {head.next_offset} after {head.offset}: its head was changed")
    latest = max(expected, default=0)
    if latest > end.position:
        yield Finding(
            str(place),
            f"ends at position {end.position}, Kafka has a head at {latest}: cut off, or an older copy was put back",
        )


def _check_seal(connection: Connection, heads: Iterable[Head]) -> Iterator[Finding]:
    stored = read_seal(connection)
    known = list(heads)
    count = connection.execute(select(func.count()).select_from(entries)).scalar_one()
    if stored is None:
        yield Finding("seal", "there is none: it was removed")
        return
    if stored.hash != seal(known):
        yield Finding("seal", "does not fit the heads of the chains: a head or the seal was changed")
    if stored.entries != count:
        yield Finding("seal", f"says {stored.entries} entries, there are {count}")


def _columns(kept: Columns, derived: Columns) -> Iterator[tuple[str, object, object]]:
    for name in Columns.__dataclass_fields__:
        yield name, getattr(kept, name), getattr(derived, name)


def _sparse(place: Place) -> bool:
    """Whether offsets are left out on purpose: watermarks stand between the findings."""
    return place.topic.endswith(Topic.ANOMALIES)


def _where(chained: Chained) -> str:
    return f"{chained.entry.source} (position {chained.position}, {chained.entry.columns.kind})"
