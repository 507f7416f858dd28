"""The outbox: every notice that was decided is delivered, or a receipt says why not.

Strictly in order within a thread, side by side between threads. What may have been sent before a crash is looked up
before it is sent again. Times that outlive the process are wall-clock, waits are monotonic.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from alerts.channels.base import AMBIGUOUS, Channel
from alerts.illustrations import Illustrations
from alerts.ledger import Accepted, Doubt, Entry, Ledger, Thread
from alerts.params import DeliveryParams
from domain.clock import Clock
from domain.notice import ChannelKind, Deferred, Delivered, Failure, Notice, Outcome, Receipt, Rejected
from domain.state import Plain

log = logging.getLogger(__name__)

AT_ONCE = 8  # attempts in flight on one kind of channel
CAUTIOUS_S = 60.0  # so long after a start, a notice may be one that an earlier process sent: it is looked up first
LONGEST_PAUSE_S = 3600.0  # more than any channel asks for in earnest

__all__ = ["Accepted", "Outbox"]


class Outbox:
    """Takes notices in, and sees each of them to its end."""

    def __init__(
        self,
        channels: Mapping[ChannelKind, Channel],
        params: DeliveryParams,
        clock: Clock,
        on_receipt: Callable[[Receipt], Awaitable[None]],
        on_undeliverable: Callable[[Notice, Receipt], Awaitable[None]] | None = None,
        on_delivered: Callable[[Notice, float], None] | None = None,
    ) -> None:
        """``on_receipt`` stores a receipt durably; until it returns, the notice is pending.

        ``on_undeliverable`` is told before, as durably, of a receipt that says that there is no such address.
        ``on_delivered`` is told of each notice that this outbox has brought to its reader, and how long that took, in
        seconds since it was accepted.
        """
        self._channels = channels
        self._params = params
        self._clock = clock
        self._on_receipt = on_receipt
        self._on_undeliverable = on_undeliverable
        self._on_delivered = on_delivered
        self._ledger = Ledger(params.remember)
        self._made_at = clock.monotonic()
        self._free_at: dict[tuple[ChannelKind, str], float] = {}  # when each recipient may get the next message
        self._held_until: dict[tuple[ChannelKind, str], float] = {}
        self._slots = {kind: asyncio.Semaphore(AT_ONCE) for kind in ChannelKind}
        self._carried: set[str] = set()  # threads that a task is busy with
        self._ready: set[str] = set()  # threads for which one may have to be found
        self._ended: dict[str, Delivered | Rejected] = {}  # what receipts say that the snapshot did not know yet
        self._pictures = Illustrations(channels)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def accept(self, notice: Notice, *, maybe_sent: bool | None = None) -> Accepted:
        """Take a notice in.

        ``maybe_sent``: an earlier process may have sent it, so look first. By default so for a while after a start.
        """
        if maybe_sent is None:
            maybe_sent = self._clock.monotonic() < self._made_at + CAUTIOUS_S
        doubt = Doubt.POSSIBLE if maybe_sent else Doubt.NONE
        accepted = self._ledger.enter(notice, self._clock.now(), doubt)
        if accepted is Accepted.CONFLICT:
            log.error("notice %s came again with other content; the first one counts", notice.id)
        if accepted is Accepted.NEW:
            self._ready.add(notice.thread)
        self._note_change()
        return accepted

    def recall(self, receipts: Iterable[Receipt]) -> None:
        """Learn from an earlier process's receipts: what has come to its end is not tried (again) from now on."""
        self._ended |= {
            receipt.notice: receipt.outcome for receipt in receipts if not isinstance(receipt.outcome, Deferred)
        }

    async def run(self) -> None:
        """Deliver until cancelled. What is in flight then is looked up by whoever continues from the snapshot."""
        self._carried.clear()
        self._ready = self._ledger.threads_waiting()
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    for name in self._ready - self._carried:
                        self._carried.add(name)
                        group.create_task(self._carry(name), name=f"courier-{name}")
                    self._ready.clear()  # whoever carries a thread sees what comes in meanwhile
                    await self._wake.wait()
        finally:
            await self._pictures.stop_all()

    async def idle(self) -> None:
        """Wait until nothing is pending."""
        await self._idle.wait()

    @property
    def pending(self) -> int:
        """Return how many notices wait for their end."""
        return self._ledger.pending

    def snapshot(self) -> Plain:
        """Return what is pending, what is done, and where each thread stands."""
        return self._ledger.snapshot()

    def restore(self, state: Plain) -> None:
        """Continue from a snapshot, before `run`; raises StateError when it is damaged or of an unknown version."""
        self._ledger.restore(state)
        self._note_change()

    def _note_change(self) -> None:
        if self._ledger.pending:
            self._idle.clear()
            self._wake.set()
        else:
            self._idle.set()

    async def _carry(self, name: str) -> None:
        thread = self._ledger.threads[name]
        try:
            while thread.waiting:
                # Chosen anew each time: an earlier one may have come in meanwhile.
                await self._advance(thread, thread.waiting[0])
        finally:
            self._carried.discard(name)

    async def _advance(self, thread: Thread, entry: Entry) -> None:
        """Bring one notice one step further: an attempt and its receipt, then its end or a wait."""
        ended = self._ended.pop(entry.notice.id, None)
        if ended is not None:
            self._ledger.conclude(thread, entry, ended, self._clock.now())
            self._note_change()
            return
        if entry.outcome is None:
            entry.outcome = self._foregone(thread, entry) or await self._attempt(thread, entry)
        outcome, took_s = entry.outcome, self._clock.now() - entry.accepted_at
        await self._store_receipt(entry, outcome)
        if isinstance(outcome, Deferred):
            entry.outcome = None
            left_s = entry.accepted_at + self._params.give_up_after - self._clock.now()
            wait_s = min(self._wait_s(entry, outcome), left_s)
            if wait_s > 0:
                await self._clock.sleep(wait_s)
        else:
            self._ledger.conclude(thread, entry, outcome, self._clock.now())
            if not entry.found:
                self._pictures.follow(entry.notice, outcome)
                if isinstance(outcome, Delivered) and self._on_delivered is not None:
                    self._on_delivered(entry.notice, took_s)
            self._note_change()

    def _foregone(self, thread: Thread, entry: Entry) -> Rejected | None:
        """Return why a notice must not be tried any more, None when it must."""
        if thread.lost:
            # An update or an ending of something that its reader never heard of would only puzzle them.
            return Rejected(Failure.REFUSED, "the warning of this thread never arrived, so nothing can follow it")
        if entry.notice.sequence < thread.sequence:
            return Rejected(Failure.REFUSED, "a later notice of this thread has been sent already")
        waited_s = self._clock.now() - entry.accepted_at
        if entry.attempts > 0 and waited_s >= self._params.give_up_after:
            return Rejected(Failure.EXPIRED, f"given up after {entry.attempts} attempts in {waited_s:.0f} s")
        return None

    async def _attempt(self, thread: Thread, entry: Entry) -> Outcome:
        notice = entry.notice
        channel = self._channels.get(notice.channel)
        if channel is None:
            # An operator's mistake like a revoked token: waited out, not fatal to the notice.
            entry.attempts += 1
            return Deferred(Failure.UNAUTHORISED, f"no {notice.channel} channel is configured")
        await self._pace(notice)
        async with self._slots[notice.channel]:
            try:
                return await self._send(channel, thread, entry)
            except Exception as error:
                # A defect of a channel must not stop the others.
                log.exception("the %s channel failed on notice %s", notice.channel, notice.id)
                return Deferred(Failure.UNAVAILABLE, f"the channel failed ({type(error).__name__})")

    async def _send(self, channel: Channel, thread: Thread, entry: Entry) -> Outcome:
        entry.attempts += 1
        await self._pictures.stop(entry.notice.thread)
        if entry.doubt is not Doubt.NONE:
            found = await channel.find(entry.notice, thread.reference)
            if isinstance(found, Delivered):
                entry.found = True
                return found
            # Only what was surely tried waits for an answer; a mere possibility must not delay a warning.
            if found is not None and entry.doubt is Doubt.TRIED:
                return found
        entry.doubt = Doubt.TRIED
        outcome = await channel.send(entry.notice, thread.reference)
        if isinstance(outcome, Deferred):
            ambiguous = outcome.failure in AMBIGUOUS
            entry.doubt = Doubt.TRIED if ambiguous else Doubt.NONE
            entry.uncertain = entry.uncertain or ambiguous
            if outcome.failure is Failure.RATE_LIMITED:
                self._hold_back(entry.notice, self._wait_s(entry, outcome))
        return outcome

    async def _pace(self, notice: Notice) -> None:
        if notice.channel is not ChannelKind.SLACK or self._params.slack_interval <= 0:
            return
        place = (notice.channel, notice.recipient)
        while True:
            now = self._clock.monotonic()
            slot_at = max(now, self._free_at.get(place, now))
            self._free_at[place] = slot_at + self._params.slack_interval
            if slot_at > now:
                await self._clock.sleep(slot_at - now)
            # The channel may have asked for a pause since the slot was taken.
            if self._held_until.get(place, 0.0) <= self._clock.monotonic():
                return

    def _hold_back(self, notice: Notice, wait_s: float) -> None:
        # The limit is the channel's: its other threads wait as well.
        place, until = (notice.channel, notice.recipient), self._clock.monotonic() + wait_s
        self._held_until[place] = until
        self._free_at[place] = max(self._free_at.get(place, 0.0), until)

    def _wait_s(self, entry: Entry, outcome: Deferred) -> float:
        params = self._params
        if outcome.retry_after_s is not None:
            # Not before, but neither at once nor never.
            return min(max(outcome.retry_after_s, params.backoff_base), LONGEST_PAUSE_S)
        if outcome.failure is Failure.UNAUTHORISED:
            return params.backoff_cap  # somebody has to mend it first
        try:
            wait_s = params.backoff_base * params.backoff_factor ** max(entry.attempts - 1, 0)
        except OverflowError:
            return params.backoff_cap
        return min(wait_s, params.backoff_cap)

    async def _store_receipt(self, entry: Entry, outcome: Outcome) -> None:
        """Hand over the receipt, as often as it takes: a notice is done when its receipt is stored."""
        notice = entry.notice
        receipt = Receipt(
            notice=notice.id,
            thread=notice.thread,
            alert=notice.alert,
            channel=notice.channel,
            outcome=outcome,
            attempt=entry.attempts,
            at=self._clock.now(),
            decided_at=notice.decided_at,
        )
        wait_s = self._params.backoff_base
        while True:
            try:
                if self._on_undeliverable is not None and _no_such_address(notice, outcome):
                    await self._on_undeliverable(notice, receipt)
                await self._on_receipt(receipt)
            except Exception:  # whatever the store raises, the notice stays pending until its receipt is safe
                log.exception("the receipt of notice %s could not be stored; trying again", notice.id)
                await self._clock.sleep(wait_s)
                wait_s = min(wait_s * self._params.backoff_factor, self._params.backoff_cap)
            else:
                return


def _no_such_address(notice: Notice, outcome: Outcome) -> bool:
    # A Slack channel that is gone is its squad's to mend; an address is given up, so that the sender's name stays good.
    gone = isinstance(outcome, Rejected) and outcome.failure is Failure.UNKNOWN_RECIPIENT
    return gone and notice.channel is ChannelKind.EMAIL
