"""Matching over files: `python -m matching COMMAND`, one JSON object a line.

Any community can try the engine on an export before it installs anything.
"""

from __future__ import annotations

import argparse
import os
import sys

from matching.commands import pairing, reading


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m matching",
        description="Reads what people can do and need, and finds the encounters that are useful "
        "and unlikely.",
        epilog="Each command explains its files: python -m matching COMMAND --help",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    reading.add_commands(commands)
    pairing.add_commands(commands)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except BrokenPipeError:  # the reader of our output had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
