"""`vigil`, also as `python -m app`: the command line, which Ctrl-C ends without a traceback from its first moment."""

import sys

INTERRUPTED = 130  # what a shell says of a program that SIGINT ended


def main() -> None:
    """Run a command. Its modules take a second to load: they are loaded inside what catches Ctrl-C."""
    try:
        from app.commands import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
