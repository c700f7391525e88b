"""The console command `serendipity`, also `flask --app serendipity.app`.

Errors go to stderr as one clear line and a non-zero exit; nothing is half done. Everything heavy
is imported when the command that needs it runs, because every web process imports this package.
"""

from __future__ import annotations

from flask import Flask

from serendipity.cli import bringing, running, upkeep  # noqa: F401  (they add their commands)
from serendipity.cli.frame import commands


def main() -> None:
    """The entry point of the console command."""
    commands.main(prog_name="serendipity")


def init_app(app: Flask) -> None:
    """The same commands as `flask --app serendipity.app …`, with that app's settings."""
    for command in commands.commands.values():
        app.cli.add_command(command)
