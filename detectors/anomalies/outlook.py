"""What the incidents of the past say of now (``precursor``), and how much that may weigh in fusion."""

from dataclasses import dataclass

from domain.anomaly import Evidence

SHARE = 0.5  # of the way to the learnt probability that a confidence moves


@dataclass(frozen=True, slots=True)
class Outlook:
    """The probability of an incident soon, as learnt, and what it may do with it.

    ``evidence`` is there when an incident is likely. ``alone``: it may open an anomaly of its own. ``against``: an
    incident is unlikely, and that may lower a confidence.
    """

    probability: float
    evidence: Evidence | None = None
    alone: bool = False
    against: bool = False

    @property
    def beside(self) -> tuple[Evidence, ...]:
        """What stands beside the findings; on its own it is one of them."""
        return () if self.alone or self.evidence is None else (self.evidence,)

    def weigh(self, confidence: float) -> float:
        """Return the confidence of a finding that is neither a breach nor a forecast of one, with what was learnt."""
        if self.alone:
            return max(confidence, self.probability)
        if self.evidence is not None:
            return max(confidence, confidence + SHARE * (self.probability - confidence))
        if self.against:
            return min(confidence, confidence + SHARE * (self.probability - confidence))
        return confidence
