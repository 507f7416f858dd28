"""Two configurations over one history: what each reader would have received otherwise."""

from collections.abc import Sequence
from dataclasses import replace

from domain.alert import Transition
from domain.identity import ClientId, ServiceId
from domain.notice import Hold, Notice, Phase, Suppress
from streams.backtest.compare import (
    Change,
    Comparison,
    Counts,
    Received,
    client_names,
    compare,
    readers,
    received,
)
from streams.backtest.history import Episode
from streams.backtest.words import reader_rows
from tests.support.backtest import an_alert, told
from tests.support.builders import T0, a_landscape

NAMES = ("a.yaml", "b.yaml")


def run(*episodes: tuple[tuple[Transition, ...], Sequence[Notice]]) -> list[Received]:
    return received([Episode(steps, tuple(notices)) for steps, notices in episodes], client_names(a_landscape()))


def warned(at: float = 10, opened: float = 0, ended: float | None = 100) -> tuple[tuple[Transition, ...], list[Notice]]:
    steps = an_alert(opened=opened, ended=ended)
    return steps, [told(steps, Phase.WARNING, at), told(steps, Phase.ALL_CLEAR, ended or 1e3, sequence=9)]


def changes(comparison: Comparison) -> list[tuple[str, Change, float]]:
    return [(each.reader, each.change, each.by_s) for each in comparison.differences]


def test_the_same_run_twice_has_no_differences() -> None:
    found = compare(NAMES, run(warned()), run(warned()))
    assert (found.differences, found.more) == ((), 0)
    (line,) = found.lines
    assert (line.reader, line.first) == ("payments", Counts(warnings=1, endings=1))
    assert line.first == line.second


def test_a_warning_that_only_one_run_gives_is_new_or_gone() -> None:
    assert changes(compare(NAMES, run(), run(warned()))) == [("payments", Change.NEW, 0.0)]
    assert changes(compare(NAMES, run(warned()), run())) == [("payments", Change.GONE, 0.0)]


def test_the_same_trouble_told_at_another_time_is_sooner_or_later_by_so_much() -> None:
    assert changes(compare(NAMES, run(warned(at=30)), run(warned(at=10)))) == [("payments", Change.SOONER, 20.0)]
    assert changes(compare(NAMES, run(warned(at=10)), run(warned(at=30, opened=25)))) == [
        ("payments", Change.LATER, 20.0)
    ]


def test_alerts_that_neither_overlap_nor_open_together_are_two() -> None:
    found = compare(NAMES, run(warned()), run(warned(at=510, opened=500, ended=600)))
    assert [change for _, change, _ in changes(found)] == [Change.GONE, Change.NEW]


def test_one_trouble_that_shows_in_another_service_is_told_otherwise_and_not_gone_and_new() -> None:
    def on(service: str, at: float, opened: float = 0) -> list[Received]:
        return [replace(each, service=ServiceId(service), at=T0 + at) for each in run(warned(opened=opened))]

    (later,) = compare(NAMES, on("gateway", 10), on("ledger", 15)).differences
    assert (later.service, later.change, later.by_s) == ("ledger", Change.LATER, 5.0)
    assert later.why == f"a.yaml: {run(warned())[0].said}"
    assert changes(compare(NAMES, on("gateway", 10), on("ledger", 10))) == [("payments", Change.OTHERWISE, 0.0)]
    assert [c for _, c, _ in changes(compare(NAMES, on("gateway", 10), on("ledger", 90, opened=80)))] == [
        Change.GONE,
        Change.NEW,
    ]
    both = on("ledger", 10) + on("gateway", 10)
    assert changes(compare(NAMES, both, on("gateway", 10))) == [("payments", Change.GONE, 0.0)]


def test_of_several_that_overlap_those_that_open_closest_are_the_same() -> None:
    long, short = warned(ended=None), warned(at=510, opened=500, ended=600)
    assert changes(compare(NAMES, run(long, short), run(short))) == [("payments", Change.GONE, 0.0)]
    (gone,) = compare(NAMES, run(long, short), run(short)).differences
    assert gone.at == T0 + 10
    (new,) = compare(NAMES, run(short), run(long, short)).differences
    assert (new.change, new.at) == (Change.NEW, T0 + 10)


