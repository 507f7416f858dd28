"""Records of series as they are saved."""

import pytest

from detectors.base import restored, saved
from domain.errors import StateError


@pytest.mark.parametrize("odd", ["*", " ", "\n", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_saved_record_with_a_character_that_none_is_made_of_is_refused(odd: str) -> None:
    record = bytes(range(12))
    match saved(record):
        case [order, str() as text]:
            assert restored([order, text], 12) == record
            with pytest.raises(StateError, match="damaged"):
                restored([order, text[:4] + odd + text[4:]], 12)
        case other:
            pytest.fail(f"not what is saved: {other!r}")
