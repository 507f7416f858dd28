"""A replay's own time stands still for a pipeline that is behind and for people, and not for ever."""

import pytest

from streams.demo.pace import AHEAD_S, LEAP_S, LOOK_S, STUCK_S, Pace
from tests.support.clock import SteppingClock


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


async def test_it_passes_with_the_clock_where_everything_is_handled(clock: SteppingClock) -> None:
    pace = Pace(clock)
    for number in range(1, 100):
        pace.sent(number)
        pace.handled(number)
        await pace.sleep(0.5)
    assert pace.monotonic() == pytest.approx(49.5)
    assert pace.now() == clock.now() == pytest.approx(5049.5)


async def test_it_stands_still_until_what_is_too_old_has_been_handled(clock: SteppingClock) -> None:
    pace = Pace(clock)
    pace.sent(10)
    await pace.sleep(0.5)
    pace.sent(20)
    clock.meanwhile = lambda: pace.handled(10) if clock.at > 5_010 else None
    for _ in range(4):
        await pace.sleep(0.5)
    assert clock.at == pytest.approx(5_010, abs=0.2)
    assert pace.monotonic() == pytest.approx(AHEAD_S + 0.5)


async def test_it_is_not_held_by_what_was_sent_just_now(clock: SteppingClock) -> None:
    pace = Pace(clock)
    for number in range(1, 100):
        pace.sent(number)
        pace.handled(number - 2)
        await pace.sleep(AHEAD_S / 3)
    assert pace.monotonic() == pytest.approx(clock.at - 5_000)


async def test_it_waits_for_people(clock: SteppingClock) -> None:
    pace = Pace(clock, busy=lambda: clock.at < 5_007)
    await pace.sleep(0.1)
    assert clock.at == pytest.approx(5_007, abs=2 * LOOK_S)
    assert pace.monotonic() == pytest.approx(0.1)


async def test_it_does_not_wait_for_ever_where_nothing_is_handled_and_waits_again_where_something_is(
    clock: SteppingClock,
) -> None:
    pace = Pace(clock)
    pace.sent(1)
    pace.sent(2)
    for _ in range(6):
        await pace.sleep(1.0)
    assert clock.at == pytest.approx(5_000 + STUCK_S + 6 - AHEAD_S - 1, abs=1.0)
    assert pace.monotonic() == pytest.approx(6.0, abs=0.2)
    pace.handled(1)
    clock.meanwhile = lambda: pace.handled(2) if clock.at > 5_070 else None
    await pace.sleep(1.0)
    assert clock.at == pytest.approx(5_070, abs=2 * LOOK_S)


async def test_after_a_standstill_of_the_machine_the_recording_goes_on_where_it_was(clock: SteppingClock) -> None:
    pace = Pace(clock)
    clock.at += 3_600
    assert pace.monotonic() == LEAP_S
    await pace.sleep(0.5)
    assert pace.monotonic() == LEAP_S + 0.5
