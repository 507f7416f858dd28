"""Errors that commands tell apart, without loading what raises them."""

from domain.errors import ForeshockError


class BrokerError(ForeshockError):
    """Kafka cannot be reached, or does not do what was asked of it."""
