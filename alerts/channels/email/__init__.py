"""Notices to clients by e-mail: text and HTML from one source, one thread per episode."""

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams, Security

__all__ = ["EmailChannel", "EmailParams", "Security"]
