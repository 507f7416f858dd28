import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from domain.alert import AlertStatus, Severity
from domain.feedback import Feedback, FeedbackKind
from domain.identity import ClientId, ServiceId
from domain.notice import Deferred, Failure, Hold, Notify, Phase, Rejected, SquadFacts
from streams import records
from streams.record.database import open_record
from streams.record.explain import explain_alert, explain_notice
from streams.record.moment import explain_client
from streams.record.questions import episodes
from streams.record.story import Explanation, as_json, as_text, moment
from streams.topics import Topic
from tests.support.builders import T0, an_anomaly
from tests.support.record import (
    ALERT,
    ENDED,
    OTHER,
    Log,
    a_client_notice,
    a_receipt,
    a_record_file,
    a_squad_notice,
    a_transition,
    an_episode,
)


@pytest.fixture
def log() -> Log:
    log = Log()
    an_episode(log)
    return log


@pytest.fixture
def record(log: Log, tmp_path: Path) -> Iterator[Connection]:
    yield from recorded(log, tmp_path)


def recorded(log: Log, folder: Path) -> Iterator[Connection]:
    opened = open_record(a_record_file(folder, log=log))
    with opened.reading() as connection:
        yield connection
    opened.close()


def told(explanation: Explanation | None) -> str:
    assert explanation is not None
    return as_text(explanation)


def section(text: str, title: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index(title) + 1
    rest = lines[start:]
    return rest[: rest.index("")] if "" in rest else rest


def test_the_story_of_an_alert_leads_from_the_finding_in_kafka_to_the_receipt(record: Connection) -> None:
    text = told(explain_alert(record, ALERT))

    assert "ledger-db, critical, opened 2025-06-15 15:06:40 UTC, resolved after 5 min: back to normal" in text
    found = "\n".join(section(text, "What was found, and what became of it"))
    assert "open, critical: ledger-db: a breach is expected  [foreshock.alerts/0@0]" in found
    assert "forecast opened: score 0.990, 90% sure  [foreshock.anomalies/0@1]" in found
    assert "detector level: ledger-db/latency_p95_ms was 420, expected 180 to 310" in found
    assert "ledger-db/latency_p95_ms above 800 at 2025-06-15 15:16:40 UTC" in found
    assert "80% sure" in found
    people = section(text, "Who was told, and why")
    assert people[0] == "  squad data at #squad-data by slack: answers for ledger-db"
    assert text.count("answers for ledger-db") == 1, "the same reason is not told again for each notice"
    mails = [
        line.strip()
        for line in people[people.index("  client bank-042 at ops@bank-042.example by email: uses Payment") :]
    ]
    assert "90% sure reaches the client's 80%  [foreshock.notices/2@0]" in mails[1]
    assert "attempt 1: not yet (unavailable): 451 try later  [foreshock.receipts/2@0]" in mails[2]
    assert "attempt 2: delivered (<m@x>)  [foreshock.receipts/2@1]" in mails[3]
    assert "all-clear" in mails[4]


def test_the_story_says_of_everybody_else_why_they_were_not_told(record: Connection) -> None:
    lines = section(told(explain_alert(record, ALERT)), "Who was not told, and why")

    text = "\n".join(lines)
    assert "client fintech-7 at ops@fintech-7.example: held: approval required: nobody has approved" in text
    assert "client wary-3 at ops@wary-3.example: not to be told: 90% sure is below the client's 95%" in text
    assert "client quiet-9: Quiet Nine (quiet-9): not told: no contact" in text
    assert "bank-042 at" not in text
    assert lines[-1].startswith(
        "  all others: not affected. The trouble reached these journeys only: journey Payment, stage submit, "
        "meets payments-api, which needs ledger-db; they are used by bank-042, fintech-7, quiet-9"
    )


def test_a_notice_that_did_not_arrive_is_among_those_not_told(log: Log, tmp_path: Path) -> None:
    lost = a_client_notice(Phase.WARNING, 1, 5, Notify("sure enough"), client="gone-1")
    log.say(lost, 2)
    log.say(a_receipt(lost, Rejected(Failure.UNKNOWN_RECIPIENT, "550 no such user")), 2)
    late = a_client_notice(Phase.WARNING, 1, 5, Notify("sure enough"), client="late-1")
    log.say(late, 2)

    for connection in recorded(log, tmp_path):
        text = "\n".join(section(told(explain_alert(connection, ALERT)), "Who was not told, and why"))
    assert "gone-1.example: the warning did not arrive: given up (unknown_recipient): 550 no such user" in text
    assert "late-1.example: the warning did not arrive: no channel has answered yet" in text


def test_a_held_notice_is_explained_with_its_cause_and_what_it_would_have_said(record: Connection) -> None:
    notice = a_client_notice(Phase.WARNING, 1, 0, Hold("x"), client="fintech-7")

    text = told(explain_notice(record, notice.id))

    assert section(text, "What was decided, and why") == [
        "  2025-06-15 15:06:40 UTC  held: approval required: nobody has approved  [foreshock.notices/2@1]"
    ]
    assert "open, critical" in section(text, "What it was about")[0]
    assert "Example Bank: Payment; stages submit" in section(text, "What they could read")[0]
    assert "no channel has answered" not in text


def test_a_sent_notice_is_explained_with_every_attempt_and_its_thread(record: Connection) -> None:
    notice = a_client_notice(Phase.WARNING, 1, 0, Notify("x"))

    text = told(explain_notice(record, notice.id))

    titles = ["What it was about", "What was decided, and why", "What they could read", "The same thread"]
    assert [line for line in text.splitlines() if line in titles] == titles
    decided = section(text, "What was decided, and why")
    assert [line.strip()[25:34] for line in decided] == ["to be tol", "attempt 1", "attempt 2"]
    assert "all-clear" in section(text, "The same thread")[0]


def test_what_was_never_heard_of_has_no_story(record: Connection) -> None:
    assert explain_alert(record, "alert-nothing") is None
    assert explain_notice(record, "notice-nothing") is None


def test_repeats_of_a_notice_are_told_once(log: Log, tmp_path: Path) -> None:
    log.say(a_squad_notice(Phase.WARNING, 1, 0), 1)

    for connection in recorded(log, tmp_path):
        text = told(explain_alert(connection, ALERT))
    assert text.count("warning, notice-") == 2


def test_a_client_that_was_told_reads_when_why_and_that_it_arrived(record: Connection) -> None:
    text = told(explain_client(record, "bank-042", T0 + 60))

    assert "One alert was open at that time." in text
    assert "warning to client bank-042 at ops@bank-042.example: to be told: 90% sure reaches" in text
    assert "delivered (<m@x>)" in text
    assert "was warned, so is told the end (after the time asked for)" in text


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("fintech-7", "held: approval required: nobody has approved"),
        ("wary-3", "not to be told: 90% sure is below the client's 95%"),
        ("quiet-9", "Quiet Nine (quiet-9): not told: no contact"),
        ("other-1", "this client was not affected. The trouble reached these journeys only: journey Payment"),
    ],
)
def test_a_client_that_was_not_told_reads_why(record: Connection, client: str, words: str) -> None:
    assert words in told(explain_client(record, client, T0 + 60))


