"""The kinds of value that the configuration is made of, each with a message that says what to write instead."""

import re
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from domain.durations import parse_duration

MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,99}[._-]")
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_CHANNEL_NAME = re.compile(r"#[\w-]{1,80}")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{8,}")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


class Section(BaseModel):
    """A part of the configuration: frozen, without unknown keys, silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _name(text: str) -> str:
    if not text or text != text.strip() or not text.isprintable() or len(text) > MAX_NAME:
        raise ValueError(f"not a name; write 1 to {MAX_NAME} printable characters without blanks around them")
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text) or text in {".", ".."}:
        raise ValueError(f"{text!r} is not a Kafka topic; use letters, digits, dots, dashes and underscores")
    return text


def _topic_prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError(f'{text!r} is not a topic prefix; write a name that ends in a dot, such as "foreshock."')
    return text


def _broker(text: str) -> str:
    match = _BROKER.fullmatch(text)
    if match is None or not 0 < int(match[1]) < 65536:
        raise ValueError(f'{text!r} is not a broker; write host:port, such as "localhost:9092"')
    return text


def _split_brokers(value: object) -> object:
    """Accept "a:9092,b:9092" too: one environment variable often holds the whole list."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _slack_channel(text: str) -> str:
    named = _CHANNEL_NAME.fullmatch(text) and text == text.lower()
    if not named and not _CHANNEL_ID.fullmatch(text):
        raise ValueError(f'{text!r} is not a Slack channel; write "#name" in lower case, or an id such as C0123456789')
    return text


def _slack_channel_or_none(text: str) -> str:
    return _slack_channel(text) if text else text


def _email(text: str) -> str:
    if not text.isprintable():
        raise ValueError(
            "the address holds control characters, which could forge mail headers; write name@host.example"
        )
    local = text.rpartition("@")[0]
    if len(text) > MAX_EMAIL or len(local) > 64 or not _EMAIL.fullmatch(text):
        raise ValueError(f"{text!r} is not an e-mail address; write name@host.example")
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'{text!r} is not a time zone; write an IANA name such as "Europe/Berlin" or "UTC"') from None
    return text


Duration = Annotated[float, BeforeValidator(parse_duration)]
Name = Annotated[str, AfterValidator(_name)]
TopicName = Annotated[str, AfterValidator(_topic)]
TopicPrefix = Annotated[str, AfterValidator(_topic_prefix)]
Broker = Annotated[str, AfterValidator(_broker)]
Brokers = Annotated[tuple[Broker, ...], BeforeValidator(_split_brokers)]
SlackChannel = Annotated[str, AfterValidator(_slack_channel)]
SlackChannelOrNone = Annotated[str, AfterValidator(_slack_channel_or_none)]  # empty: none
EmailAddress = Annotated[str, AfterValidator(_email)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
