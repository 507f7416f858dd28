"""The shapes in which a slow fault grows."""

import math
from typing import Final

SHAPES: Final = ("lin", "lin", "quad", "exp", "stairs", "saw")  # a straight line is drawn twice as often
STEPS: Final = 6


def level(shape: str, x: float) -> float:
    """Return how far a fault is at a share ``x`` of its design length; 1 is where it is meant to hurt.

    ``saturate`` and ``turn`` are those that are not to: they bend before, or go back.
    """
    match shape:
        case "lin":
            y = x
        case "quad":
            y = x * x
        case "exp":
            y = (math.exp(3 * x) - 1) / (math.exp(3) - 1)
        case "stairs":
            y = math.floor(x * STEPS) / STEPS + 1 / 12 if x > 1 / 12 else 0.0
        case "saw":
            y = x - 0.12 * ((x * 5) % 1.0 > 0.6)
        case "saturate":
            return 1 - math.exp(-3.5 * x)
        case "turn":
            return min(x / 0.55, max(0.0, (1.15 - x) / 0.6), 1.0)
        case _:
            raise ValueError(f"no shape is called {shape}")
    return max(0.0, min(y, 1.5))
