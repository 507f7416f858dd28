"""Logging of the worker: text for people or one JSON object a line, on standard error."""

import json
import logging
import logging.config
from typing import Literal


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback becomes a field."""
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up(level: str, form: Literal["text", "json"]) -> None:
    """Send Foreshock's lines at ``level``, and the libraries' from warnings on, to standard error."""
    text = {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"text": text, "json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {name: {"level": level.upper()} for name in ("streams", "alerts", "config")},
        }
    )
    quiet()


def quiet() -> None:
    """Silence kafka-python: what it cannot do it also raises, and then it is said once, in our words."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
