"""A client's own day: its quiet hours and its midnight, in its time zone, with daylight saving."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_AGAIN_S = 60.0  # until another look, where a clock that is turned back makes the end seem past


def quiet_until(at: float, timezone: str, hours: tuple[int, int] | None) -> float | None:
    """Return when the quiet hours end that ``at`` lies in; None outside them. The end itself is not quiet."""
    if hours is None:
        return None
    start, end = hours
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    minute = local.hour * 60 + local.minute
    quiet = start <= minute < end if start < end else minute >= start or minute < end
    return _next(local, end, at) if quiet else None


def day(at: float, timezone: str) -> int:
    """Return the number of the client's day."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone)).toordinal()


def next_day_at(at: float, timezone: str) -> float:
    """Return when the client's next day begins."""
    return _next(datetime.fromtimestamp(at, ZoneInfo(timezone)), 0, at)


def clock_time(at: float, timezone: str) -> str:
    """Return the time of the client's day as a person writes it, such as ``06:00 Europe/Berlin``."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(timezone)):%H:%M} {timezone}"


def _next(local: datetime, minute: int, at: float) -> float:
    then = local.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0, fold=0)
    if then.replace(tzinfo=None) <= local.replace(tzinfo=None):
        then += timedelta(days=1)
    return then.timestamp() if then.timestamp() > at else at + _AGAIN_S
