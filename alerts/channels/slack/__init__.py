"""Notices to squads on Slack: one message per episode, edited in place, with what changed in its thread."""

from alerts.channels.slack.channel import SlackChannel
from alerts.channels.slack.params import SlackParams

__all__ = ["SlackChannel", "SlackParams"]
