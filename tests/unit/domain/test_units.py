"""Units that telemetry declares."""

import pytest

from domain.units import LONGEST, factor, known, usual


@pytest.mark.parametrize(
    ("old", "new", "times"),
    [
        ("ms", "s", 0.001),
        ("s", "ms", 1000.0),
        ("us", "ms", 0.001),
        ("ns", "s", 1e-9),
        ("min", "s", 60.0),
        ("d", "h", 24.0),
        ("KiBy", "By", 1024.0),
        ("kBy", "By", 1000.0),
        ("GiBy", "MiBy", 1024.0),
        ("bit", "By", 0.125),
        ("By", "bit", 8.0),
        ("%", "1", 0.01),
        ("1", "%", 100.0),
        ("kBy/s", "By/s", 1000.0),
        ("{request}/min", "{request}/s", 1 / 60),
        ("%{cpu}", "1{cpu}", 0.01),
        ("W.h", "W.s", 3600.0),
    ],
)
def test_a_unit_becomes_another_by_its_factor(old: str, new: str, times: float) -> None:
    assert factor(old, new) == pytest.approx(times, rel=1e-15)


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("milliseconds", "ms"),
        ("Milliseconds", "ms"),
        ("\u00b5s", "us"),
        ("Bytes/Second", "By/s"),
        ("MB", "MBy"),
        ("MiB", "MiBy"),
        ("B", "By"),
        ("kB", "kBy"),
        ("Terabits/Second", "Tbit/s"),
        ("Percent", "%"),
        ("{request}", "1"),
        ("By{sent}", "By"),
    ],
)
def test_everyday_words_and_annotations_mean_the_same(word: str, unit: str) -> None:
    assert factor(word, unit) == 1.0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("ms", "By"), ("By/s", "By"), ("Cel", "K"), ("Cel", "[degF]"), ("requests", "1"), ("m", "min"), ("S", "s")),
        *((unit, "%") for unit in ("{connection}", "count")),
        *((unit, "By") for unit in ("b", "mb", "Mb", "mB", "KB", "Kib", "Mib", "mBy", "mbit")),  # bits, or who knows
    ],
)
def test_what_does_not_become_the_other_has_no_factor(old: str, new: str) -> None:
    assert factor(old, new) is None


@pytest.mark.parametrize(
    "text", ["requests", "", "ss", "kmin", "Kis", "m s", "s" * (LONGEST + 1), "/" * 40, "{", "1/0"]
)
def test_what_nobody_knows_is_the_same_as_itself_and_nothing_else(text: str) -> None:
    assert factor(text, text) == 1.0
    assert factor(text, "s") is None


@pytest.mark.parametrize("over", [".".join(["Pg"] * 21), ".".join(["ng"] * 21)])
def test_units_further_apart_than_a_number_can_be_are_not_converted(over: str) -> None:
    under = ".".join(["g"] * 21)
    assert known(over)
    assert (factor(over, under), factor(under, over)) == (None, None)


def test_units_that_are_suggested_are_known() -> None:
    assert all(known(unit) for unit in usual())