def test_clients_of_one_name_are_two_and_one_that_is_renamed_is_one() -> None:
    bank = a_landscape().clients[0]
    twin, renamed = replace(bank, id=ClientId("bank-043")), replace(bank, name="Better Bank")
    first, second = (replace(a_landscape(), clients=clients) for clients in ((bank, twin), (renamed,)))
    assert client_names(first) == {bank.id: "Example Bank (bank-042)", twin.id: "Example Bank (bank-043)"}
    assert client_names(first, second) == client_names(first)
    assert client_names(second, first) == {bank.id: "Better Bank", twin.id: "Example Bank"}


def test_why_a_client_is_no_longer_told_is_said() -> None:
    steps = an_alert(ended=None)
    sent = [told(steps, Phase.WARNING, 5, client="bank-042")]
    held = [told(steps, Phase.WARNING, 5, Hold("approval is required", None), client="bank-042")]
    (gone,) = compare(NAMES, run((steps, sent)), run((steps, held))).differences
    assert (gone.reader, gone.is_client, gone.change) == ("Example Bank", True, Change.GONE)
    assert gone.why == "b.yaml: held: approval is required"
    (new,) = compare(NAMES, run((steps, held)), run((steps, sent))).differences
    assert (new.change, new.why, new.at) == (Change.NEW, "a.yaml: held: approval is required", T0 + 5)


def test_why_a_client_is_told_later_is_said() -> None:
    steps = an_alert(ended=None)
    at_once = [told(steps, Phase.WARNING, 5, client="bank-042")]
    waited = [
        told(steps, Phase.WARNING, 5, Suppress("too unsure"), client="bank-042"),
        told(steps, Phase.UPDATE, 65, sequence=2, client="bank-042"),
    ]
    (later,) = compare(NAMES, run((steps, at_once)), run((steps, waited))).differences
    assert (later.change, later.by_s, later.why) == (Change.LATER, 60.0, "b.yaml: until then not sent: too unsure")
    (sooner,) = compare(NAMES, run((steps, waited)), run((steps, at_once))).differences
    assert (sooner.change, sooner.why) == (Change.SOONER, "a.yaml: until then not sent: too unsure")


def test_each_reader_has_a_line_for_every_alert_that_concerned_them_and_why() -> None:
    steps, kept = an_alert(), an_alert("ledger-db", opened=500)
    notices = [
        told(steps, Phase.WARNING, 5, client="bank-042"),
        told(steps, Phase.ALL_CLEAR, 30, sequence=9, client="bank-042"),
    ]
    (line,) = readers(
        run((steps, notices), (kept, [told(kept, Phase.WARNING, 505, Suppress("quiet"), client="bank-042")]))
    )
    assert [row[2:] for row in reader_rows(line.told[0])] == [
        ("warned after 5 s, told the end", notices[0].decision.reason),
        ("not told", "not sent: quiet"),
    ]


def test_what_is_counted_is_what_one_reader_gets() -> None:
    steps = an_alert()
    contacts = [told(steps, Phase.UPDATE, 20, sequence=2, client="bank-042") for _ in range(2)]
    sent = [told(steps, Phase.WARNING, 5, client="bank-042"), *contacts]
    kept = an_alert("ledger-db", opened=500)
    (line,) = compare(
        NAMES, run((steps, sent), (kept, [told(kept, Phase.WARNING, 505, Suppress("quiet"), client="bank-042")])), run()
    ).lines
    assert line.first == Counts(warnings=1, updates=1, endings=0, not_sent=1)
    assert line.second == Counts()


def test_the_lists_of_many_readers_stay_a_page_and_say_what_is_left_out() -> None:
    many = run(*(warned(at=1000 * i, opened=1000 * i, ended=1000 * i + 1) for i in range(1, 251)))
    assert [len(reader_rows(many, readers)) for readers in (1, 100, 100_000)] == [201, 51, 2]
    assert reader_rows(many)[-1][1] == "50 more alerts are in notices.jsonl"


def test_a_long_list_is_cut_and_says_so() -> None:
    many = run(*(warned(at=1000 * i, opened=1000 * i, ended=1000 * i + 1) for i in range(1, 251)))
    found = compare(NAMES, many, [])
    assert (len(found.differences), found.more) == (200, 50)
