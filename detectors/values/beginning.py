"""Cold starts: how a process begins is no measure of what it does later.

The first level is the median of three samples, so that one of them may be anything. While a series is young it is
looked at when its age has doubled: if the newer half is far calmer than the older one, all but the level is forgotten
of the older one, as if the series had begun with the newer. Where that stands still the level is its value: it would
follow what was before for ever, far calmer with each look, and the series would never be known.
"""

from struct import Struct

SAMPLES = 3  # whose median is the first level
AGES = 8, 16, 32  # blocks of samples: when a series is looked at, from the second time on beside the time before
STILL = 1e-3  # of the way that the level has left: the fast one has no more when nothing has moved for 24 samples
CALMER = 3.0**3  # times smaller, the third moment of a half that is far calmer
ROUNDED_OFF = 1e-16  # of a sum

Three = tuple[float, float, float]
_MOMENT = Struct("@d")  # of the series when it was half as old


class Beginning:
    """See the module. From a place in the record of a series."""

    __slots__ = ("_place", "fresh")

    def __init__(self, place: int) -> None:
        self._place = place
        self.fresh = _MOMENT.pack(0.0)

    def outgrown(self, record: bytearray, moment: float) -> float:
        """Return the third moment of the newer half if the older is to be forgotten, otherwise 0; the age has doubled.

        The moment is of all, a plain mean.
        """
        (older,) = _MOMENT.unpack_from(record, self._place)
        newer = max(2.0 * moment - older, ROUNDED_OFF * moment)
        return newer if newer * CALMER < older else 0.0

    def remember(self, record: bytearray, moment: float) -> None:
        """Keep the moment until the age has doubled."""
        _MOMENT.pack_into(record, self._place, moment)


def middle(values: Three) -> tuple[float, float]:
    """Return the median of three values, and how far the nearer of the others is from it."""
    median = sorted(values)[1]
    return median, sorted(abs(value - median) for value in values)[1]