def test_an_id_that_no_notice_names_is_said_so(record: Connection) -> None:
    assert "No notice in the record names a client of this id." in told(explain_client(record, "typo", T0 + 60))
    assert "No notice" not in told(explain_client(record, "bank-042", T0 + 60))


def test_when_nothing_was_open_the_nearest_alerts_and_refused_input_are_told(log: Log, tmp_path: Path) -> None:
    later = an_anomaly("payments-api", at=T0 + 900)
    opening = replace(a_transition(AlertStatus.OPEN, 1, 900, later, alert=OTHER), opened_at=T0 + 900)
    log.say(opening)

    for connection in recorded(log, tmp_path):
        text = told(explain_client(connection, "bank-042", T0 + ENDED + 120))
    assert "No alert was open at that time, so there was nothing to tell anybody." in text
    lines = section(text, "Nothing was open")
    assert lines[0].startswith(f"  the nearest before, by 2 min: {ALERT}, ledger-db, critical")
    assert lines[1] == "    this client was told of it"
    assert lines[2].startswith(f"  the nearest after, by 8 min: {OTHER}, payments-api")
    assert lines[3] == "    this client has no notice of it"
    assert lines[4].endswith("so could warn of nothing: 1 not_json")


def test_outside_of_what_the_record_has_heard_it_claims_nothing(record: Connection) -> None:
    before, after = (told(explain_client(record, "bank-042", T0 + at)) for at in (-60.0, ENDED + 86400))

    assert "The record knows of no alert that was open at that time. It begins only 2025-06-15 15:06:40 UTC." in before
    assert "The last that it has heard is of 2025-06-15 15:11:40 UTC." in after


def test_an_empty_record_says_so(tmp_path: Path) -> None:
    record = open_record(str(tmp_path / "empty.sqlite"), create=True)
    with record.reading() as connection:
        text = told(explain_client(connection, "bank-042", T0))
        assert episodes(connection) == []
    record.close()

    assert "The record knows of no alert that was open at that time. It is empty." in text


def test_an_alert_that_joined_another_points_to_it(log: Log, tmp_path: Path) -> None:
    joined = replace(
        a_transition(AlertStatus.OPEN, 1, 30, an_anomaly("payments-api", at=T0 + 30), alert=OTHER), joined=ALERT
    )
    log.say(joined)

    for connection in recorded(log, tmp_path):
        story, client = told(explain_alert(connection, OTHER)), told(explain_client(connection, "bank-042", T0 + 60))
    assert f"It was told together with {ALERT}" in story
    assert section(story, "Who was not told, and why") == [
        f"  everybody was told, or not, in the threads of {ALERT}: `foreshock explain {ALERT}`"
    ]
    assert f"told together with {ALERT}, which probably has the same cause" in client


