"""A connection to Slack's Web API as the configuration says, and nothing else: no proxy out of the environment."""

import logging

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels.slack.params import SlackParams


def connect(params: SlackParams, name: str) -> tuple[aiohttp.ClientSession, AsyncWebClient]:
    """Return a session of the running event loop, and the client on it; ``name`` is that of the log."""
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=params.timeout))
    sdk_log = logging.getLogger(f"{name}.sdk")
    sdk_log.setLevel(logging.INFO)  # at DEBUG the SDK writes whole messages
    client = AsyncWebClient(
        token=params.token.get_secret_value(),
        base_url=params.base_url,
        session=session,
        logger=sdk_log,
        retry_handlers=[],  # the outbox retries, and remembers
    )
    # The SDK reads a proxy from the environment; the configuration is the only place for it.
    client.proxy = None if params.proxy is None else params.proxy.get_secret_value()
    return session, client
