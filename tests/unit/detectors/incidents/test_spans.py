import pytest

from detectors.incidents.spans import MOST, Spans
from domain.telemetry import EventStatus
from tests.support.builders import T0, an_incident


def opened(at: float, name: str = "INC-1") -> Spans:
    spans = Spans()
    spans.declare(an_incident(name, at=at), 100)
    return spans


#   T0+10          T0+50                 T0+110
#   opened ------- closed ............... time-out, had nobody closed it
def test_a_span_covers_from_its_opening_to_its_closing() -> None:
    spans = opened(T0 + 10)
    spans.declare(an_incident(at=T0 + 50, status=EventStatus.CLOSED), 100)
    assert [spans.cover(T0 + s) for s in (9.9, 10, 49.9, 50, 90)] == [False, True, True, False, False]


def test_a_span_that_nobody_closes_ends_with_the_time_out() -> None:
    assert [opened(T0).cover(T0 + s) for s in (0, 99.9, 100)] == [True, True, False]


def test_an_update_prolongs_it_and_keeps_its_beginning() -> None:
    spans = opened(T0)
    spans.declare(an_incident(at=T0 + 90, status=EventStatus.UPDATED), 100)
    assert [spans.cover(T0 + s) for s in (0, 150, 190)] == [True, True, False]


def test_events_that_are_read_before_the_telemetry_of_their_time_freeze_only_their_span() -> None:
    spans = opened(T0 + 1000)
    spans.declare(an_incident(at=T0 + 1060, status=EventStatus.CLOSED), 100)
    assert not spans.cover(T0)
    assert spans.cover(T0 + 1030)


def test_spans_overlap_without_ending_each_other() -> None:
    spans = opened(T0, "INC-1")
    spans.declare(an_incident("INC-2", at=T0 + 10), 100)
    spans.declare(an_incident("INC-1", at=T0 + 20, status=EventStatus.CLOSED), 100)
    assert [spans.cover(T0 + s) for s in (5, 30, 115)] == [True, True, False]


def test_a_closing_without_an_opening_is_nothing() -> None:
    spans = Spans()
    spans.declare(an_incident(at=T0, status=EventStatus.CLOSED), 100)
    assert not spans.cover(T0)


def test_the_number_of_spans_is_bounded() -> None:
    spans = Spans()
    for number in range(MOST + 50):
        spans.declare(an_incident(f"INC-{number}", at=T0 + number), 1)
    assert len(spans.snapshot()) == MOST
    assert not spans.cover(T0)


@pytest.mark.parametrize("at", [T0 - 1, T0, T0 + 99, T0 + 100])
def test_a_restored_span_covers_the_same(at: float) -> None:
    again = Spans.of(opened(T0).snapshot())
    assert again is not None
    assert again.cover(at) == opened(T0).cover(at)
