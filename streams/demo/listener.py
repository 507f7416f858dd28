"""Reads what the pipeline writes on its own topics, keeps it for the account, and tells the view."""

from collections.abc import Mapping
from typing import Protocol

from domain.alert import Transition
from domain.anomaly import Watermark
from domain.feedback import Feedback
from domain.identity import NoticeId
from domain.notice import Notice, Receipt
from streams import records
from streams.demo.broker import Fetched
from streams.demo.view import Board, Line, View
from streams.topics import Topic

HEARD = (  # what causes what
    Topic.ANOMALIES, Topic.FEEDBACK, Topic.ALERTS, Topic.NOTICES, Topic.RECEIPTS, Topic.DEAD_LETTERS,
)  # fmt: skip


class Source(Protocol):
    """Where messages come from."""

    def read(self) -> tuple[Fetched, ...]:
        """Return what is new, without waiting."""


class Listener:
    """Everything heard so far; `listen` adds what is new."""

    def __init__(self, source: Source, topics: Mapping[str, Topic]) -> None:
        self._source = source
        self._topics = topics
        self._board: Board
        self._view: View
        self._lines: list[Line] = []
        self._known: dict[NoticeId, Notice] = {}
        self._early: list[Receipt] = []  # receipts whose notice has not been read yet
        self.transitions: list[Transition] = []
        self.notices: list[Notice] = []
        self.receipts: list[Receipt] = []
        self.dead_letters: list[str] = []

    def turn_to(self, board: Board, view: View) -> None:
        """Tell this view from now on."""
        self._board, self._view = board, view

    def listen(self) -> int:
        """Take in what is new, and tell it in order of event time; returns how much there was, but for watermarks."""
        fetched = sorted(self._source.read(), key=lambda each: HEARD.index(self._topics[each.topic]))
        news = sum(self._take(self._topics[message.topic], message.value) for message in fetched)
        for line in sorted(self._lines, key=lambda line: line.at):
            self._view.say(line)
        self._lines.clear()
        return news

    def _take(self, topic: Topic, value: bytes) -> bool:
        if topic is Topic.DEAD_LETTERS:
            letter = records.decode_dead_letter(value)
            self.dead_letters.append(f"{letter.source}: {letter.reason}: {letter.detail}")
            return True
        match records.decode_any(value):
            case Watermark() as watermark:
                self._board.watermark(watermark)
                return False  # they go on when all is over: in silence, event time passes with the clock
            case Transition() as transition:
                self.transitions.append(transition)
                self._say(self._board.transition(transition))
            case Feedback() as feedback:
                self._say(self._board.answer(feedback))
            case Notice() as notice:
                self._notice(notice)
            case Receipt() as receipt:
                self.receipts.append(receipt)
                self._receipt(receipt)
            case _:
                pass
        return True

    def _notice(self, notice: Notice) -> None:
        self.notices.append(notice)
        self._known[notice.id] = notice
        self._say(self._board.decided(notice))
        early = [receipt for receipt in self._early if receipt.notice == notice.id]
        self._early = [receipt for receipt in self._early if receipt.notice != notice.id]
        for receipt in early:
            self._receipt(receipt)

    def _receipt(self, receipt: Receipt) -> None:
        notice = self._known.get(receipt.notice)
        if notice is None:
            self._early.append(receipt)
        else:
            self._say(self._board.receipt(receipt, notice))

    def _say(self, line: Line | None) -> None:
        if line is not None:
            self._lines.append(line)
