"""What the outbox knows: which notices wait, which are done, and how far each thread has come. No clock, no I/O."""

import hashlib
from bisect import insort
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from domain.errors import StateError
from domain.notice import ENDINGS, Delivered, Notice, Notify, Outcome, Phase, Rejected
from domain.state import Plain

VERSION = 1
# A thread without an ending keeps its reference longer: an episode may be open for weeks.
OPEN_THREAD_FACTOR = 10
_PRUNE_EVERY_S = 60.0
_NOTICE = TypeAdapter(Notice)


class Accepted(StrEnum):
    """What became of a notice that was handed to the outbox."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICT = "conflict"  # the same id with other content: the first one counts
    NOT_FOR_DELIVERY = "not_for_delivery"


class Doubt(StrEnum):
    """Whether a notice may have arrived although nobody here knows of it."""

    NONE = "none"
    POSSIBLE = "possible"  # an earlier process may have tried
    TRIED = "tried"  # an attempt ended without an answer


@dataclass(slots=True)
class Entry:
    """A notice that waits, and what has been tried."""

    notice: Notice
    digest: str
    accepted_at: float
    doubt: Doubt = Doubt.NONE
    attempts: int = 0
    uncertain: bool = False  # some attempt may have arrived, whatever came after it
    outcome: Outcome | None = None  # known, but its receipt is not stored yet
    found: bool = False  # delivered, but not by this attempt: what its message shows now may be newer


@dataclass(slots=True)
class Thread:
    """How far the messages to one recipient about one episode have come."""

    reference: str | None = None
    sequence: int = 0  # of the last notice that was concluded
    lost: bool = False  # the warning never arrived: there is nothing to update or to end
    ended: bool = False
    touched_at: float = 0.0
    waiting: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Saved:
    version: int
    threads: dict[str, Thread]
    done: dict[str, tuple[str, float]]


_SAVED = TypeAdapter(_Saved)


class Ledger:
    """The book of the outbox."""

    def __init__(self, remember_s: float) -> None:
        self._remember_s = remember_s
        self._done: dict[str, tuple[str, float]] = {}  # notice id -> digest, concluded at
        self._waiting: dict[str, str] = {}  # notice id -> digest
        self._prune_at = 0.0
        self.threads: dict[str, Thread] = {}

    @property
    def pending(self) -> int:
        """Return how many notices wait."""
        return len(self._waiting)

    def threads_waiting(self) -> set[str]:
        """Return the names of the threads in which a notice waits."""
        return {name for name, thread in self.threads.items() if thread.waiting}

    def enter(self, notice: Notice, now: float, doubt: Doubt) -> Accepted:
        """Put a notice in its place in its thread, unless it is known or not to be sent."""
        if not isinstance(notice.decision, Notify):
            return Accepted.NOT_FOR_DELIVERY
        digest = _digest(notice)
        known = self._waiting.get(notice.id) or self._done.get(notice.id, ("",))[0]
        if known:
            return Accepted.REPEAT if known == digest else Accepted.CONFLICT
        self._prune(now)
        thread = self.threads.setdefault(notice.thread, Thread())
        thread.touched_at = now
        insort(thread.waiting, Entry(notice, digest, now, doubt), key=lambda entry: entry.notice.sequence)
        self._waiting[notice.id] = digest
        return Accepted.NEW

    def conclude(self, thread: Thread, entry: Entry, outcome: Delivered | Rejected, now: float) -> None:
        """Take a notice out: it was delivered, or never will be."""
        notice = entry.notice
        match outcome:
            case Delivered():
                thread.reference = outcome.reference
            case Rejected():
                # Uncertain ones count as told: an ending too many is better than one too few.
                first = notice.phase is Phase.WARNING and thread.reference is None
                thread.lost = thread.lost or (first and not entry.uncertain)
        thread.sequence = max(thread.sequence, notice.sequence)
        thread.ended = thread.ended or notice.phase in ENDINGS
        thread.touched_at = now
        thread.waiting = [other for other in thread.waiting if other is not entry]
        self._done[notice.id] = (entry.digest, now)
        del self._waiting[notice.id]

    def snapshot(self) -> Plain:
        """Return everything as plain data."""
        saved: Plain = _SAVED.dump_python(_Saved(VERSION, self.threads, self._done), mode="json")
        return saved

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; whatever waits may have been sent since it was taken. Raises StateError."""
        version = state.get("version") if isinstance(state, dict) else None
        if version != VERSION:
            raise StateError(f"outbox state of version {version!r:.40}; this release reads {VERSION}")
        try:
            saved = _SAVED.validate_python(state)
        except ValidationError as error:
            raise StateError(f"outbox state is damaged in {error.error_count()} places") from error
        self.threads, self._done = saved.threads, saved.done
        entries = [entry for thread in self.threads.values() for entry in thread.waiting]
        self._waiting = {entry.notice.id: entry.digest for entry in entries}
        for entry in entries:
            tried = entry.attempts > 0 or entry.doubt is Doubt.TRIED
            entry.doubt = Doubt.TRIED if tried else Doubt.POSSIBLE
            entry.uncertain = entry.uncertain or tried

    def _prune(self, now: float) -> None:
        if now < self._prune_at:
            return
        self._prune_at = now + _PRUNE_EVERY_S
        since = now - self._remember_s
        self._done = {notice: known for notice, known in self._done.items() if known[1] >= since}
        open_since = now - self._remember_s * OPEN_THREAD_FACTOR
        self.threads = {
            name: thread
            for name, thread in self.threads.items()
            if thread.waiting or thread.touched_at >= (since if thread.ended else open_since)
        }


def _digest(notice: Notice) -> str:
    return hashlib.sha256(_NOTICE.dump_json(notice)).hexdigest()[:16]
