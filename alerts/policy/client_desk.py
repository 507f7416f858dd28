"""What one client may be told at one moment of an episode: their facts, and the decisions about them."""

from dataclasses import replace
from functools import cached_property

from alerts.policy.facts import client_facts
from alerts.policy.gate import Moment, gate, pause
from alerts.policy.scene import Reach, Scene
from domain.journeys import Client, Impact
from domain.notice import ClientFacts, Decision, Hold, Notify, Suppress


class ClientDesk:
    """The place at which one client is served, whatever number of contacts they have."""

    def __init__(self, scene: Scene, client: Client, impact: Impact) -> None:
        self._scene = scene
        self._client = client
        self._impact = impact
        self.reach: Reach = scene.reach(client)
        self.words = self._said() if scene.root.words else ""

    @property
    def journeys(self) -> tuple[str, ...]:
        """The titles of their journeys that are affected now."""
        return self._scene.journeys(self._client)[0]

    @property
    def expected_at(self) -> float | None:
        """When the impact is expected, while that is ahead."""
        return self._moment.expected_at

    def facts(self, before: ClientFacts | None) -> ClientFacts:
        """Return what they may read, given what they were told before."""
        named = self._scene.journeys(self._client) if before is None or self._is_sure else ((), ())
        return client_facts(self._client, self.reach, named, before, self.words)

    def grows(self, before: ClientFacts) -> bool:
        """Whether more of their journeys are affected than they know of, by what they may be told."""
        return self._is_sure and not set(self.journeys) <= set(before.journeys)

    def may_warn(self, address: str, facts: ClientFacts) -> tuple[Decision, str | None]:
        """Decide about a warning to one contact; the second is the alert or incident that it waits for."""
        client = self._client
        refused = self._scene.refusal(address, client.id, optional=client.optional_notices)
        if refused is not None:
            return refused, None
        decision = self._gate
        word = self._moment.word
        if isinstance(decision, Suppress) or word is not None:
            return decision, None  # what a person says of this alert is meant for this alert
        cause = self._scene.cause_for_client(client.id, address, facts)
        return (decision, None) if cause is None else (cause.hold, cause.id)

    def may_update(self, address: str, why: str) -> Decision | None:
        """Decide about an update; None where no more than the ending is due, which needs no record."""
        client, word = self._client, self._moment.word
        if client.policy.approval == "never":
            return None  # withdrawn since the warning
        if word is None and client.policy.approval != "automatic":
            return None  # asks for a word each time, and there is none now
        refused = self._scene.refusal(address, client.id, optional=client.optional_notices)
        if refused is not None:
            return refused
        if word is not None and not word.allows:
            return Hold(f"held by {word.by}", word.until)
        mute = self._scene.mute
        if mute is not None and not self._scene.is_loud(client):
            return Suppress(mute.reason)
        return pause(client.policy, self._moment) or Notify(why)

    def may_wait(self, within_s: float) -> bool:
        """Whether a letter that may go now may go later: nobody has spoken for it, and no quiet hours are so near."""
        later = replace(self._moment, at=self._moment.at + within_s)
        return self._moment.word is None and pause(self._client.policy, later) is None

    @property
    def added(self) -> str:
        """Why they hear again when a person has added words."""
        word = self._moment.word
        return "words were added" if word is None else f"{word.by} has added words"

    @property
    def _is_sure(self) -> bool:
        """Whether what reaches them is as sure as they ask, or a person has said that they may be told of it."""
        word = self._moment.word
        return self.reach.is_sure(self._client.policy.min_confidence) or (word is not None and word.allows)

    def _said(self) -> str:
        word = self._moment.word
        return word.text if word is not None and word.allows else ""

    @cached_property
    def _moment(self) -> Moment:
        return self._scene.moment(self._client, self.reach)

    @cached_property
    def _gate(self) -> Decision:
        mute = self._scene.mute
        if mute is not None and not self._scene.is_loud(self._client):
            return Suppress(mute.reason)
        if not self.journeys:  # so that no approval of what others are told sends a letter about nothing
            return Suppress("nothing but the telemetry of what they use is in doubt")
        policy = self._client.policy
        least = policy.min_confidence
        return gate(policy, self.reach.speaker(least).kind, self.reach.confidence(least), self._impact, self._moment)
