"""The same detectors and decisions offline: recorded telemetry in, scores, alerts and a report out.

``run`` does the work and knows no format; ``csv_file``, ``parquet``, ``prometheus``, ``json_lines`` and ``topic`` are
where telemetry comes from (``open`` chooses, ``table`` and ``cells`` know what columns and cells mean); ``notes`` says
what to know before one believes the figures; ``judge`` holds alerts against declared incidents, ``compare`` two runs
against each other; ``page`` shows both.
"""

from streams.backtest.csv_file import parse
from streams.backtest.declared import read_events
from streams.backtest.run import Backtest, Summary, alert_line
from streams.backtest.source import BacktestError, Source

__all__ = ["Backtest", "BacktestError", "Source", "Summary", "alert_line", "parse", "read_events"]
