"""The recorder ends when it is asked to: at once before it follows, else after the batch in its hands."""

import signal
from collections.abc import Iterator

import pytest

from streams.commands.record import asked_to_stop
from streams.record.pages import Pulse
from tests.support.clock import ManualClock

NUMBERS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_while_it_still_connects_or_catches_up_it_ends_at_once(number: signal.Signals) -> None:
    asked_to_stop(Pulse(ManualClock()))

    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(number)

    assert ended.value.code == 128 + number


@pytest.mark.parametrize("number", NUMBERS)
def test_while_it_follows_it_is_told_and_ends_at_once_only_when_asked_again(number: signal.Signals) -> None:
    pulse = Pulse(ManualClock())
    asked = asked_to_stop(pulse)
    pulse.beat()

    signal.raise_signal(number)

    assert asked == [number]
    with pytest.raises(SystemExit):
        signal.raise_signal(number)
