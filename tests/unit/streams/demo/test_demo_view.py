"""What the terminal shows of a run."""

import io
from dataclasses import replace
from typing import Any, Self

import pytest
from rich.console import Console

from domain.alert import AlertStatus
from domain.anomaly import SeriesState, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ServiceId
from domain.notice import ChannelKind, Deferred, Failure, Hold, Phase, Rejected
from streams import records
from streams.demo.broker import Fetched
from streams.demo.listener import HEARD, Listener
from streams.demo.view import Board, Line, LiveView, PlainView, draw, offset
from tests.support.builders import T0
from tests.support.demo import Story, a_fault, a_good_story


def a_board(**changes: Any) -> Board:
    names = [ServiceId("payments-api"), ServiceId("ledger-db")]
    return Board(T0, T0 + 600, 12.0, names, **changes)


def drawn(board: Board, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(draw(board))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Topics:
    """Hands out records once, in batches."""

    def __init__(self, *batches: list[tuple[str, bytes]]) -> None:
        self.batches = list(batches)

    def read(self) -> tuple[Fetched, ...]:
        batch = self.batches.pop(0) if self.batches else []
        return tuple(Fetched(topic, 0, offset, value) for offset, (topic, value) in enumerate(batch))


class Said:
    """A view that remembers."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, line: Line) -> None:
        self.lines.append(line)

    def show(self) -> None:
        return None


def on_topics(story: Story) -> list[tuple[str, bytes]]:
    return [
        *(("foreshock.alerts", records.encode(transition)) for transition in story.transitions),
        *(("foreshock.notices", records.encode(notice)) for notice in story.notices),
        *(("foreshock.receipts", records.encode(receipt)) for receipt in story.receipts),
    ]


def listener(source: Topics, said: Said, board: Board) -> Listener:
    found = Listener(source, {f"foreshock.{topic}": topic for topic in HEARD})
    found.turn_to(board, said)
    return found


@pytest.mark.parametrize(("seconds", "text"), [(-3, "00:00"), (0, "00:00"), (59.6, "01:00"), (3599, "59:59")])
def test_times_are_minutes_and_seconds_since_the_beginning(seconds: float, text: str) -> None:
    assert offset(T0 + seconds, T0) == text


def test_everything_that_the_topics_hold_is_kept_and_told() -> None:
    story, said, board = a_good_story(), Said(), a_board()
    heard = listener(Topics(on_topics(story)), said, board)
    assert heard.listen() == 10
    assert heard.listen() == 0
    assert (heard.transitions, heard.notices, heard.receipts) == (story.transitions, story.notices, story.receipts)
    assert [line.text for line in said.lines] == [
        "alert open on payments-api: because",
        "warning to squad payments in #payments",
        "warning to Example Bank by e-mail",
        "alert resolved on payments-api: because",
        "all-clear to squad payments in #payments",
        "all-clear to Example Bank by e-mail",
    ]
    assert board.delivered == {ChannelKind.SLACK: 2, ChannelKind.EMAIL: 2}


def test_a_receipt_that_comes_before_its_notice_is_told_when_the_notice_comes() -> None:
    story, said = a_good_story(), Said()
    receipt = ("foreshock.receipts", records.encode(story.receipts[0]))
    notice = ("foreshock.notices", records.encode(story.notices[0]))
    heard = listener(Topics([receipt], [notice]), said, a_board())
    heard.listen()
    assert said.lines == []
    heard.listen()
    assert [line.text for line in said.lines] == ["warning to squad payments in #payments"]


def an_answer(kind: FeedbackKind, **changes: Any) -> Feedback:
    return replace(Feedback("f1", kind, AlertId("a1"), "anna (Slack U0ANNA)", T0 + 9000), **changes)


def test_an_answer_is_told_at_the_time_at_which_the_alert_shows_it() -> None:
    story, said = Story(), Said()
    story.alert(150)
    story.transition(AlertStatus.UPDATE, 170, 2, "a1", "payments-api")
    story.transitions[1] = replace(story.transitions[1], reason="acknowledged by anna (Slack U0ANNA); because")
    opened, shown = on_topics(story)
    answer = ("foreshock.feedback", records.encode(an_answer(FeedbackKind.ACKNOWLEDGE)))
    heard = listener(Topics([opened], [answer, answer], [shown], [shown]), said, a_board())
    heard.listen()
    heard.listen()
    assert [line.text for line in said.lines] == ["alert open on payments-api: because"]
    heard.listen()
    assert said.lines[1] == Line(T0 + 170, "anna (Slack U0ANNA) acknowledges the alert on payments-api", "bold cyan")
    heard.listen()
    assert len(said.lines) == 2, "once"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (an_answer(FeedbackKind.USEFUL), "anna (Slack U0ANNA) finds the alert on payments-api useful"),
        (an_answer(FeedbackKind.NOT_USEFUL, alert="a2"), "anna (Slack U0ANNA) does not find an alert useful"),
        (an_answer(FeedbackKind.RESOLVE, by="{by}"), "{by} ends the alert on payments-api"),
        (
            an_answer(FeedbackKind.SILENCE, alert=None, service="db"),
            "anna (Slack U0ANNA) silences the alert on db",
        ),
        (
            an_answer(FeedbackKind.UNSUBSCRIBE, alert=None, by="a contact of bank-042"),
            "a contact of bank-042 unsubscribes from optional notices",
        ),
        (an_answer(FeedbackKind.READMIT, alert=None), "anna (Slack U0ANNA): readmit"),
    ],
)
def test_what_no_alert_shows_is_told_at_once(answer: Feedback, text: str) -> None:
    board, story = a_board(heard_at=T0 + 200), Story()
    story.alert(150)
    board.transition(story.transitions[0])
    assert board.answer(answer) == Line(T0 + 200, text, "bold cyan")
    assert board.answer(answer) is None, "a repeat"


def test_an_approval_is_told_with_its_client_and_its_words() -> None:
    board, story = a_board(), Story()
    story.transition(AlertStatus.UPDATE, 170, 2, "a1", "payments-api")
    shown = replace(story.transitions[0], reason="client notices approved by ben (Slack U0BEN); because")
    approval = an_answer(FeedbackKind.APPROVE, by="ben (Slack U0BEN)", client="bank-042", text="All is safe.")
    assert board.answer(approval) is None
    line = board.transition(shown)
    assert line is not None
    assert line.text == (
        "ben (Slack U0BEN) approves the notice to bank-042 (the alert on payments-api), adding: All is safe."
    )


def test_what_clients_feel_is_told_when_everything_up_to_then_has_been_judged() -> None:
    board = a_board(reached_at=T0 + 290)
    marks = [Watermark(0, T0 + 190), Watermark(3, T0 + 210), Watermark(0, T0 + 201), Watermark(1, T0 + 10)]
    told = []
    for mark in marks:
        listener(Topics([("foreshock.anomalies", records.encode(mark))]), Said(), board).listen()
        told.append([line.at for line in board.truth([a_fault()])])
    assert told == [[], [], [T0 + 200], []]


def test_a_hurt_that_began_and_ended_between_two_looks_is_told_from_beginning_to_end() -> None:
    board, fault = a_board(), a_fault()
    board.heard_at = T0 + 199
    assert board.truth([fault]) == []
    board.heard_at = T0 + 900
    assert [(line.at, line.style) for line in board.truth([fault])] == [(T0 + 200, "bold red"), (T0 + 230, "cyan")]
    assert board.truth([fault]) == []
    assert board.hurting == {}


def test_a_notice_that_is_held_is_told_with_its_reason() -> None:
    story, said, board = Story(), Said(), a_board()
    story.client(Phase.WARNING, 10, decision=Hold("approval required: nobody has approved"))
    listener(Topics(on_topics(story)), said, board).listen()
    assert [line.text for line in said.lines] == [
        "Example Bank by e-mail not told: approval required: nobody has approved"
    ]
    assert board.unsent == 1


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Deferred(Failure.RATE_LIMITED, "later"), "must wait (rate_limited): later"),
        (Rejected(Failure.UNKNOWN_RECIPIENT, "gone"), "cannot be reached (unknown_recipient): gone"),
    ],
)
def test_a_channel_that_did_not_deliver_is_told_with_its_reason(outcome: Deferred | Rejected, word: str) -> None:
    story, said, board = Story(), Said(), a_board()
    story.squad(Phase.WARNING, 10, took=None)
    story.answer(story.notices[0], outcome)
    listener(Topics(on_topics(story)), said, board).listen()
    assert word in said.lines[0].text
    assert board.delivered == {}


def test_the_board_shows_services_with_open_alerts_and_those_that_hurt() -> None:
    board, story = a_board(), Story()
    story.alert(90)
    board.transition(story.transitions[0])
    assert "alert 01:30" in drawn(board)
    board.heard_at = T0 + 205
    fault = a_fault(affected="ledger-db")
    assert [line.style for line in board.truth([fault])] == ["bold red"]
    assert board.truth([fault]) == []
    assert "clients feel it" in drawn(board)
    board.heard_at = T0 + 240
    assert [line.text for line in board.truth([fault])] == ["clients are well again (disk filling up)"]
    story.transition(AlertStatus.RESOLVED, 240, 2, "a1", "payments-api")
    board.transition(story.transitions[1])
    assert "alert 01:30" not in drawn(board)


def test_hostile_labels_are_shown_as_they_are() -> None:
    board = a_board()
    board.feed.append(Line(T0, "[red]not markup[/red]"))
    assert "[red]not markup[/red]" in drawn(board)


def test_the_board_fits_a_narrow_terminal() -> None:
    board = a_board(series={SeriesState.LIVE: 64}, sent=12_345)
    assert all(len(line) <= 80 for line in drawn(board, 80).splitlines())


def test_a_terminal_is_redrawn_and_left_as_it_was() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with LiveView(console, board := a_board(step="replaying")) as view:
        view.say(Line(T0 + 5, "something happened"))
        view.show()
    assert isinstance(console.file, io.StringIO)
    assert "something happened" in console.file.getvalue()
    assert board.feed[0].text == "something happened"


def test_without_a_terminal_there_are_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=200)
    board = a_board(step="replaying")
    with PlainView(console, board) as view:
        view.show()
        view.say(Line(T0 + 5, "something [happened]"))
        board.reached_at, board.sent, board.handled = T0 + 130, 40, 30
        view.show()
        view.show()
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "-- replaying",
        "00:05  something [happened]",
        "-- 02:10 of 10:00: 40 messages sent, 30 handled; series: none yet",
    ]
