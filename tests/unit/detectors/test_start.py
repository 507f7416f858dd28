"""What a start does not wait for."""

import subprocess
import sys

LEARNS = """
import sys
import streams.commands.worker
from detectors.incidents._river import logistic
print("river" in sys.modules)
logistic(1.0, 0.05, -2.0, 0.001)
print("river" in sys.modules)
"""


def test_the_library_of_the_model_is_loaded_with_the_first_model_not_with_the_program() -> None:
    said = subprocess.run([sys.executable, "-c", LEARNS], check=True, capture_output=True, text=True)  # noqa: S603 - our own text
    assert said.stdout.split() == ["False", "True"]
