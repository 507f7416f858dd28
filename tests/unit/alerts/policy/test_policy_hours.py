from datetime import UTC, datetime

import pytest

from alerts.policy.hours import clock_time, day, next_day_at, quiet_until

NIGHT = (22 * 60, 6 * 60)
NOON = (12 * 60, 13 * 60)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "timezone", "hours", "until"),
    [
        ("2026-01-10T21:59:59", "UTC", NIGHT, None),
        ("2026-01-10T22:00:00", "UTC", NIGHT, "2026-01-11T06:00:00"),
        ("2026-01-11T00:00:00", "UTC", NIGHT, "2026-01-11T06:00:00"),
        ("2026-01-11T05:59:59", "UTC", NIGHT, "2026-01-11T06:00:00"),
        ("2026-01-11T06:00:00", "UTC", NIGHT, None),
        ("2026-01-11T12:30:00", "UTC", NOON, "2026-01-11T13:00:00"),
        ("2026-01-11T13:00:00", "UTC", NOON, None),
        ("2026-07-10T21:00:00", "Europe/Berlin", NIGHT, "2026-07-11T04:00:00"),
        ("2026-01-10T13:30:00", "Asia/Tokyo", NIGHT, "2026-01-10T21:00:00"),
        # The night on which the clocks go forward, and the one on which they go back.
        ("2026-03-28T22:00:00", "Europe/Berlin", NIGHT, "2026-03-29T04:00:00"),
        ("2026-10-24T21:00:00", "Europe/Berlin", NIGHT, "2026-10-25T05:00:00"),
    ],
)
def test_quiet_hours_are_those_of_the_clients_own_clock(
    at: str, timezone: str, hours: tuple[int, int], until: str | None
) -> None:
    assert quiet_until(utc(at), timezone, hours) == (None if until is None else utc(until))


def test_without_quiet_hours_it_is_never_quiet() -> None:
    assert quiet_until(utc("2026-01-11T03:00:00"), "UTC", None) is None


def test_a_day_is_the_clients_and_ends_at_their_midnight() -> None:
    evening = utc("2026-01-10T16:00:00")

    assert day(evening, "Asia/Tokyo") == day(evening, "UTC") + 1
    assert next_day_at(evening, "Asia/Tokyo") == utc("2026-01-11T15:00:00")
    assert clock_time(evening, "Asia/Tokyo") == "01:00 Asia/Tokyo"


def test_an_hour_that_happens_twice_does_not_make_the_wait_end_in_the_past() -> None:
    second_half_past_two = utc("2026-10-25T01:30:00")  # 02:30 in Berlin for the second time

    until = quiet_until(second_half_past_two, "Europe/Berlin", (2 * 60, 2 * 60 + 45))

    assert until is not None
    assert until > second_half_past_two
