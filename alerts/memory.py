"""Everything that deciding remembers, as one value that can be saved and taken over."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from alerts.policy.addresses import Barred
from alerts.policy.episode import Coming, Episode
from alerts.policy.history import Past
from alerts.policy.mutes import Mute
from domain.errors import StateError
from domain.identity import AlertId, AnomalyId, ClientId, ServiceId
from domain.state import Plain

VERSION: Final = 5
READABLE: Final = frozenset({2, 3, 4, 5})  # what earlier snapshots lack has a default

_Name = TypeVar("_Name", bound=str)
_Mark = TypeVar("_Mark")


@dataclass(frozen=True, slots=True)
class Incident:
    """The last that was heard of a declared incident."""

    at: float
    order: int
    services: tuple[ServiceId, ...]
    open: bool
    began_at: float | None = None  # None in snapshots of releases that did not keep it


@dataclass(slots=True)
class Memory:
    """The open alerts of one installation, and what is kept to recognise repeats and to keep count."""

    version: int = VERSION
    episodes: dict[ServiceId, Episode] = field(default_factory=dict)
    seen: dict[AnomalyId, tuple[float, int]] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    partitions: dict[int, float] = field(default_factory=dict)
    forgot_at: float | None = None
    heard: dict[str, float] = field(default_factory=dict)  # feedback and maintenance: id -> event time
    mutes: dict[str, Mute] = field(default_factory=dict)
    told: dict[ClientId, tuple[int, int]] = field(default_factory=dict)  # client -> (their day, notices on it)
    comings: dict[ServiceId, tuple[Coming, ...]] = field(default_factory=dict)  # of alerts that have ended
    dismissed: dict[AnomalyId, bool] = field(default_factory=dict)  # ended by a person -> whether it was a breach
    bars: dict[str, Barred] = field(default_factory=dict)  # addresses that get no mail
    past: dict[ServiceId, tuple[Past, ...]] = field(default_factory=dict)  # alerts that have ended, the last one last

    def by_service(self) -> tuple[Episode, ...]:
        """Return the open alerts, by service."""
        return tuple(self.episodes[service] for service in sorted(self.episodes))

    def find(self, alert: AlertId) -> Episode | None:
        """Return the open alert of that id."""
        return next((episode for episode in self.episodes.values() if episode.alert == alert), None)

    def find_past(self, alert: AlertId) -> tuple[ServiceId, Past] | None:
        """Return an alert that has ended, with its service, if it is remembered."""
        known = ((service, past) for service, all_past in self.past.items() for past in all_past)
        return next((each for each in known if each[1].alert == alert), None)

    def forget(self, now: float, remember_s: float) -> None:
        """Drop what is older than that and belongs to nothing that is open."""
        self.forgot_at = now
        oldest = now - remember_s
        alive = {anomaly.id for episode in self.episodes.values() for anomaly in episode.open_anomalies}
        self.seen = {name: mark for name, mark in self.seen.items() if mark[0] >= oldest or name in alive}
        self.incidents = {name: incident for name, incident in self.incidents.items() if incident.at >= oldest}
        self.heard = {name: at for name, at in self.heard.items() if at >= oldest}
        self.mutes = {name: mute for name, mute in self.mutes.items() if mute.until > now}
        self.dismissed = {name: breach for name, breach in self.dismissed.items() if name in self.seen}

    def snapshot(self) -> Plain:
        """Return everything as plain data."""
        ordered = {episode.service: episode for episode in self.by_service()}
        plain: dict[str, Any] = _MEMORY.dump_python(replace(self, episodes=ordered), mode="json")
        return plain


_MEMORY: TypeAdapter[Memory] = TypeAdapter(Memory)


def restored(state: Plain) -> Memory:
    """Return what a snapshot holds, also one that was made under another configuration.

    Raises StateError when it is damaged or of another version.
    """
    version = state.get("version") if isinstance(state, Mapping) else None
    if version not in READABLE or isinstance(version, bool) or not isinstance(state, Mapping):
        *others, last = map(str, sorted(READABLE))
        readable = f"{', '.join(others)} and {last}"
        raise StateError(f"saved alerts have version {version!r}; this release reads versions {readable}")
    try:
        return _MEMORY.validate_python({**state, "version": VERSION})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StateError(f"saved alerts are damaged at {place}: {first['msg']}") from None


def remember(memory: dict[_Name, _Mark], name: _Name, mark: _Mark, most: int) -> None:
    """Put ``name`` last, and let the first go when there are too many."""
    memory.pop(name, None)
    memory[name] = mark
    if len(memory) > most:
        del memory[next(iter(memory))]
