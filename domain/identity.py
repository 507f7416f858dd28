"""Names and derived identities. An id that is derived from its cause makes a repeat recognisable."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

ServiceId = NewType("ServiceId", str)
SquadId = NewType("SquadId", str)
ClientId = NewType("ClientId", str)
JourneyId = NewType("JourneyId", str)
AnomalyId = NewType("AnomalyId", str)
AlertId = NewType("AlertId", str)
NoticeId = NewType("NoticeId", str)

ID_BYTES = 10  # 80 bits: a collision among a million ids has a chance below 1e-12


def derive(kind: str, *parts: str | float) -> str:
    """Return ``kind-hex``, the same for the same parts; parts are length-prefixed: ("a", "bc") is not ("ab", "c")."""
    digest = hashlib.sha256()
    for part in parts:
        text = (repr(part) if isinstance(part, float) else str(part)).encode()
        digest.update(len(text).to_bytes(4, "big") + text)
    return f"{kind}-{digest.hexdigest()[: 2 * ID_BYTES]}"


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """The identity of a stream of samples. ``attributes`` are sorted by name."""

    service: ServiceId
    metric: str
    attributes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, service: str, metric: str, attributes: Mapping[str, str] | None = None) -> "SeriesKey":
        """Build a key from parts in any order."""
        return cls(ServiceId(service), metric, tuple(sorted((attributes or {}).items())))

    def __str__(self) -> str:
        labels = ",".join(f"{name}={value}" for name, value in self.attributes)
        return f"{self.service}/{self.metric}" + (f"{{{labels}}}" if labels else "")
