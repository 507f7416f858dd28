"""The table of channels: a channel that is not here does not exist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from alerts.channels.base import Channel
from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.links import Links
from alerts.channels.email.params import EmailParams
from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams
from domain.notice import ChannelKind


@dataclass(frozen=True, slots=True)
class Entry:
    """What a kind of channel is configured with, and what makes one."""

    params: type[BaseModel]
    factory: Callable[[Any], Channel]


CHANNELS: Mapping[ChannelKind, Entry] = MappingProxyType(
    {
        ChannelKind.SLACK: Entry(SlackParams, SlackChannel),
        ChannelKind.EMAIL: Entry(EmailParams, EmailChannel),
    }
)


def make_channels(
    slack: SlackParams | None, email: EmailParams | None, links: Links | None = None
) -> dict[ChannelKind, Channel]:
    """Return the channels that are configured. They connect on first use, in the event loop that uses them.

    ``links`` are what readers of e-mail may follow.
    """
    made: dict[ChannelKind, Channel] = {}
    if slack is not None:
        made[ChannelKind.SLACK] = SlackChannel(slack)
    if email is not None:
        made[ChannelKind.EMAIL] = EmailChannel(email, links)
    return made
