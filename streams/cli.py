"""The `foreshock` command. It begins with nothing but Python's own, so that Ctrl-C is quiet from the first moment."""

import sys
from typing import Final

EXIT_STOPPED: Final = 130  # as a shell has it for Ctrl-C


def main() -> None:
    """Run the command line."""
    try:
        from streams import logs  # noqa: PLC0415 - what takes time to load can be interrupted
        from streams.commands import app  # noqa: PLC0415 - as above

        logs.quiet()
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_STOPPED)


if __name__ == "__main__":
    main()
