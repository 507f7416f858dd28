"""The picture of an episode: what is on it, in words and in pixels, whatever the facts are."""

import io
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from alerts.channels.slack.chart import ALT_LIMIT, RANGES, Chart, chart_of, describe
from alerts.channels.slack.picture import HEIGHT, WIDTH, draw
from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.arrival.integrity import NAME as INTEGRITY
from detectors.arrival.silence import NAME as SILENCE
from detectors.registry import DETECTORS
from detectors.values.objective import NAME as OBJECTIVE
from domain.alert import Severity
from domain.anomaly import Evidence, Forecast, Trace
from domain.identity import SeriesKey
from tests.support.notices import LEDGER, SQUAD_FACTS, T0, evidence, forecast
from tests.support.pictures import FORECAST_FACTS, drawn, rising, wave

ORANGE, RED, GREEN, BAND = (204, 90, 10), (190, 38, 38), (40, 130, 76), (208, 231, 215)


def chart(facts: object = FORECAST_FACTS, *, over: bool = False) -> Chart:
    found = chart_of(facts, over=over)  # type: ignore[arg-type]
    assert found is not None
    return found


def pixels(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.size == (WIDTH, HEIGHT)
    return image.convert("RGB")


def amount(png: bytes, colour: tuple[int, int, int], tolerance: int = 12) -> int:
    """Count the pixels of about that colour."""
    every = pixels(png).getcolors(WIDTH * HEIGHT) or []
    near = [n for n, seen in every if all(abs(a - b) <= tolerance for a, b in zip(seen, colour, strict=True))]  # type: ignore[arg-type]
    return sum(near)


def test_the_same_facts_give_the_same_bytes_and_few_of_them() -> None:
    first, second = draw(chart()), draw(chart())
    assert first == second
    assert len(first) < 20_000


def test_a_forecast_is_drawn_with_its_limit_and_the_expected_range() -> None:
    png = draw(chart())
    assert amount(png, ORANGE) > 300
    assert amount(png, RED) > 500
    assert amount(png, BAND) > 2000


def test_what_is_over_is_calm_and_forecasts_nothing() -> None:
    over = chart(over=True)
    assert over.fan is None
    assert amount(draw(over), GREEN) > 300
    assert amount(draw(over), ORANGE) == 0


def test_it_is_described_for_who_does_not_see_it() -> None:
    assert describe(chart()) == (
        "Chart of db_connections of ledger-db from 13:47 to 14:02 UTC: between 24 and 75.2, last 74.4; "
        "expected 20 to 45; limit 100; expected to reach it at 14:11, between 14:08 and 14:16 UTC."
    )


def test_a_breach_shows_the_limit_of_its_objective_and_no_expected_range() -> None:
    breach = evidence(detector=OBJECTIVE, low=0.0, high=70.0)
    breach = replace(breach, expected=70.0)
    breached = chart(drawn(rising(), breach, severity=Severity.CRITICAL))
    assert (breached.limit, breached.above, breached.band) == (70.0, True, None)


def test_a_silence_shows_until_when_samples_came() -> None:
    gone = evidence(detector=SILENCE, actual=None, low=0.0, high=75.0)
    early = [(at - 300, value) for at, value in wave()]
    silent = chart(drawn(early, gone))
    assert silent.silent
    assert silent.now == T0
    assert silent.band is None
    assert "no samples since 13:57." in describe(silent)
    assert not chart(drawn([(at - 20, value) for at, value in wave()], gone)).silent


def test_only_evidence_about_the_series_itself_gives_the_range() -> None:
    assert chart(drawn(wave(), evidence("latency_p95_ms"))).band is None
    assert chart(drawn(wave(), evidence())).band == (20.0, 45.0)


def test_a_single_number_that_is_expected_is_drawn_as_a_line() -> None:
    points = [(at, 1.0 if n % 20 else 0.0) for n, (at, _) in enumerate(reversed(wave()))]
    down = chart(drawn(points[::-1], evidence(actual=0.0, low=1.0, high=1.0, since=T0)))
    assert "last 0; expected 1." in describe(down)
    assert amount(draw(down), BAND) > amount(draw(replace(down, band=None)), BAND) + 2000


def test_a_range_that_the_series_was_not_in_before_holds_only_for_now() -> None:
    usual = chart(drawn(wave(), evidence(since=T0)))
    assert usual.expected_from == usual.points[0][0]
    drifted = chart(drawn(wave(), evidence(low=50.0, high=60.0, since=T0)))
    assert drifted.expected_from > drifted.points[-5][0]


def test_only_a_range_of_values_is_drawn_as_one() -> None:
    assert RANGES.issubset({entry.name for entry in DETECTORS} | {AGREEMENT})
    for name in (OBJECTIVE, SILENCE, INTEGRITY, "stuck", "one that came later"):
        assert chart(drawn(wave(), evidence(detector=name))).band is None


@pytest.mark.parametrize(
    ("metric", "value", "written"),
    [
        ("latency_p95_ms", 51.34, "51.3 ms"),
        ("oldest_age_s", 14.8, "14.8 s"),
        ("disk_free_bytes", 140_955_648.0, "141 MB"),
        ("disk_free_bytes", 0.0, "0 B"),
        ("processed_per_s", 12.0, "12/s"),
        ("queue_depth", 1234.5, "1,230"),
    ],
)
def test_values_are_written_with_the_unit_of_their_metric(metric: str, value: float, written: str) -> None:
    assert chart(drawn(wave(), metric=metric)).value(value) == written


@pytest.mark.parametrize(
    ("step_s", "written"), [(1.0, "14:02:00"), (60.0, "14:02"), (3600.0, "22 Nov 14:02")], ids=["s", "min", "h"]
)
def test_times_are_as_exact_as_the_length_asks_for(step_s: float, written: str) -> None:
    assert chart(drawn(wave(60, step_s))).clock(T0) == written


def test_too_little_is_not_drawn() -> None:
    assert chart_of(SQUAD_FACTS, over=False) is None
    assert chart_of(drawn([]), over=False) is None
    assert chart_of(drawn([(T0, 1.0)]), over=False) is None
    assert chart_of(drawn([(T0, 1.0), (T0, 2.0)]), over=False) is None
    assert chart_of(drawn([(T0, math.nan), (math.inf, 2.0), (T0 + 1, 3.0)]), over=False) is None


def test_a_hostile_name_is_only_text_and_is_cut() -> None:
    hostile = "<!channel> \u202e\x00\ud800 日本語 " + "x" * 5000
    strange = chart(drawn(wave(), metric=hostile, endpoint="\n" * 100 + "y" * 5000))
    assert pixels(draw(strange))
    words = describe(strange)
    assert len(words) <= ALT_LIMIT
    assert not set(words) & set("\u202e\x00\ud800\n")


anything = st.floats(allow_nan=True, allow_infinity=True)
moments = st.one_of(anything, st.floats(T0 - 1e6, T0 + 1e6))
values = st.one_of(anything, st.floats(-100, 100), st.sampled_from([0.0, 1e12, 1e-12, -5e-324, 3.4e38]))


@settings(deadline=None, max_examples=60)
@given(
    times=st.lists(moments, max_size=60),
    levels=st.lists(values, min_size=60, max_size=60),
    limits=st.tuples(values, values, values),
    when=st.tuples(moments, moments, moments, moments),
    actual=st.one_of(st.none(), values),
    detector=st.sampled_from(["level", "silence", "objective", "agreement", "stuck"]),
    over=st.booleans(),
)
def test_nothing_that_facts_can_hold_breaks_it(
    times: list[float],
    levels: list[float],
    limits: tuple[float, float, float],
    when: tuple[float, float, float, float],
    actual: float | None,
    detector: str,
    over: bool,
) -> None:
    key = SeriesKey.of(LEDGER, "db_connections")
    low, high, limit = limits
    facts = replace(
        SQUAD_FACTS,
        trace=Trace(key, tuple(times), tuple(levels[: len(times)])),
        evidence=(Evidence(detector, key, when[0], actual, limit, low, high, 0.9, when[1]),),
        forecast=Forecast(key, limit, True, when[0], when[1], when[2], when[3], 0.8),
        opened_at=when[2],
    )
    found = chart_of(facts, over=over)
    if found is not None:
        assert pixels(draw(found))
        assert 0 < len(describe(found)) <= ALT_LIMIT


def test_a_forecast_far_ahead_or_already_met_leaves_the_series_in_sight() -> None:
    far = chart(drawn(rising(), foreseen=forecast(T0 + 90_000, T0 + 50_000, T0 + 200_000)))
    near = chart(drawn(rising(), foreseen=forecast(T0 - 10, T0 - 20, T0)))
    assert near.fan is None
    assert far.fan is not None
    assert pixels(draw(far)).getpixel((400, 200)) is not None
    assert amount(draw(far), (74, 96, 124)) > 300


def test_times_are_written_wherever_there_is_room_that_of_the_forecast_first(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda _pen, _at, text, **_more: written.append(text))

    def below(facts: object) -> list[str]:
        written.clear()
        draw(chart(facts))
        return [text for text in written if text.endswith(" UTC") or re.fullmatch(r"\d\d:\d\d", text)]

    soon = drawn(rising(), evidence(), foreseen=forecast(breach_at=T0 + 5))
    assert below(FORECAST_FACTS) == ["limit at 14:11 UTC", "14:02", "13:47"]
    assert below(soon) == ["limit at 14:02 UTC", "13:47"]
