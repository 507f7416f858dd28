"""What somebody did in Slack, as an answer of theirs. Pure: the same payload gives the same answers with the same ids.

Payloads are hostile: everything in them is checked for its type and length before it is used, and what is not known is
refused with one word for a counter. https://docs.slack.dev/reference/interaction-payloads
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from alerts.channels.slack import modal
from alerts.channels.slack.controls import APPROVE, MOST_LISTED, OFFERED, SILENCE_S, VALUE_LIMIT
from alerts.channels.text import clean
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId, derive

AHEAD_S: Final = 300.0  # a press that is farther ahead of our clock is no press
_ALERT: Final = re.compile(r"alert-[0-9a-f]{1,64}")
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_ID: Final = re.compile(r"[A-Z0-9]{3,30}")
_STAMP: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # JSON can say it, and nothing can be made of it
_UNNAMED: Final = frozenset({"privategroup", "directmessage"})  # what Slack calls a channel whose name it keeps
_NEED_APPROVER: Final = frozenset({FeedbackKind.APPROVE, FeedbackKind.HOLD})
_SAID: Final = {
    FeedbackKind.ACKNOWLEDGE: "that you look after it",
    FeedbackKind.RESOLVE: "that it is over",
    FeedbackKind.SILENCE: "a silence of one hour",
    FeedbackKind.APPROVE: "your approval",
    FeedbackKind.HOLD: "that client notices are held",
    FeedbackKind.USEFUL: "that it was useful",
    FeedbackKind.NOT_USEFUL: "that it was not useful",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may say what from where. Empty means: anybody, anywhere."""

    team: str = ""
    channels: frozenset[str] = frozenset()  # names with "#", and ids
    approvers: frozenset[str] = frozenset()  # ids of users
    clients: frozenset[str] = frozenset()  # those of the configuration


@dataclass(frozen=True, slots=True)
class Said:
    """Answers to be written down. ``noted`` is what the person is told then, at ``response_url`` if there is one."""

    answers: tuple[Feedback, ...]
    noted: str
    response_url: str = field(default="", repr=False)  # the address is the right to speak there
    from_dialogue: bool = False


@dataclass(frozen=True, slots=True)
class Opens:
    """A dialogue is asked for; the ticket is good for three seconds."""

    trigger: str = field(repr=False)
    view: dict[str, Any] = field(repr=False)
    response_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """Somebody who may not; they are told so."""

    reason: str
    told: str
    response_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is to be done."""


Reading: TypeAlias = Said | Opens | Denied | Nothing


class RefusedError(Exception):
    """It is no press of ours. The text is one word for a counter."""


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    name: str

    @property
    def by(self) -> str:
        return f"{self.name} (Slack {self.id})" if self.name else f"Slack {self.id}"


def read(payload: object, rules: Rules, now: float) -> Reading:
    """Return what was meant; raises RefusedError."""
    parts = _mapping(payload)
    if rules.team:
        _check_team(parts, rules.team)
    match parts.get("type"):
        case "block_actions":
            return _pressed(parts, rules, now)
        case "view_submission":
            return _submitted(parts, rules, now)
        case "view_closed":
            return Nothing()
        case _:
            raise RefusedError("unknown_type")


def _pressed(parts: Mapping[str, Any], rules: Rules, now: float) -> Reading:
    actions = parts.get("actions")
    if not isinstance(actions, Sequence) or len(actions) != 1:
        raise RefusedError("malformed")
    action = _mapping(actions[0])
    name = _text(action.get("action_id"), 255)
    if "view" in parts:
        return Nothing()  # a field of the dialogue changed
    person, channel = _person(parts), _mapping(parts.get("channel"))
    _check_channel(channel, rules)
    alert, clients = _value(action.get("value"))
    response_url = _text(parts.get("response_url", ""), 1000)
    kind = FeedbackKind.APPROVE if name == APPROVE else OFFERED.get(name)
    if kind is None:
        raise RefusedError("unknown_action")
    if (denied := _denied(kind, person, rules, response_url)) is not None:
        return denied
    if kind is FeedbackKind.APPROVE:
        return Opens(_trigger(parts), modal.approval(alert, clients), response_url)
    stamp = _text(action.get("action_ts"), 30)
    feedback = Feedback(
        id=derive("feedback", "slack", kind, alert, person.id, stamp),
        kind=kind,
        alert=alert,
        by=person.by,
        at=_moment(stamp, now),
        lasts_s=SILENCE_S if kind is FeedbackKind.SILENCE else None,
    )
    return Said((feedback,), _noted(kind), response_url)


def _submitted(parts: Mapping[str, Any], rules: Rules, now: float) -> Reading:
    view = _mapping(parts.get("view"))
    if view.get("callback_id") != modal.CALLBACK:
        raise RefusedError("unknown_action")
    person = _person(parts)
    if (denied := _denied(FeedbackKind.APPROVE, person, rules, "")) is not None:
        return denied
    alert, offered = _value(view.get("private_metadata"))
    values = _mapping(_mapping(view.get("state")).get("values"))
    chosen = _chosen(values, offered, rules)
    lasts_s = modal.DURATIONS.get(_selected(_element(values, modal.LASTS).get("selected_option")))
    text = _element(values, modal.TEXT).get("value") or ""
    if lasts_s is None or not isinstance(text, str) or len(text) > modal.LONGEST_TEXT:
        raise RefusedError("malformed")
    opened = _text(view.get("id"), 50)  # one dialogue is submitted once
    answers = tuple(
        Feedback(
            id=derive("feedback", "slack", FeedbackKind.APPROVE, alert, client or "", person.id, opened),
            kind=FeedbackKind.APPROVE,
            alert=alert,
            by=person.by,
            at=now,
            client=client,
            lasts_s=lasts_s,
            text=clean(text, modal.LONGEST_TEXT),
        )
        for client in chosen
    )
    return Said(answers, _noted(FeedbackKind.APPROVE), from_dialogue=True)


def _chosen(values: Mapping[str, Any], offered: Sequence[ClientId], rules: Rules) -> tuple[ClientId | None, ...]:
    """Return the clients that are approved, each of whom was offered; None stands for all."""
    if not offered:
        return (None,)
    options = _element(values, modal.WHOM).get("selected_options")
    if not isinstance(options, Sequence) or not 1 <= len(options) <= MOST_LISTED:
        raise RefusedError("malformed")
    wanted = dict.fromkeys(_selected(option) for option in options)
    if not set(wanted) <= set(offered) or (rules.clients and not set(wanted) <= rules.clients):
        raise RefusedError("unknown_client")
    return tuple(ClientId(client) for client in wanted)


def _denied(kind: FeedbackKind, person: _Person, rules: Rules, response_url: str) -> Denied | None:
    if kind not in _NEED_APPROVER or not rules.approvers or person.id in rules.approvers:
        return None
    return Denied(
        "not_allowed", "Nothing was done: only those who may approve client notices can do that.", response_url
    )


def _check_team(parts: Mapping[str, Any], wanted: str) -> None:
    """Refuse another workspace, and whoever belongs to one: a channel can be shared with a company outside."""
    own = _text(_mapping(parts.get("team")).get("id"), 30)
    theirs = _text(_mapping(parts.get("user", {})).get("team_id", wanted), 30)
    if (own, theirs) != (wanted, wanted):
        raise RefusedError("wrong_team")


def _check_channel(channel: Mapping[str, Any], rules: Rules) -> None:
    """Refuse a press in a channel that is no squad's. The name of a private channel is not told: it passes."""
    id_, name = _text(channel.get("id"), 30), _text(channel.get("name", ""), 100)
    if not _ID.fullmatch(id_):
        raise RefusedError("malformed")
    known = rules.channels
    if known and id_ not in known and f"#{name}" not in known and name not in _UNNAMED:
        raise RefusedError("wrong_channel")


