"""Run ``foreshock`` with one part of detection left out: ``python -m tests.without PART COMMAND ...``.

PART is as in the ablation: ``agreement``, ``"the third moment"``, ``everything`` for the whole of it; a wrong one is
answered with all of them. So whatever scores ``foreshock backtest`` scores detection without a part, too.
"""

import sys

from streams.commands import app
from tests.support.ablation import VARIANTS, left_out

PARTS = {variant.name.removeprefix("without").lstrip(": "): variant for variant in VARIANTS}


def main(part: str, *command: str) -> None:
    """Hand a command line to ``foreshock``, without a part; exits as that does."""
    variant = PARTS.get(part)
    if variant is None:
        sys.exit("\n".join([f"no part is called {part!r}; there are:", *PARTS]))
    with left_out(variant):
        app([*command])


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
