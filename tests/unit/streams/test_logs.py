import json
import logging

from streams.logs import JsonFormatter


def a_line(message: str, error: bool = False) -> logging.LogRecord:
    info = (ValueError, ValueError("broken"), None) if error else None
    return logging.LogRecord("streams.worker", logging.WARNING, "file.py", 1, message, (), info)


def test_a_line_is_one_json_object_whatever_is_in_it() -> None:
    text = JsonFormatter().format(a_line('two\nlines and a "quote"'))
    assert "\n" not in text
    line = json.loads(text)
    assert (line["level"], line["logger"], line["message"]) == (
        "warning",
        "streams.worker",
        'two\nlines and a "quote"',
    )


def test_a_traceback_is_a_field() -> None:
    line = json.loads(JsonFormatter().format(a_line("failed", error=True)))
    assert line["exception"].endswith("ValueError: broken")