def test_the_probable_cause_and_what_else_was_affected_are_told(log: Log, tmp_path: Path) -> None:
    notice = a_squad_notice(Phase.UPDATE, 3, 60)
    assert isinstance(notice.facts, SquadFacts)
    facts = replace(notice.facts, probable_cause=ServiceId("disk"), also_affected=("payments-api: slow",))
    log.say(replace(notice, facts=facts), 1)

    for connection in recorded(log, tmp_path):
        text = told(explain_alert(connection, ALERT))
    assert "Probable cause: disk. Also affected: payments-api: slow." in text


def test_episodes_are_listed_the_latest_first_with_who_was_told_and_who_held(log: Log, tmp_path: Path) -> None:
    opened = replace(
        a_transition(AlertStatus.OPEN, 1, 900, an_anomaly("payments-api", at=T0 + 900), alert=OTHER), opened_at=T0 + 900
    )
    log.say(opened)

    for connection in recorded(log, tmp_path):
        latest, first = episodes(connection)
    assert (latest.alert, latest.ended_at, latest.squads) == (OTHER, None, ())
    assert (first.alert, first.ended_at, first.severity) == (ALERT, T0 + ENDED, "critical")
    assert (first.squads, first.clients, first.held) == (("data",), ("bank-042",), ("fintech-7", "wary-3"))


def test_a_silence_says_which_alerts_still_speak(log: Log, tmp_path: Path) -> None:
    answer = Feedback("feedback-2", FeedbackKind.SILENCE, ALERT, "alice", T0 + 20, below=Severity.CRITICAL)
    log.put(Topic.ANOMALIES, records.encode(answer))

    for connection in recorded(log, tmp_path):
        (line,) = section(told(explain_alert(connection, ALERT)), "What people answered")
    assert "silence below critical by alice" in line


def test_an_approval_is_told_once_with_who_gave_it_for_whom_and_for_how_long(log: Log, tmp_path: Path) -> None:
    answer = Feedback(
        "feedback-1", FeedbackKind.APPROVE, ALERT, "alice", T0 + 20, ClientId("fintech-7"), lasts_s=1800.0, comment="ok"
    )
    for topic in (Topic.ANOMALIES, Topic.NOTICES):  # where it came from, and the copy that decide reads
        log.put(topic, records.encode(answer))

    for connection in recorded(log, tmp_path):
        (line,) = section(told(explain_alert(connection, ALERT)), "What people answered")
    assert line.startswith(
        "  2025-06-15 15:07:00 UTC  approve by alice for client fintech-7, for 30 min: ok  [foreshock."
    )


def test_what_a_release_cannot_read_is_told_without_failing(log: Log, tmp_path: Path) -> None:
    answer = {
        "v": 1,
        "is": "vote",
        "body": {"alert": ALERT, "by": "alice", "at": T0 + 9, "kind": "approve", "comment": "ok"},
    }
    log.put(Topic.NOTICES, json.dumps(answer).encode(), partition=3)
    log.put(Topic.ALERTS, b'{"v": 1, "is": "transition", "body": {"alert": "alert-00000000000000000001"}}')

    for connection in recorded(log, tmp_path):
        lines = section(told(explain_alert(connection, ALERT)), "What people answered")
    assert lines[-1] == "  2025-06-15 15:06:49 UTC  vote, approve: ok  [foreshock.notices/3@0]"


def test_foreign_control_characters_are_shown_and_not_obeyed(log: Log, tmp_path: Path) -> None:
    hostile = Deferred(Failure.UNAVAILABLE, "451 \x1b[2J\x1b]0;owned\x07\nfaked line")
    log.say(a_receipt(a_squad_notice(Phase.WARNING, 1, 0), hostile), 1)

    for connection in recorded(log, tmp_path):
        explanation = explain_alert(connection, ALERT)
    text = told(explanation)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert not any(line.startswith("faked") for line in text.splitlines())


def test_json_has_every_line_with_its_address(record: Connection) -> None:
    explanation = explain_alert(record, ALERT)
    assert explanation is not None

    found = json.loads(as_json(explanation))

    assert found["subject"] == ALERT
    sources = {line["source"] for part in found["sections"] for line in part["lines"]}
    assert {"foreshock.alerts/0@0", "foreshock.anomalies/0@1", "foreshock.receipts/2@1"} <= sources


@pytest.mark.parametrize("at", [None, -5.0, float("inf"), float("nan"), 1e18])
def test_a_time_that_no_calendar_has_is_no_error(at: float | None) -> None:
    assert moment(at) == "at an unknown time"
