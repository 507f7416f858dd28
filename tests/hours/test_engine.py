"""Virtual time: what happens when, and to whom."""

from collections.abc import Generator
from typing import Any

from tests.hours.engine import Engine, Parked, Steps


def test_things_happen_in_order_of_time_and_at_one_moment_in_the_order_asked_for() -> None:
    engine, seen = Engine(), list[tuple[str, float]]()

    def process(name: str, *delays: float) -> Steps:
        for delay in delays:
            seen.append((name, engine.now))
            yield delay

    engine.spawn(process("late", 1.0), 2.0)
    engine.spawn(process("first", 2.0, 1.0))
    engine.spawn(process("second", 2.0, 1.0))
    engine.run(10.0)

    assert seen == [("first", 0.0), ("second", 0.0), ("late", 2.0), ("first", 2.0), ("second", 2.0)]


def test_nothing_happens_after_the_time_that_was_asked_for() -> None:
    engine = Engine()

    def process() -> Steps:
        while True:
            yield 1.0

    engine.spawn(process())
    engine.run(3.5)

    assert engine.now == 3.0


def test_who_waits_goes_on_when_woken_or_after_the_time_out_but_never_twice() -> None:
    engine, woken, parked = Engine(), list[tuple[float, str]](), list[Parked]()

    def waiting() -> Generator[float | None, Any, None]:
        for _ in range(2):
            parked.append(engine.park(5.0, late="too late"))
            answer = yield None
            woken.append((engine.now, answer))

    engine.spawn(waiting())
    engine.run(0.0)
    parked[0].gone = True
    engine.wake(parked[0].steps, 2.0, "here")
    engine.run(20.0)

    assert woken == [(2.0, "here"), (7.0, "too late")]