def _value(value: object) -> tuple[AlertId, tuple[ClientId, ...]]:
    try:
        parts = json.loads(_text(value, VALUE_LIMIT))
    except (ValueError, RecursionError) as error:
        raise RefusedError("malformed") from error
    if not isinstance(parts, list) or not parts:
        raise RefusedError("malformed")
    alert, *clients = (_text(part, VALUE_LIMIT) for part in parts)
    if not _ALERT.fullmatch(alert) or len(clients) > MOST_LISTED:
        raise RefusedError("malformed")
    return AlertId(alert), tuple(ClientId(client) for client in clients)


def _person(parts: Mapping[str, Any]) -> _Person:
    user = _mapping(parts.get("user"))
    id_ = _text(user.get("id"), 40)
    if not _USER.fullmatch(id_):
        raise RefusedError("malformed")
    name = user.get("name") or user.get("username") or ""
    # What a person calls themselves is shown to others: one line, no tricks of direction, and never the id of another.
    plain = "".join(sign for sign in _text(name, 200) if sign not in "()" and (sign.isprintable() or sign.isspace()))
    return _Person(id_, clean(plain, 60, "…"))


def _trigger(parts: Mapping[str, Any]) -> str:
    trigger = _text(parts.get("trigger_id"), 500)
    if not trigger:
        raise RefusedError("malformed")
    return trigger


def _moment(stamp: str, now: float) -> float:
    """Return when it was pressed, by Slack's clock: a repeat of the payload says the same."""
    if not _STAMP.fullmatch(stamp):
        raise RefusedError("malformed")
    at = float(stamp)
    if not math.isfinite(at) or at > now + AHEAD_S:
        raise RefusedError("malformed")
    return at


def _noted(kind: FeedbackKind) -> str:
    return f"Noted: {_SAID[kind]}. The message shows it in a moment."


def _element(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _mapping(_mapping(values.get(name)).get(name))


def _selected(option: object) -> str:
    return _text(_mapping(option).get("value"), modal.VALUE_LIMIT)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RefusedError("malformed")
    return value


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit or _LONE_SURROGATE.search(value):
        raise RefusedError("malformed")
    return value
