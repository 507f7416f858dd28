"""The errors of Foreshock: each sentence says when it is raised. Expected outcomes are values, not errors."""


class ForeshockError(Exception):
    """Any error that Foreshock raises on purpose."""


class ConfigError(ForeshockError):
    """The configuration cannot be used; the message names file, line and remedy."""


class DecodeError(ForeshockError):
    """Bytes are not a valid message of their format; the message says why and never repeats the payload."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep a ``reason`` from a small closed set (a metric label) and a ``detail`` for a person."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class StateError(ForeshockError):
    """Saved state is damaged or of a version that this release cannot read."""
