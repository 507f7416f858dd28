"""The same detectors and decisions offline: recorded telemetry in, scores, alerts and a report out.

``run`` does the work and knows no format; ``csv_file``, ``json_lines``, ``parquet`` and ``topic`` are where telemetry
comes from; ``judge`` holds alerts against declared incidents, ``compare`` two runs against each other; ``page`` shows
both.
"""

from streams.backtest.csv_file import parse
from streams.backtest.declared import read_events
from streams.backtest.run import Backtest, Summary, alert_line
from streams.backtest.source import BacktestError, Source

__all__ = ["Backtest", "BacktestError", "Source", "Summary", "alert_line", "parse", "read_events"]
