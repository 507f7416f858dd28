"""The table of channels: a channel that is not here does not exist."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from alerts.channels.base import Channel
from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.links import Links
from alerts.channels.slack.channel import SlackChannel
from domain.notice import ChannelKind

# Each is made of its parameters and of what makes the links that its readers may follow.
CHANNELS: Mapping[ChannelKind, Callable[[Any, Links | None], Channel]] = MappingProxyType(
    {ChannelKind.SLACK: SlackChannel, ChannelKind.EMAIL: EmailChannel}
)


def make_channels(
    configured: Mapping[ChannelKind, BaseModel], links: Links | None = None
) -> dict[ChannelKind, Channel]:
    """Return the channels that are configured. They connect on first use, in the event loop that uses them.

    ``links`` are what readers may follow to answer.
    """
    return {kind: CHANNELS[kind](params, links) for kind, params in configured.items()}
