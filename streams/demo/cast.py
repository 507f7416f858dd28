"""The people of the demo's story: each waits for a button in Slack and presses it once, as anybody could."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import aiohttp

from alerts.channels.slack.controls import APPROVE, PREFIX
from alerts.channels.slack.modal import TEXT
from domain.clock import Clock
from domain.feedback import FeedbackKind
from streams.demo.slack_messages import Posted
from streams.demo.slack_people import Person, has_button
from streams.demo.slack_server import SlackServer

LOOK_S: Final = 0.2
PATIENCE_S: Final = 20.0  # what a press leads to may take so long
TAKEN: Final = 200
NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """What one person does. ``shows`` is what every reader of the message is told of it then."""

    person: Person
    action: str
    shows: str
    takes_s: float  # of the recording's time, from when the button is there
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)  # of the dialogue, if one opens

    @property
    def told(self) -> str:
        """Return the words by which the message shows that it was done."""
        return f"{self.shows} {self.person.name} (Slack {self.person.id})"


PARTS: Final = (
    Part(Person("U0ANNA", "anna"), PREFIX + FeedbackKind.ACKNOWLEDGE, "acknowledged by", 10.0),
    Part(
        Person("U0BEN", "ben"),
        APPROVE,
        "client notices approved by",
        30.0,
        MappingProxyType({TEXT: "Balances are correct; they may only take longer to appear."}),
    ),
)


class Cast:
    """``pressed`` are the parts that were played: what was pressed was taken."""

    def __init__(
        self,
        slack: SlackServer,
        event_time: Callable[[], float],
        clock: Clock,
        parts: Sequence[Part] = PARTS,
    ) -> None:
        self.pressed: list[Part] = []
        self._slack = slack
        self._event_time = event_time
        self._clock = clock
        self._seen: dict[str, float] = {}  # since when, in event time, a button has been there
        self._waiting = list(parts)
        self._went: list[Part] = []  # whoever has gone to their button
        self._went_at = 0.0  # when the last of them did
        self._unseen: list[Part] = []  # what they pressed is shown by no message yet

    def busy(self) -> bool:
        """Whether somebody has gone to their button, and no message shows yet what they pressed."""
        if not self._unseen or self._clock.monotonic() - self._went_at > PATIENCE_S:
            return False
        shown = self._slack.everything_said()
        self._unseen = [part for part in self._unseen if part.told not in shown]
        return bool(self._unseen)

    async def play(self) -> None:
        """Return when everybody has pressed their button."""
        while self._waiting:
            for part in tuple(self._waiting):
                if self._may(part):
                    await self._go(part)
            await self._clock.sleep(LOOK_S)

    def _may(self, part: Part) -> bool:
        """Whether the button is there for as long as this person takes."""
        now = self._event_time()
        if not any(has_button(message, part.action) for message in self._slack.messages):
            return False
        return now - self._seen.setdefault(part.action, now) >= part.takes_s

    async def _go(self, part: Part) -> None:
        if part not in self._went:
            self._went.append(part)
            self._unseen.append(part)
            self._went_at = self._clock.monotonic()
        if await self._try(part):
            self._waiting.remove(part)
            self.pressed.append(part)

    async def _try(self, part: Part) -> bool:
        """Press the button if a message has it; whoever is not heard presses again at the next look."""
        for message in tuple(self._slack.messages):
            try:
                return await self._press(part, message)
            except LookupError:
                continue  # no such button here
            except (aiohttp.ClientError, TimeoutError):
                return False
        return False

    async def _press(self, part: Part, message: Posted) -> bool:
        people = self._slack.people
        taken = await people.press(message, part.action, part.person) == TAKEN
        opened = [each for each in people.dialogues if each.open and each.person == part.person]
        for dialogue in opened:
            await people.submit(dialogue, **part.fields)
        filled_in = bool(opened) or not part.fields  # Slack opens no dialogue for an app that was slow
        return taken and filled_in and not any(dialogue.open for dialogue in opened)
